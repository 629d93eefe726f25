"""System checks that a wrong installation fails at start, in plain words."""

from collections.abc import Collection
from importlib.util import find_spec
from typing import Any

from django.core.checks import WARNING, CheckMessage, Error, Tags, register
from django.db import DatabaseError
from django.utils import timezone

from dispatch import catalogue


@register()
def only_psycopg2(**_: Any) -> list[CheckMessage]:
    """Django silently prefers psycopg 3 where it is installed (stack.md, measured)."""
    if find_spec("psycopg"):
        return [
            Error(
                "psycopg (3) is installed and Django would use it instead of psycopg2.",
                hint="pip uninstall psycopg",
                id="sanxian.E001",
            )
        ]
    return []


@register(Tags.database)
def the_calendar_knows_the_year(
    *, databases: Collection[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Deadlines of a year without rows are counted Monday to Friday (domain.md 4.7).

    Looked at by `migrate` and `check --database default`; before the first migration none can.
    """
    if not databases:
        return []
    try:
        years = catalogue.calendar_gaps(timezone.localdate())
    except DatabaseError:
        return []
    return [
        CheckMessage(
            WARNING,
            f"The working calendar of {year} is missing: deadlines count Monday to Friday.",
            hint=f"manage.py load_calendar FILE, or load_calendar --year {year}",
            id="sanxian.W001",
        )
        for year in years
    ]
