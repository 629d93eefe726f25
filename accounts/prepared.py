"""Statements that PostgreSQL plans once per connection, for the few that every request waits for.

Needs connections that stay with their server process: behind pgbouncer, pool by session.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.backends.utils import CursorWrapper

_known: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()


def execute_prepared(cursor: CursorWrapper, sql: str, params: Sequence[Any], *, name: str) -> None:
    """Execute `sql` (with %s) as the prepared statement `name`; the same name, the same text.

    A parameter whose type PostgreSQL cannot tell from its place needs a cast: %s::smallint.
    """
    known = _known.setdefault(connection.connection, set())
    if name not in known:
        numbers = itertools.count(1)
        numbered = re.sub("%s", lambda _: f"${next(numbers)}", sql).replace("%%", "%")
        cursor.execute(f"PREPARE {name} AS {numbered}")
        known.add(name)
    cursor.execute(f"EXECUTE {name} ({', '.join(['%s'] * len(params))})", params)
