"""Adds the log up into flows, and answers from flows and the rest of the log together.

The rest (what is numbered but not yet added up) is read from the log itself, so an answer is
exact for the heads it names whether or not the adding-up has kept pace. Late events need no
special care: buckets go by when a thing happened, and sums do not mind the order.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from dispatch.wall import counting, log
from dispatch.wall.log import OTHER_CATEGORY, Transition
from dispatch.wall.scope import Heads, heads
from screen.models import Flow, FlowHead, Reading

BUCKET_S = 300
MOST_AT_ONCE = 20_000
KEPT = timedelta(days=35)
_ADD = """
INSERT INTO screen_flow (district, bucket, line, category, from_state, to_state, count)
SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
                     %s::text[], %s::int[])
ON CONFLICT (district, bucket, line, category, from_state, to_state)
DO UPDATE SET count = screen_flow.count + EXCLUDED.count
"""
_SHARED = "SELECT district, seq FROM screen_flowhead WHERE district = ANY(%s) FOR SHARE"
_BEGIN = """
INSERT INTO screen_flowhead (district, seq) SELECT unnest(%s::text[]), 0
ON CONFLICT (district) DO NOTHING
"""
_READ = """
SELECT district, bucket, line, category, from_state, to_state, count FROM screen_flow
WHERE district = ANY(%s) AND bucket >= %s AND bucket < %s
"""
_ADDED = """
SELECT district, min(bucket), line, category, from_state, to_state, sum(count)::int
FROM screen_flow WHERE district = ANY(%s) AND bucket >= %s AND bucket < %s
GROUP BY district, line, category, from_state, to_state
"""
INSTANT = timedelta(microseconds=1)
FAR_OFF = datetime(9999, 1, 1, tzinfo=UTC)


def fold(*, limit: int = MOST_AT_ONCE) -> int:
    """Add up what is new in every district; how many events. Any number may run at once."""
    total = 0
    for district, head in heads(("",)).items():
        FlowHead.objects.get_or_create(district=district)
        while folded := _fold_one(district, head, limit):
            total += folded
    return total


@transaction.atomic
def _fold_one(district: str, head: int, limit: int) -> int:
    row = FlowHead.objects.select_for_update(skip_locked=True).filter(district=district).first()
    if row is None or row.seq >= head:
        return 0
    upto = min(head, row.seq + limit)
    moved = log.transitions({district: row.seq}, {district: upto}, bucket_s=BUCKET_S)
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [list(column) for column in zip(*moved, strict=True)])
    folded, row.seq = upto - row.seq, upto
    row.save(update_fields=["seq"])
    return folded


def take_readings(*, now: datetime) -> int:
    """Write down how many cases are overdue and nearly so, per district; forget what is old."""
    at = now.replace(second=0, microsecond=0)
    districts = list(heads(("",)))
    found = counting.due(districts, now=now)
    counted = {district: found.get(district, (0, 0)) for district in districts}
    rows = [
        Reading(district=district, at=at, overdue=overdue, due_soon=soon)
        for district, (overdue, soon) in counted.items()
    ]
    Reading.objects.filter(at__lt=now - KEPT).delete()
    Flow.objects.filter(district__in=districts, bucket__lt=now - KEPT).delete()
    return len(Reading.objects.bulk_create(rows, ignore_conflicts=True))


class Folded:
    """Flows held still while one answer is made; `upto` is what the answer is true for."""

    def __init__(self, cursors: Heads, upto: Heads) -> None:
        self.upto = upto
        self.rest = log.transitions(cursors, upto, bucket_s=BUCKET_S)

    def buckets(self, since: datetime, before: datetime = FAR_OFF) -> Iterator[Transition]:
        """Transitions of the whole buckets in [since, before), both on a border of a bucket."""
        return self._read(_READ, since, before)

    def added(self, since: datetime, before: datetime = FAR_OFF) -> Iterator[Transition]:
        """As `buckets`, added up over the whole span: each with the first of its buckets."""
        return self._read(_ADDED, since, before)

    def _read(self, sql: str, since: datetime, before: datetime) -> Iterator[Transition]:
        with connection.cursor() as cursor:
            cursor.execute(sql, [list(self.upto), since, before])
            rows = cursor.fetchall()
        yield from (Transition(*row) for row in rows)
        yield from (one for one in self.rest if since <= one.bucket < before)

    def later_than(self, at: datetime) -> Iterator[Transition]:
        """Transitions of what happened after a moment, to the microsecond."""
        border = border_before(at) + timedelta(seconds=BUCKET_S)
        yield from self.added(border)
        yield from self._between(at, border - INSTANT)

    def from_until(self, since: datetime, until: datetime) -> Iterator[Transition]:
        """Transitions from a border of a bucket up to a moment, to the microsecond."""
        border = border_before(until)
        yield from self.added(since, border)
        yield from self._between(border - INSTANT, until)

    def _between(self, since: datetime, until: datetime) -> list[Transition]:
        return log.transitions_between(self.upto, since=since, until=until, bucket_s=BUCKET_S)


@contextmanager
def held(prefixes: Sequence[str]) -> Iterator[tuple[Folded, counting.TallyReading]]:
    """The flows held still by a shared lock, and the tally read after it: both for one head."""
    with transaction.atomic():
        cursors = _lock(list(heads(prefixes)))
        reading = counting.tally(prefixes)
        yield Folded(cursors, reading.heads), reading


def _lock(districts: list[str]) -> Heads:
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, [districts])
        cursors = dict(cursor.fetchall())
        if missing := [district for district in districts if district not in cursors]:
            cursor.execute(_BEGIN, [missing])
            cursor.execute(_SHARED, [districts])
            cursors = dict(cursor.fetchall())
    return cursors


def border_before(at: datetime) -> datetime:
    """The start of the bucket that a moment lies in."""
    return datetime.fromtimestamp(at.timestamp() // BUCKET_S * BUCKET_S, UTC)


def tally_then(
    counts: dict[counting.TallyKey, int], later: Iterable[Transition]
) -> dict[counting.TallyKey, int]:
    """The tally as it was before the later transitions: each taken back."""
    then: Counter[counting.TallyKey] = Counter(counts)
    for move in later:
        if move.to_state != OTHER_CATEGORY:
            then[(move.district, move.line, move.category, move.to_state)] -= move.n
        if move.from_state not in {"", OTHER_CATEGORY}:
            then[(move.district, move.line, move.category, move.from_state)] += move.n
    return {key: count for key, count in then.items() if count}


def arrivals(moves: Iterable[Transition]) -> dict[str, Counter[Any]]:
    """New cases by line, by hour (bucket of 3600 s) and line, and by category."""
    found: dict[str, Counter[Any]] = defaultdict(Counter)
    for move in moves:
        if move.from_state == "":
            hour = int(move.bucket.timestamp()) // 3600 * 3600
            found["line"][move.line] += move.n
            found["hour"][(hour, move.line)] += move.n
            found["category"][move.category] += move.n
    return found
