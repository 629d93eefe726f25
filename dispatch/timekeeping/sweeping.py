"""Says the marks of the clocks: each once, however often the sweep runs or dies (ADR 0011)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.prepared import execute_prepared
from dispatch import catalogue, outbox
from dispatch.actions.moving import make_system_move
from dispatch.clocks import SHANGHAI, WorkCalendar, microseconds
from dispatch.lifecycle import Stage, State
from dispatch.models import Case, Pause, Priority
from dispatch.models.delays import PauseKind
from dispatch.timekeeping.ladder import UNIT_STAGES, topic_of

BATCH = 2000
LOOK, MARKS = 500, 4000
"""How many clocks the first look takes, and each batch of what is due beyond. Small batches cost:
every statement is told the lines of working time, 4 ms of work."""
Part = tuple[int, int]
"""Which of how many: the cases whose number leaves that rest."""
WHOLE: Part = (0, 1)
Given = tuple[Any, ...]
SHARING_LOCK = 0x53574545_50455253
APART = 10_000_000_000_000_000
"""Microseconds between the lines of two calendars: three hundred years."""
REACH = timedelta(days=400)
ARCHIVE_AFTER = timedelta(days=30)
ENDS_WITH = {PauseKind.CITIZEN.value: "citizen_answered", PauseKind.SUSPENDED.value: "resume"}


def sweep_due(*, now: datetime, sweepers: int = 1) -> int:
    """Say all marks that running clocks have come to; how many. Several sweepers share the work.

    A clock that has passed several marks says them in their order, one a round. With more clocks
    due than the first look takes, `sweepers` connections sweep at once, each the cases of its own,
    so that none waits for rows of another; while one such sweep is under way no second one begins.
    """
    given = _given(now)
    first = _sweep_batch(given, WHOLE, LOOK)
    if first == LOOK and sweepers > 1:
        return first + _share(given, sweepers)
    return first + (_sweep_part(given, WHOLE) if first else 0)


def _share(given: Given, sweepers: int) -> int:
    """Sweep in parts, a connection for each, then what one of them has left behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SHARING_LOCK])
        if cursor.fetchone() == (False,):
            return 0
        try:
            own, *others = [(n, sweepers) for n in range(sweepers)]
            with ThreadPoolExecutor(sweepers, "sweeper") as pool:
                theirs = pool.map(lambda part: _sweep_apart(given, part), others)
                total = _sweep_part(given, own) + sum(theirs)
            return total + _sweep_part(given, WHOLE)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SHARING_LOCK])


def _sweep_apart(given: Given, part: Part) -> int:
    """Sweep a part in a thread with a connection of its own."""
    try:
        return _sweep_part(given, part)
    finally:
        connection.close()


def _sweep_part(given: Given, part: Part) -> int:
    """Say the marks of a part, batch by batch, until nobody there has come to one; how many."""
    total = 0
    while said := _sweep_batch(given, part, MARKS):
        total += said
    return total


