"""System checks that a wrong installation fails at start, in plain words."""

from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error, register


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
