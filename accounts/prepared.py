"""Statements that PostgreSQL plans once per connection, for the few that every request waits for.

Needs connections that stay with their server process: behind pgbouncer, pool by session.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

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
    known = _known.setdefault(connection.connection, set())
    if name not in known:
        numbers = itertools.count(1)
        numbered = re.sub("%s", lambda _: f"${next(numbers)}", sql).replace("%%", "%")
        cursor.execute(f"PREPARE {name} AS {numbered}")
        known.add(name)
    before, given = first or ("", ())
    execute = f"EXECUTE {name}" + (f" ({', '.join(['%s'] * len(params))})" if params else "")
    cursor.execute(f"{before} {execute}".strip(), [*given, *params])


def insert_prepared(row: models.Model) -> None:
    """Insert a new row as `save` would, by a statement planned once; its key is not read back."""
    meta = type(row)._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    statement = (
        f"INSERT INTO {meta.db_table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"
    )
    with connection.cursor() as cursor:
        execute_prepared(cursor, statement, values, name=f"insert_{meta.db_table}")