_SWEEP = """
WITH given AS MATERIALIZED (
  SELECT %s::timestamptz AS now, %s::bigint AS sweeper, %s::bigint AS sweepers,
         %s::bigint[] AS opens, %s::bigint[] AS before, %s::timestamptz[] AS days,
         %s::timestamptz[] AS closes, %s::bigint[] AS units, %s::int[] AS unit_lines,
         %s::text[] AS stages, %s::smallint[] AS priorities, %s::text[] AS percents,
         %s::text[] AS levels, %s::text[] AS topics, %s::text[] AS unit_stages),
ladder AS MATERIALIZED (
  SELECT l.stage, l.priority, l.percents::int[] AS percents, l.levels::text[] AS levels,
         l.topics::text[] AS topics
  FROM given, unnest(stages, priorities, percents, levels, topics)
    AS l(stage, priority, percents, levels, topics)),
step AS MATERIALIZED (
  SELECT r.id, r.stage, r.due_at, r.said_percent, r.deadline_no, r.limit_minutes, r.overdue_at,
         r.case_id, r.case_no, r.state, r.line, r.category_code, r.priority, r.district_code,
         coalesce((SELECT a.unit_id FROM dispatch_assignment a WHERE a.id = r.assignment_id),
                  r.lead_unit_id) AS unit_id,
         CASE WHEN r.limit_unit IN ('MIN', 'UH', 'ND') THEN 0 ELSE coalesce(
           (SELECT unit_lines FROM given)[
             array_position((SELECT units FROM given), r.hours_of_id)], 1) END
           * {apart} AS origin,
         percents[n + 1] AS percent, percents[n + 2] AS following, levels[n + 1] AS level,
         topics[n + 1] AS topic,
         percents[n + 1] IS NOT NULL AND (
           SELECT e.at FROM dispatch_escalation e WHERE e.timer_id = r.id
           AND e.deadline_no = r.deadline_no AND e.percent = percents[n + 1]) IS NULL AS is_new
  FROM (
    SELECT t.id, t.stage, t.due_at, t.said_percent, t.deadline_no, t.limit_minutes, t.limit_unit,
           t.overdue_at, t.hours_of_id, t.assignment_id, c.id AS case_id, c.case_no,
           c.state, c.line, c.category_code, c.priority, c.district_code, c.lead_unit_id
    FROM dispatch_timer t JOIN dispatch_case c ON c.id = t.case_id
    WHERE t.state = 'RUNNING' AND t.next_at IS NOT NULL AND t.next_at <= (SELECT now FROM given)
      AND (t.case_id + (SELECT sweeper FROM given)) %% (SELECT sweepers FROM given) < 1
    ORDER BY t.next_at, t.id LIMIT {most} FOR NO KEY UPDATE OF t, c SKIP LOCKED) r
  LEFT JOIN ladder l ON l.stage = r.stage AND l.priority = r.priority
  CROSS JOIN LATERAL (
    SELECT width_bucket(r.said_percent::int, l.percents) AS n OFFSET 0) at_mark),
marked AS (
  UPDATE dispatch_timer t
  SET said_percent = coalesce(s.percent, s.said_percent), due_at = s.due_at,
      overdue_at = CASE WHEN s.percent = 100 THEN (SELECT now FROM given) ELSE s.overdue_at END,
      next_at = CASE WHEN s.following IS NULL THEN NULL
                     WHEN s.following = 100 THEN s.due_at
                     WHEN s.following > 1000 THEN (SELECT closes FROM given)[
                       width_bucket(s.due_at, (SELECT days FROM given)) + s.following - 1000]
                     ELSE (
        SELECT 'epoch'::timestamptz
               + ((SELECT opens FROM given)[n] + target - (SELECT before FROM given)[n]
                  - s.origin)::float8 * interval '1 microsecond'
        FROM (
          SELECT target, greatest(1, width_bucket(target - 1, (SELECT before FROM given))) AS n
          FROM (
            SELECT least((SELECT before FROM given)[d] + due - (SELECT opens FROM given)[d],
                         (SELECT before FROM given)[d + 1])
                   + (s.limit_minutes * 60000000)::bigint * (s.following - 100) / 100 AS target
            FROM (
              SELECT due, greatest(1, width_bucket(due, (SELECT opens FROM given))) AS d
              FROM (SELECT s.origin + (extract(epoch FROM s.due_at) * 1000000)::bigint AS due
                    OFFSET 0) at_due OFFSET 0) of_due OFFSET 0) of_target
          OFFSET 0) of_mark) END
  FROM step s WHERE t.id = s.id),
said AS (
  INSERT INTO dispatch_escalation (timer_id, deadline_no, percent, level, at)
  SELECT id, deadline_no, percent, level, (SELECT now FROM given) FROM step WHERE is_new)
INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line, category,
                            priority, district, payload, digest)
SELECT s.case_id, s.case_no,
       s.topic,
       (SELECT now FROM given), s.state, s.state, s.line, s.category_code, s.priority,
       s.district_code,
       jsonb_build_object(
         'stage', s.stage, 'timer', s.id, 'due_at', s.due_at,
         CASE WHEN s.percent > 1000 THEN 'workdays' ELSE 'percent' END,
         CASE WHEN s.percent > 1000 THEN s.percent - 1000 ELSE s.percent END,
         'level', s.level, 'units', CASE
           WHEN NOT s.stage = ANY((SELECT unit_stages FROM given)::text[]) OR s.unit_id IS NULL
             THEN '[]'::jsonb
           WHEN s.level IN ('HOLDER', 'HEAD') THEN jsonb_build_array(s.unit_id)
           WHEN s.level = 'PARENT' AND u.parent_id IS NOT NULL THEN jsonb_build_array(u.parent_id)
           ELSE '[]'::jsonb END), ''
FROM step s LEFT JOIN accounts_unit u ON u.id = s.unit_id
WHERE s.is_new
"""


