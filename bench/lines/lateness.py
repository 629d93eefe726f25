"""Line: how late a deadline is said, with worker and beat at work on everything else as well."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.rows import Row
from bench.world import World

GOAL_S = 2.0
A_SECOND = 1_000
"""Clocks that come to their deadline each second."""
SECONDS, FEW_SECONDS = 30, 8
WARM_S, POLL_S, PATIENCE_S = 8.0, 0.05, 30.0
_WAITING = "CREATE TEMP TABLE waiting (id bigint PRIMARY KEY, due_at timestamptz)"
_ADD = """
WITH added AS (
  INSERT INTO dispatch_timer (case_id, stage, state, started_at, due_at, limit_amount, limit_unit,
                              limit_counting, limit_minutes, said_percent, next_at)
  SELECT id, 'CHECK', 'RUNNING', now() - interval '60 days', at, 30, 'WD', 'DAY_COUNT',
         30 * 480, 75, at
  FROM (SELECT id, now() + %(warm)s * interval '1 second'
                   + row_number() OVER (ORDER BY id) * interval '1 second' / %(rate)s AS at
        FROM dispatch_case WHERE NOT is_open ORDER BY id LIMIT %(n)s) c
  RETURNING id, due_at)
INSERT INTO waiting SELECT id, due_at FROM added
"""
_SAID = """
DELETE FROM waiting w USING dispatch_timer t
WHERE w.due_at <= clock_timestamp() AND t.id = w.id AND t.overdue_at IS NOT NULL
RETURNING extract(epoch FROM clock_timestamp() - w.due_at)::float8
"""


def measure(world: World) -> list[Row]:
    """From the moment a clock runs out until another connection reads that it was said.

    The log that the other lines have written is a backlog of every subscriber meanwhile.
    """
    few = world.pace.rounds < 5
    clocks = A_SECOND * (FEW_SECONDS if few else SECONDS)
    with world.connect().cursor() as cursor, _hands(world):
        cursor.execute(_WAITING)
        cursor.execute(_ADD, {"warm": WARM_S, "rate": A_SECOND, "n": clocks})
        late = np.array(list(_said(cursor, clocks)))
    p50, p99 = np.percentile(late, [50, 99])
    return [
        Row(
            line="lateness of a deadline, p99",
            ours=float(p99),
            unit="s",
            goal=f"<= {GOAL_S:g} s, none lost",
            met=len(late) == clocks and float(p99) <= GOAL_S,
            note=f"p50 {p50:.2f} s; {A_SECOND:,} a second for {clocks // A_SECOND} s, "
            f"{clocks - len(late)} never said",
        )
    ]


@contextmanager
def _hands(world: World) -> Iterator[None]:
    """The worker, and the beat that rings for it."""
    with world.process("manage.py", "worker"), world.process("manage.py", "beat"):
        yield


def _said(cursor: Any, clocks: int) -> Iterator[float]:
    """How late each clock was said, in seconds, until all are or patience ends."""
    end = time.monotonic() + WARM_S + clocks / A_SECOND + PATIENCE_S
    missing = clocks
    while missing and time.monotonic() < end:
        cursor.execute(_SAID)
        said = [late for (late,) in cursor.fetchall()]
        missing -= len(said)
        yield from said
        time.sleep(POLL_S)
