"""Queries whose shape never changes: Django writes their SQL once, PostgreSQL plans it once.

What is left for each call is to send values and to make objects of the rows: a fifth of the time.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import local
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.query import get_related_populators

from accounts.prepared import Statement, execute_prepared

Row = TypeVar("Row", bound=models.Model)
MARK = 7_000_000_000_000_001
"""Stands for the first value while the SQL is written; no row has such an id."""


class UnreadyQueryError(Exception):
    """A value does not stand once and alone in the SQL, so it cannot be sent later."""


Key = int | str
Shape = list[tuple[int | None, Any]]
"""Each value of the statement: which key takes its place, or None, and the value itself."""


class ReadyRows:
    """A query for plain rows by keys, made with `values_list`; a list cannot be one of its values.

    `make` takes the keys (ids or numbers) and gives the query set of always one shape.
    """

    def __init__(
        self, name: str, make: Callable[..., models.QuerySet[Any, Any]], *, ids: int = 1
    ) -> None:
        self.name = name
        self._make = make
        self._ids = ids
        self._ready: tuple[str, Shape, Callable[[Any], list[Any]]] | None = None

    def rows(self, *keys: Key, first: Statement | None = None) -> list[tuple[Any, ...]]:
        """The rows for these keys, as the database gives them, after `first` (execute_prepared)."""
        sql, shape, _ = self._ready or self._compile()
        params = [value if place is None else keys[place] for place, value in shape]
        with connection.cursor() as cursor:
            execute_prepared(cursor, sql, params, name=self.name, first=first)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def _compile(self) -> tuple[str, Shape, Callable[[Any], list[Any]]]:
        marks = [MARK + n for n in range(self._ids)]
        compiler = self._make(*marks).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        places = {mark: n for n, one in enumerate(marks) for mark in (one, str(one))}
        shape = [(places.get(value) if _is_key(value) else None, value) for value in params]
        if {place for place, _ in shape if place is not None} != set(range(self._ids)):
            raise UnreadyQueryError(self.name)
        self._ready = sql, shape, _maker_of_many(compiler)
        return self._ready


def _is_key(value: object) -> bool:
    return isinstance(value, (int, str))


class ReadyQuery(ReadyRows, Generic[Row]):
    """A query for objects by keys. Related ones come along by `select_related`; prefetching and
    annotations are not taken."""

    def __call__(self, *keys: Key, first: Statement | None = None) -> list[Row]:
        """The objects for these keys, after `first` (execute_prepared)."""
        rows = self.rows(*keys, first=first)
        return self._ready[2](rows) if self._ready else []

    def first(self, *keys: Key) -> Row | None:
        """The first of them, or None."""
        return next(iter(self(*keys)), None)


_READ: dict[type, Callable[[Any], Any]] = {
    models.DateTimeField: datetime.fromisoformat,
    models.UUIDField: UUID,
    models.BinaryField: lambda text: bytes.fromhex(text[2:]),
}
"""How a value comes back from the JSON of PostgreSQL, where it is not the same there."""


Kinds = dict[str, Callable[[dict[str, Any]], Any]]
"""What makes an object of a row, by the name of its part."""


class ReadyParts:
    """Several queries by one id as one statement: the rows of each come as JSON.

    `parts` names the queries, each for plain objects: no `select_related`, no places.
    """

    def __init__(self, name: str, parts: Mapping[str, Callable[[int], Any]]) -> None:
        self.name = name
        self._parts = parts
        self._ready: tuple[str, int, Kinds] | None = None

    def __call__(self, pk: int) -> dict[str, list[Any]]:
        """The objects of each query, by its name."""
        sql, ids, kinds = self._ready or self._compile()
        with connection.cursor() as cursor:
            execute_prepared(cursor, sql, [pk] * ids, name=self.name)
            texts = cursor.fetchone()
        return {
            name: [kind(row) for row in json.loads(text)] if text else []
            for (name, kind), text in zip(kinds.items(), texts, strict=True)
        }

    def _compile(self) -> tuple[str, int, Kinds]:
        """Two threads may both do so at first; what they make is the same, and is kept whole."""
        columns, kinds, ids = [], {}, 0
        for name, make in self._parts.items():
            compiler = make(MARK).query.get_compiler(DEFAULT_DB_ALIAS)
            sql, params = compiler.as_sql()
            if not params or any(value != MARK for value in params):
                raise UnreadyQueryError(self.name)
            kinds[name] = _maker(compiler)
            ids += len(params)
            columns.append(f"(SELECT json_agg(row_to_json(one))::text FROM ({sql}) one)")
        self._ready = f"SELECT {', '.join(columns)}", ids, kinds
        return self._ready


def _maker(compiler: Any) -> Callable[[dict[str, Any]], Any]:
    """What makes an object of one row in JSON."""
    model = compiler.klass_info["model"]
    chosen = [compiler.select[n][0].target for n in compiler.klass_info["select_fields"]]
    names = [field.attname for field in chosen]
    columns = [(field.column, _READ.get(type(field))) for field in chosen]

    def make(row: dict[str, Any]) -> Any:
        values = [
            read(value) if read and (value := row[column]) is not None else row[column]
            for column, read in columns
        ]
        return model.from_db(DEFAULT_DB_ALIAS, names, values)

    return make


def _maker_of_many(compiler: Any) -> Callable[[Sequence[tuple[Any, ...]]], list[Any]]:
    """What makes objects of rows, with those that `select_related` brought along.

    Each thread has converters of its own: that of a place holds a reader of GEOS, and two threads
    in one reader destroy each other's places.
    """
    info, select = compiler.klass_info, compiler.select
    if info is None:
        return list
    model, fields = info["model"], info["select_fields"]
    start, end = fields[0], fields[-1] + 1
    names = [select[place][0].target.attname for place in fields]
    of_thread = local()
    populators = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def make(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        found = []
        converters = getattr(of_thread, "converters", None)
        if converters is None:
            converters = compiler.get_converters([one[0] for one in select])
            of_thread.converters = converters
        for row in compiler.apply_converters(rows, converters) if converters else rows:
            one = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end])
            for populator in populators:
                populator.populate(row, one)
            found.append(one)
        return found

    return make