def _array(words: Iterable[int | str]) -> str:
    """Numbers or plain words as PostgreSQL writes an array, made once for all batches."""
    return "{" + ",".join(map(str, words)) + "}"


_PLANNED = "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off;"
"""By indexes alone: what is known of the tables is old when thousands of clocks come due at once,
and a plan for few rows would sort, or look through, all of them for each batch."""


@transaction.atomic
def _sweep_batch(given: Given, part: Part, most: int) -> int:
    """One batch of a part: marks, escalations and event rows in one statement; locked rows are
    passed over.

    The case is locked with its clock: a move at the same moment would otherwise come first in the
    log with a state that this event, written after it, does not know yet. Every column that is set
    comes from the locked row: the one that UPDATE finds may be older, and the constraints are
    asked before PostgreSQL notices.
    """
    now, *others = given
    with connection.cursor() as cursor:
        execute_prepared(
            cursor,
            _SWEEP.format(most=most, apart=APART),
            [now, *part, *others],
            name=f"dispatch_sweep_{most}",
            first=(_PLANNED, []),
        )
        said = int(cursor.rowcount)
    if said:
        outbox.ring_relay()
    return said


def _given(now: datetime) -> Given:
    """What every batch of a sweep is given, in the order of the statement: the moment, the lines of
    working time, the workdays, the ladders, and the stages of which a unit hears."""
    return (
        now,
        *_lines(now),
        *_workdays(now),
        *_lines_of_units(),
        *_ladders(),
        [stage.value for stage in UNIT_STAGES],
    )


def _ladders() -> Iterator[list[Any]]:
    """Every ladder by columns: stage, priority, and its marks with who hears under which topic."""
    book = catalogue.current()
    rows = []
    for stage in Stage:
        for priority in Priority.values:
            steps = book.ladder(stage, priority)
            percents = [step.percent for step in steps]
            levels = _array(step.level.value for step in steps)
            topics = _array(map(topic_of, percents))
            rows.append((stage.value, priority, _array(percents), levels, topics))
    return map(list, zip(*rows, strict=True))


def _hours() -> dict[int, WorkCalendar]:
    """The units that keep hours of their own."""
    hours = catalogue.current().hours_of_units
    return {unit: own for unit, own in hours.items() if not own.always_on}


def _lines_of_units() -> tuple[list[int], list[int]]:
    """Units that do not keep the city's hours, and their lines: 0 is the clock's, 1 the city's."""
    own = _hours()
    around_the_clock = {unit: 0 for unit in catalogue.current().hours_of_units if unit not in own}
    lines = around_the_clock | {unit: n for n, unit in enumerate(own, start=2)}
    return list(lines), list(lines.values())


def _lines(now: datetime) -> tuple[str, str]:
    """The lines of working time, laid end to end in one: the clock's, the city's, each unit's own.

    Reaches a year back and ahead; what lies beyond is reckoned as if its last slot went on.
    """
    opens, before = [0], [0]
    for number, calendar in enumerate((catalogue.current().calendar, *_hours().values()), start=1):
        line = calendar.line(now.year)
        since, until = (microseconds(now + n * REACH) for n in (-1, 1))
        window = slice(bisect_left(line.opens, since), bisect_left(line.opens, until))
        opens += [number * APART + at for at in line.opens[window]]
        before += [number * APART + worked for worked in line.before[window]]
    return _array(opens), _array(before)


def _workdays(now: datetime) -> tuple[str, str]:
    """When the city's workdays begin (midnight) and close, a year back and ahead of now."""
    calendar, first = catalogue.current().calendar, (now - REACH).astimezone(SHANGHAI).date()
    days = [first + timedelta(days=n) for n in range(2 * REACH.days)]
    worked = [(day, slots[-1][1]) for day in days if (slots := calendar.slots_on(day))]
    midnights = [datetime.combine(day, time.min, SHANGHAI) for day, _ in worked]
    closes = [
        midnight + timedelta(minutes=close)
        for midnight, (_, close) in zip(midnights, worked, strict=True)
    ]
    return _array(map(datetime.isoformat, midnights)), _array(map(datetime.isoformat, closes))


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
