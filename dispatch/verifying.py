"""Proves that the log is as it was written: every digest computed again, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from dispatch.models import Event, FeedHead
from dispatch.outbox import GENESIS, digest_of

CHUNK = 5000
_ROWS = """
SELECT id, case_id, case_no, topic, actor_id, at, from_state, to_state, line, category, priority,
       district, payload::text, seq, digest
FROM dispatch_event WHERE district = %s AND seq IS NOT NULL ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at one district's log found; `fault` is empty where all is as written."""

    district: str
    checked: int
    fault: str = ""


def districts() -> list[str]:
    """The districts that have a log: by their heads and, should one be gone, by their events."""
    numbered = Event.objects.filter(seq__isnull=False).values_list("district", flat=True)
    heads = FeedHead.objects.values_list("district", flat=True)
    return sorted({*heads, *numbered.distinct()})


@transaction.atomic
def verify(district: str) -> Verdict:
    """Compute the chain of one district again; stops at the first row that does not fit.

    Finds changed, inserted and missing rows, gaps in the numbers, and a head that does not agree.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    previous, expected = GENESIS, 1
    for row in _rows(district):
        *event, seq, digest = row
        if seq != expected:
            return Verdict(district, expected - 1, f"seq {expected} is missing (next is {seq})")
        previous = digest_of(previous, seq, event)
        if digest != previous:
            where = f"seq {seq}, event {event[0]}, case {event[2]}"
            return Verdict(district, expected - 1, f"{where}: the digest does not fit the row")
        expected += 1
    head = FeedHead.objects.filter(district=district).values_list("seq", "digest").first()
    if head != (expected - 1, previous):
        return Verdict(
            district, expected - 1, f"the head says {head}, the log ends at {expected - 1}"
        )
    return Verdict(district, expected - 1)


def _rows(district: str) -> Iterator[tuple[Any, ...]]:
    """The numbered rows in order, streamed: memory does not grow with the log."""
    with connection.chunked_cursor() as cursor:
        cursor.cursor.itersize = CHUNK
        cursor.execute(_ROWS, [district])
        yield from cursor
