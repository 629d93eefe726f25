"""Lines: the sweep of clocks that have run out, and the numbering of the log."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection as django_connection

from bench.cpu import Meter, Sample
from bench.rows import Row, cpu, interleaved, rate
from bench.world import World
from dispatch.outbox import number_batch
from dispatch.timekeeping.sweeping import sweep_due

SWEEP_GOAL = 50_000
USUAL, TIMERS = 1_000_000, 200_000
STAGES = ("RECTIFY", "SUPERVISE", "VERIFY", "FILE", "CALLBACK", "ARBITRATION")
EVENTS, BATCH = 4_000, 500
_ADD_TIMERS = """
INSERT INTO dispatch_timer (case_id, stage, state, started_at, due_at, limit_amount, limit_unit,
                            limit_counting, limit_minutes, said_percent, next_at)
SELECT id, %s, 'RUNNING', now() - interval '60 days', now() - interval '1 day', 30, 'WD',
       'DAY_COUNT', 30 * 480, 75, now() - interval '1 day'
FROM dispatch_case WHERE NOT is_open ORDER BY id OFFSET %s LIMIT %s
"""
_BARE_SWEEP = """
UPDATE dispatch_timer SET overdue_at = now(), next_at = NULL WHERE id IN (
  SELECT id FROM dispatch_timer WHERE state = 'RUNNING' AND next_at <= now()
  ORDER BY next_at, id LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""
_TWICE = """
SELECT count(*), count(DISTINCT payload ->> 'timer') FROM dispatch_event
WHERE topic = 'timer.overdue'
"""
_LEFT = """
SELECT count(*) FROM dispatch_timer
WHERE state = 'RUNNING' AND overdue_at IS NULL AND due_at <= now() - interval '10 minutes'
"""
_ADD_EVENTS = """
INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line, category,
                            priority, district, payload, digest)
SELECT c.id, c.case_no, 'case.signed', now(), s.before, s.after, c.line, c.category_code,
       c.priority, c.district_code, '{"unit": 1}', ''
FROM (SELECT * FROM dispatch_case WHERE is_open ORDER BY md5(id::text) LIMIT %s) c
CROSS JOIN (VALUES (1, 'PROCESSING', 'PENDING_CHECK'), (2, 'PENDING_CHECK', 'PROCESSING'))
  AS s(n, before, after)
ORDER BY c.id, s.n
"""
_UNNUMBERED = "SELECT id, district FROM dispatch_event WHERE seq IS NULL ORDER BY id LIMIT %s"
_HEADS = "SELECT district, seq FROM dispatch_feedhead"
_NUMBER = """
UPDATE dispatch_event e SET seq = n.seq, digest = repeat('0', 64)
FROM (SELECT unnest(%s::bigint[]) AS id, unnest(%s::bigint[]) AS seq) n WHERE e.id = n.id
"""
_SET_HEAD = "UPDATE dispatch_feedhead SET seq = %s WHERE district = %s"


def measure_sweep(world: World) -> list[Row]:
    """Rounds of due clocks, swept in turn by us and by a bare loop: on one connection, then on as
    many as a worker uses."""
    timers = TIMERS if world.cases <= USUAL else world.cases // 2
    rounds = world.pace.rounds
    backlog = _Backlog(world, min(timers // rounds, world.cases * 9 // 16 // rounds))
    sweep_due(now=datetime.now(UTC))
    _sweep(settings.SWEEPERS)
    one, theirs, many, of_many = interleaved(
        [
            backlog.run(lambda: _sweep(1)),
            backlog.run(lambda: backlog.bare(1)),
            backlog.run(lambda: _sweep(settings.SWEEPERS)),
            backlog.run(lambda: backlog.bare(settings.SWEEPERS)),
        ],
        rounds,
    )
    twice, left = backlog.faults()
    none = f"{twice} twice and {left} left behind"
    return [
        Row(
            line="sweep of due timers, one sweeper",
            ours=rate(one),
            unit="/s",
            reference=rate(theirs),
            reference_is="bare loop, no events",
            cpu_us=cpu(one),
            reference_cpu_us=cpu(theirs),
            goal="none twice",
            met=not twice and not left,
            note=f"{backlog.each:,} a round",
        ),
        Row(
            line=f"sweep of due timers, {settings.SWEEPERS} sweepers",
            ours=rate(many),
            unit="/s",
            reference=rate(of_many),
            reference_is=f"{settings.SWEEPERS} bare loops",
            goal=f">= {SWEEP_GOAL:,}/s, none twice",
            met=rate(many) >= SWEEP_GOAL and not twice and not left,
            note=f"as beat sweeps a backlog (SWEEPERS); after all rounds {none}",
        ),
    ]


def _sweep(sweepers: int) -> int:
    return sweep_due(now=datetime.now(UTC), sweepers=sweepers)


class _Backlog:
    """Adds clocks that are due, `each` at a time, and measures what sweeps them."""

    def __init__(self, world: World, each: int) -> None:
        self.world, self.each = world, each
        self.cursor = world.connect().cursor()
        self.meter = Meter(world.large)
        self.parts = world.cases * 3 // 4 // each
        self.turn = itertools.count()

    def run(self, work: Callable[[], int]) -> Callable[[], Sample]:
        """What adds a round of due clocks and measures the work on them."""

        def measured() -> Sample:
            self._add()
            return self.meter.run(work)

        return measured

    def _add(self) -> None:
        n = next(self.turn)
        offset = n % self.parts * self.each
        self.cursor.execute(_ADD_TIMERS, [STAGES[n // self.parts], offset, self.each])
        assert self.cursor.rowcount == self.each

    def bare(self, loops: int) -> int:
        """Mark all that is due by so many bare loops at once; how many."""
        if loops == 1:
            return _bare_loop(self.cursor)
        cursors = [self.world.connect().cursor() for _ in range(loops)]
        with ThreadPoolExecutor(loops) as pool:
            return sum(pool.map(_bare_loop, cursors))

    def faults(self) -> tuple[int, int]:
        """How many marks were said twice, and how many due clocks were left behind."""
        self.cursor.execute(_TWICE)
        events, different = self.cursor.fetchone() or (0, 0)
        self.cursor.execute(_LEFT)
        return events - different, (self.cursor.fetchone() or (0,))[0]


def _bare_loop(cursor: Any) -> int:
    total = 0
    while True:
        cursor.execute(_BARE_SWEEP)
        if not cursor.rowcount:
            return total
        total += cursor.rowcount


def measure_relay(world: World) -> list[Row]:
    """Numbering with digests, heads and tally, against the bare UPDATE of the same batches."""
    connection = world.connect()
    cursor = connection.cursor()
    meter = Meter(world.large)
    _number_all()

    def fresh(work: Callable[[], int]) -> Any:
        cursor.execute(_ADD_EVENTS, [EVENTS // 2])
        return meter.run(work)

    ours, theirs = interleaved(
        [lambda: fresh(_number_all), lambda: fresh(lambda: _bare_numbering(cursor))],
        world.pace.rounds,
    )
    return [
        Row(
            line="relay: events numbered",
            ours=rate(ours),
            unit="/s",
            reference=rate(theirs),
            reference_is="bare UPDATE",
            cpu_us=cpu(ours),
            reference_cpu_us=cpu(theirs),
            goal="keeps ahead of create and move",
            met=None,
            note=f"batches of {BATCH}; digests, heads and tally move in the same transaction",
        )
    ]


def _number_all() -> int:
    before = _numbered()
    while number_batch(now=datetime.now(UTC), limit=BATCH):
        continue
    return _numbered() - before


def _numbered() -> int:
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT sum(seq) FROM dispatch_feedhead")
        return int(cursor.fetchone()[0])


def _bare_numbering(cursor: Any) -> int:
    total = 0
    while True:
        cursor.execute(_UNNUMBERED, [BATCH])
        rows = cursor.fetchall()
        if not rows:
            return total
        cursor.execute(_HEADS)
        heads: dict[str, int] = dict(cursor.fetchall())
        numbers = []
        for _, district in rows:
            heads[district] += 1
            numbers.append(heads[district])
        cursor.execute(_NUMBER, [[pk for pk, _ in rows], numbers])
        for district in {district for _, district in rows}:
            cursor.execute(_SET_HEAD, [heads[district], district])
        total += len(rows)
