"""The small city built once per run and laid into each test as it was; tables emptied by DELETE.

Both switch the triggers off for their moment (`session_replication_role`), so the role of the
tests' database must be a superuser, as it must be to create PostGIS in it.
"""

import copy
import functools
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase

from dispatch import seeding
from tests.city import City, build_city

FIRST_YEAR = 2025
"""Calendars before this year matter to no test."""
OF_MIGRATIONS = {"django_migrations", "django_content_type", "auth_permission"}


@dataclass(frozen=True)
class KeptCity:
    """The rows of the small city by table, as COPY writes and reads them; its people and units."""

    city: City
    rows: dict[str, str]

    def lay_down(self) -> City:
        """Write all rows; the answer is the test's own, to change as it likes."""
        with _without_triggers() as cursor:
            for table, rows in self.rows.items():
                cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.StringIO(rows))
        return copy.deepcopy(self.city)


def keep_city() -> KeptCity:
    """Build the city, note its rows and leave the database as it was."""
    with transaction.atomic():
        with mock.patch.object(seeding, "FIRST_YEAR", FIRST_YEAR):
            city = build_city()
        rows = {table: _rows_of(table) for table in _tables()}
        transaction.set_rollback(True)
    return KeptCity(city, {table: written for table, written in rows.items() if written})


def empty_tables(_case: TransactionTestCase) -> None:
    """Delete all rows after a test that commits; Django's TRUNCATE of 70 tables takes longer."""
    with _without_triggers() as cursor:
        cursor.execute(";".join(f'DELETE FROM "{table}"' for table in _tables()))


def end_other_sessions() -> None:
    """A thread or process that was stopped leaves its session for a moment; it would keep the
    database from being dropped.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def _without_triggers() -> Iterator[CursorWrapper]:
    """One transaction in which rows come and go unchecked, also of tables that refuse it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")


def _rows_of(table: str) -> str:
    rows = io.StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{table}" TO STDOUT', rows)
    return rows.getvalue()


@functools.cache
def _tables() -> tuple[str, ...]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted(set(names) - OF_MIGRATIONS))
