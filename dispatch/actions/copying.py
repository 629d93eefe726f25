"""T1 register for many voices at once: their rows written out as text beforehand, then by COPY."""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from types import NoneType
from typing import Any

from django.db import connection

from dispatch.actions.registering import Prepared

_LEASE = """
SELECT nextval('dispatch_intake_id_seq'), nextval('dispatch_case_id_seq')
FROM generate_series(1, %s)
"""
COPY_CHUNK = 1 << 20
"""Characters handed over at once: each time costs a wait for whichever thread is running."""
MOMENTS_KEPT = 4096
NULLABLE = {
    "dispatch_case": ("location", "lead_unit_id"),
    "dispatch_intake": ("receipt", "caller_name", "caller_phone", "location", "raw_lon",
                        "raw_lat", "received_by_id", "reply_due_at"),
    "dispatch_timer": ("intake_id",),
    "dispatch_event": ("actor_id",),
}  # fmt: skip
"""Columns that COPY reads as NULL where they are empty; none of them holds text."""


@dataclass(frozen=True, slots=True)
class Written:
    """The rows of a registration as COPY reads them, but for their ids and the receipt."""

    prepared: Prepared
    case: str
    intake: str
    timers: tuple[tuple[bool, str], ...]
    event: str


def write_out(prepared: Prepared) -> Written:
    """Write the rows as text, before anybody waits for them."""
    timers = prepared.timers
    return Written(
        prepared,
        _text(prepared.case.values()),
        _text(prepared.intake.values()),
        tuple((timer["of_intake"], _text([*timer.values()][1:])) for timer in timers),
        _text(prepared.event.values()),
    )


def _text(values: Iterable[Any]) -> str:
    """A line of CSV: texts are quoted, so an empty one stays a text."""
    return ",".join([_CELLS.get(value.__class__, _quoted)(value) for value in values]) + "\n"


def _quoted(value: object) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if '"' in text else f'"{text}"'


_CELLS: dict[type, Callable[[Any], str]] = {
    int: int.__repr__,
    float: float.__repr__,
    bool: lambda flag: "t" if flag else "f",
    NoneType: lambda _: "",
    datetime: lru_cache(MOMENTS_KEPT)(datetime.isoformat),
    bytes: lambda sealed: f"\\x{sealed.hex()}",
}
"""How a value stands in a line; all others are texts. Moments repeat: the one of a voice stands in
six cells, and one close of business is the due time of many."""


def register_many(
    registrations: Sequence[tuple[Written, dict[str, Any]]],
) -> list[tuple[int, int]]:
    """Write the rows of many voices with their receipts by COPY: (intake id, case id) of each.

    Voices are written in the order of their natural keys, so that two imports of one file wait
    for each other and never in a circle. Raises IntegrityError where a natural key or a number
    is taken; the transaction is lost then.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, [len(registrations)])
        ids: list[tuple[int, int]] = cursor.fetchall()
    cases, voices, clocks, events = [], [], [], []
    for (intake_id, case_id), (written, receipt) in zip(ids, registrations, strict=True):
        cases.append(f"{case_id},{written.case}")
        kept = _receipt(written.prepared, receipt)
        voices.append((_key(written.prepared), f"{intake_id},{case_id},{kept},{written.intake}"))
        for of_intake, timer in written.timers:
            clocks.append(f"{case_id},{intake_id if of_intake else ''},{timer}")
        events.append(f"{case_id},{written.event}")
    voices.sort(key=itemgetter(0))
    one = registrations[0][0].prepared
    _copy("dispatch_case", ("id", *one.case), cases)
    _copy("dispatch_intake", ("id", "case_id", "receipt", *one.intake), [v[1] for v in voices])
    _copy("dispatch_timer", ("case_id", "intake_id", *list(one.timers[0])[1:]), clocks)
    _copy("dispatch_event", ("case_id", *one.event), events)
    return ids


def _key(prepared: Prepared) -> tuple[str, str]:
    return prepared.intake["source_system"], prepared.intake["source_id"]


def _receipt(prepared: Prepared, receipt: dict[str, Any]) -> str:
    """The receipt as a cell; empty where no key can ask for it again."""
    if not prepared.intake["source_id"]:
        return ""
    return _quoted(json.dumps(receipt))


def _copy(table: str, columns: Sequence[str], rows: Iterable[str]) -> None:
    """Append lines of CSV by COPY."""
    buffer = io.StringIO("".join(rows), newline="")
    statement = (
        f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        f" WITH (FORMAT csv, FORCE_NULL ({', '.join(NULLABLE[table])}))"
    )
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(statement, buffer, COPY_CHUNK)
