"""Says the marks of the clocks: each once, however often the sweep runs or dies (ADR 0011)."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from dispatch import catalogue, outbox
from dispatch.actions.moving import make_system_move
from dispatch.clocks import SHANGHAI, microseconds
from dispatch.lifecycle import Stage, State
from dispatch.models import Case, Pause, Priority
from dispatch.models.delays import PauseKind
from dispatch.timekeeping.ladder import UNIT_STAGES, topic_of

BATCH = 2000
APART = 10_000_000_000_000_000
"""Microseconds between the lines of two calendars: three hundred years."""
REACH = timedelta(days=400)
ARCHIVE_AFTER = timedelta(days=30)
ENDS_WITH = {PauseKind.CITIZEN.value: "citizen_answered", PauseKind.SUSPENDED.value: "resume"}


def sweep_due(*, now: datetime) -> int:
    """Say all marks that running clocks have come to; how many. Several sweepers share the work.

    A clock that has passed several marks says them in their order, one a round.
    """
    params = {"now": now, "most": BATCH, **_ladders(), **_lines(now), **_workdays(now)}
    total = 0
    while said := _sweep_batch(params):
        total += said
    return total


_SWEEP = """
WITH line AS MATERIALIZED (
  SELECT %(opens)s::bigint[] AS opens, %(before)s::bigint[] AS before),
reached AS MATERIALIZED (
  SELECT t.id, t.stage, t.due_at, t.said_percent, t.deadline_no, t.limit_minutes, t.limit_unit,
         t.overdue_at, t.hours_of_id, t.assignment_id, t.next_at, c.id AS case_id, c.case_no,
         c.state, c.line, c.category_code, c.priority, c.district_code, c.lead_unit_id
  FROM dispatch_timer t JOIN dispatch_case c ON c.id = t.case_id
  WHERE t.state = 'RUNNING' AND t.next_at IS NOT NULL AND t.next_at <= %(now)s
  ORDER BY t.next_at, t.id LIMIT %(most)s FOR NO KEY UPDATE OF t, c SKIP LOCKED),
step AS MATERIALIZED (
  SELECT r.*, l.percent, l.level, l.topic, l.following,
         l.percent IS NOT NULL AND (
           SELECT e.at FROM dispatch_escalation e WHERE e.timer_id = r.id
           AND e.deadline_no = r.deadline_no AND e.percent = l.percent) IS NULL AS is_new,
         coalesce((SELECT a.unit_id FROM dispatch_assignment a WHERE a.id = r.assignment_id),
                  r.lead_unit_id) AS unit_id,
         CASE WHEN r.limit_unit IN ('MIN', 'UH', 'ND') THEN 0 ELSE coalesce(h.line, 1) END
           * %(apart)s::bigint AS origin
  FROM reached r
  LEFT JOIN unnest(%(stages)s::text[], %(priorities)s::int[], %(below)s::int[],
                   %(percents)s::int[], %(levels)s::text[], %(topics)s::text[],
                   %(following)s::int[])
    AS l(stage, priority, below, percent, level, topic, following)
    ON l.stage = r.stage AND l.priority = r.priority
   AND l.below <= r.said_percent AND r.said_percent < l.percent
  LEFT JOIN unnest(%(units)s::bigint[], %(unit_lines)s::int[]) AS h(unit_id, line)
    ON h.unit_id = r.hours_of_id),
marked AS (
  UPDATE dispatch_timer t
  SET said_percent = coalesce(s.percent, s.said_percent), due_at = s.due_at,
      overdue_at = CASE WHEN s.percent = 100 THEN %(now)s ELSE s.overdue_at END,
      next_at = CASE WHEN s.following IS NULL THEN NULL
                     WHEN s.following = 100 THEN s.due_at
                     WHEN s.following > 1000 THEN (%(closes)s::timestamptz[])[
                       width_bucket(s.due_at, %(days)s::timestamptz[]) + s.following - 1000]
                     ELSE (
        SELECT 'epoch'::timestamptz + (opens[n] + target - before[n] - s.origin)::float8
               * interval '1 microsecond'
        FROM (
          SELECT target, opens, before, greatest(1, width_bucket(target - 1, before)) AS n
          FROM (
            SELECT opens, before,
                   least(before[d] + due - opens[d], before[d + 1])
                   + (s.limit_minutes * 60000000)::bigint * (s.following - 100) / 100 AS target
            FROM (
              SELECT opens, before, due, greatest(1, width_bucket(due, opens)) AS d
              FROM (SELECT opens, before,
                           s.origin + (extract(epoch FROM s.due_at) * 1000000)::bigint AS due
                    FROM line OFFSET 0) at_due OFFSET 0) of_due OFFSET 0) of_target
          OFFSET 0) of_mark) END
  FROM step s WHERE t.id = s.id),
said AS (
  INSERT INTO dispatch_escalation (timer_id, deadline_no, percent, level, at)
  SELECT id, deadline_no, percent, level, %(now)s FROM step WHERE is_new)
INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line, category,
                            priority, district, payload, digest)
