"""Statements that PostgreSQL plans once per connection, for the few that every request waits for.

Needs connections that stay with their server process: behind pgbouncer, pool by session.
"""

import itertools
import re
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from django.core.exceptions import FieldDoesNotExist
from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import DatabaseDefault

Statement = tuple[str, Sequence[Any]]
_known: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()


def execute_prepared(
    cursor: CursorWrapper,
    sql: str,
    params: Sequence[Any],
    *,
    name: str,
    first: Statement | None = None,
) -> None:
    """Execute `sql` (with %s) as the prepared statement `name`; the same name, the same text.

    `first` is another statement, sent before it in the same round trip; its answer is not kept.
    A parameter whose type PostgreSQL cannot tell from its place needs a cast: %s::smallint.
    """
    _prepare(cursor, sql, name)
    execute = _execute(name, len(params))
    if first is None:
        cursor.execute(execute, params)
    else:
        cursor.execute(f"{first[0]} {execute}", [*first[1], *params])


def to_be_first(sql: str, params: Sequence[Any], *, name: str) -> Statement:
    """The prepared statement `name` as one to be sent before another, on this connection."""
    with connection.cursor() as cursor:
        _prepare(cursor, sql, name)
    return f"{_execute(name, len(params))};", params


def _prepare(cursor: CursorWrapper, sql: str, name: str) -> None:
    known = _known.setdefault(connection.connection, set())
    if name not in known:
        numbers = itertools.count(1)
        numbered = re.sub("%s", lambda _: f"${next(numbers)}", sql).replace("%%", "%")
        cursor.execute(f"PREPARE {name} AS {numbered}")
        known.add(name)


@lru_cache(maxsize=1024)
def _execute(name: str, params: int) -> str:
    return f"EXECUTE {name}" + (f" ({', '.join(['%s'] * params)})" if params else "")


def insert_prepared(row: models.Model, *, first: Statement | None = None) -> None:
    """Insert a new row as `save` would, by a statement planned once, and give it its key.

    `first` is sent before it in the same round trip.
    """
    key = type(row)._meta.pk
    given = [
        (field, value)
        for field in type(row)._meta.concrete_fields
        if field is not key
        and not isinstance(value := getattr(row, field.attname), DatabaseDefault)
    ]
    columns = ", ".join(f'"{field.column}"' for field, _ in given)
    places = ", ".join(["%s"] * len(given))
    table = type(row)._meta.db_table
    with connection.cursor() as cursor:
        execute_prepared(
            cursor,
            f'INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING "{key.column}"',
            [field.get_db_prep_save(value, connection) for field, value in given],
            name=f"insert_{table}_{zlib.crc32(columns.encode()):08x}",
            first=first,
        )
        (row.pk,) = cursor.fetchone()
    row._state.adding = False
    row._state.db = DEFAULT_DB_ALIAS


def update_prepared(row: models.Model, names: Iterable[str]) -> None:
    """Write these fields of a stored row as `save(update_fields=...)` would, planned once."""
    sql, values, name = _update(row, names)
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql, values, name=name)


def update_first(row: models.Model, names: Iterable[str]) -> Statement:
    """The same as a statement to be sent before another one."""
    sql, values, name = _update(row, names)
    return to_be_first(sql, values, name=name)


def _update(row: models.Model, names: Iterable[str]) -> tuple[str, list[Any], str]:
    """SQL, values and name of the statement that writes these fields."""
    meta = type(row)._meta
    wanted = set(names)
    fields = [field for field in meta.concrete_fields if field.name in wanted]
    if len(fields) != len(wanted):
        raise FieldDoesNotExist(wanted)
    columns = ", ".join(f'"{field.column}" = %s' for field in fields)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    sql = f'UPDATE {meta.db_table} SET {columns} WHERE "{meta.pk.column}" = %s'
    name = f"update_{meta.db_table}_{zlib.crc32(columns.encode()):08x}"
    return sql, [*values, row.pk], name