SELECT s.case_id, s.case_no,
       s.topic,
       %(now)s, s.state, s.state, s.line, s.category_code, s.priority, s.district_code,
       jsonb_build_object(
         'stage', s.stage, 'timer', s.id, 'due_at', s.due_at,
         CASE WHEN s.percent > 1000 THEN 'workdays' ELSE 'percent' END,
         CASE WHEN s.percent > 1000 THEN s.percent - 1000 ELSE s.percent END,
         'level', s.level, 'units', CASE
           WHEN NOT s.stage = ANY(%(unit_stages)s) OR s.unit_id IS NULL THEN '[]'::jsonb
           WHEN s.level IN ('HOLDER', 'HEAD') THEN jsonb_build_array(s.unit_id)
           WHEN s.level = 'PARENT' AND u.parent_id IS NOT NULL THEN jsonb_build_array(u.parent_id)
           ELSE '[]'::jsonb END), ''
FROM step s LEFT JOIN accounts_unit u ON u.id = s.unit_id
WHERE s.is_new
"""


def _array(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL writes it, made once for all batches."""
    return "{" + ",".join(map(str, numbers)) + "}"


@transaction.atomic
def _sweep_batch(params: dict[str, Any]) -> int:
    """One batch: marks, escalations and event rows in one statement; locked rows are passed over.

    The case is locked with its clock: a move at the same moment would otherwise come first in the
    log with a state that this event, written after it, does not know yet. Every column that is set
    comes from the locked row: the one that UPDATE finds may be older, and the constraints are
    asked before PostgreSQL notices.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SWEEP, params)
        said = int(cursor.rowcount)
    if said:
        outbox.ring_relay()
    return said


def _ladders() -> dict[str, Any]:
    """Every ladder as rows: stage, priority, the mark below, percent, level, the mark above."""
    book = catalogue.current()
    rows: list[tuple[str, int, int, int, str, str, int | None]] = []
    for stage in Stage:
        for priority in Priority.values:
            steps = book.ladder(stage, priority)
            percents = [0, *(step.percent for step in steps), None]
            rows += [
                (stage.value, priority, percents[n] or 0, step.percent, step.level.value,
                 topic_of(step.percent), percents[n + 2])
                for n, step in enumerate(steps)
            ]  # fmt: skip
    columns = ("stages", "priorities", "below", "percents", "levels", "topics", "following")
    return {
        **dict(zip(columns, (list(column) for column in zip(*rows, strict=True)), strict=True)),
        "unit_stages": [stage.value for stage in UNIT_STAGES],
    }


def _lines(now: datetime) -> dict[str, Any]:
    """The lines of working time, laid end to end in one: the clock's, the city's, each unit's own.

    Reaches a year back and ahead; what lies beyond is reckoned as if its last slot went on.
    """
    book = catalogue.current()
    own = {unit: hours for unit, hours in book.hours_of_units.items() if not hours.always_on}
    opens, before = [0], [0]
    for number, calendar in enumerate((book.calendar, *own.values()), start=1):
        line = calendar.line(now.year)
        since, until = (microseconds(now + n * REACH) for n in (-1, 1))
        window = slice(bisect_left(line.opens, since), bisect_left(line.opens, until))
        opens += [number * APART + at for at in line.opens[window]]
        before += [number * APART + worked for worked in line.before[window]]
    around_the_clock = {unit: 0 for unit in book.hours_of_units if unit not in own}
    lines = around_the_clock | {unit: n for n, unit in enumerate(own, start=2)}
    return {
        "opens": _array(opens),
        "before": _array(before),
        "apart": APART,
        "units": list(lines),
        "unit_lines": list(lines.values()),
    }


def _workdays(now: datetime) -> dict[str, str]:
    """When the city's workdays begin (midnight) and close, a year back and ahead of now."""
    calendar, first = catalogue.current().calendar, (now - REACH).astimezone(SHANGHAI).date()
    days = [first + timedelta(days=n) for n in range(2 * REACH.days)]
    worked = [(day, slots[-1][1]) for day in days if (slots := calendar.slots_on(day))]
    midnights = [datetime.combine(day, time.min, SHANGHAI) for day, _ in worked]
    closes = [
        midnight + timedelta(minutes=close)
        for midnight, (_, close) in zip(midnights, worked, strict=True)
    ]
    return {"days": _moments(midnights), "closes": _moments(closes)}


def _moments(moments: Iterable[datetime]) -> str:
    """An array of moments as PostgreSQL writes it."""
    return "{" + ",".join(at.isoformat() for at in moments) + "}"


def end_pauses(*, now: datetime) -> int:
    """Let the clocks run on where a pause has reached its day (T26, T42); how many."""
    due = Pause.objects.filter(ended_at__isnull=True, ends_at__lte=now).order_by("ends_at")
    rows = list(due.values_list("case_id", "kind")[:BATCH])
    return sum(make_system_move(case_id=pk, move=ENDS_WITH[kind], now=now) for pk, kind in rows)


def archive_old(*, now: datetime) -> int:
    """Archive what was closed 30 days ago (T35); how many."""
    old = Case.objects.filter(state=State.CLOSED.value, closed_at__lte=now - ARCHIVE_AFTER)
    rows = list(old.order_by("closed_at").values_list("pk", flat=True)[:BATCH])
    return sum(make_system_move(case_id=pk, move="archive", now=now) for pk in rows)
