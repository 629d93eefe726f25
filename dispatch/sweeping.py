"""Finds the clocks that have run out: each is marked once, however often the sweep runs or dies."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from dispatch import outbox
from dispatch.actions.moving import make_system_move
from dispatch.lifecycle import TIMER_OVERDUE, State
from dispatch.models import Case, Pause
from dispatch.models.delays import PauseKind

BATCH = 1000
ARCHIVE_AFTER = timedelta(days=30)
ENDS_WITH = {PauseKind.CITIZEN.value: "citizen_answered", PauseKind.SUSPENDED.value: "resume"}


def sweep_due(*, now: datetime) -> int:
    """Mark all running clocks that are due; how many. Several sweepers share the work."""
    total = 0
    while marked := _sweep_batch(now):
        total += marked
    return total


_SWEEP = """
WITH due AS (
  SELECT t.id, t.stage, t.due_at, c.id AS case_id, c.case_no, c.state, c.line, c.category_code,
         c.priority, c.district_code
  FROM dispatch_timer t JOIN dispatch_case c ON c.id = t.case_id
  WHERE t.state = 'RUNNING' AND t.overdue_at IS NULL AND t.due_at <= %(now)s
  ORDER BY t.due_at, t.id LIMIT %(most)s FOR NO KEY UPDATE OF t, c SKIP LOCKED),
marked AS (
  UPDATE dispatch_timer t SET overdue_at = %(now)s FROM due WHERE t.id = due.id)
INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line, category,
                            priority, district, payload, digest)
SELECT case_id, case_no, %(topic)s, %(now)s, state, state, line, category_code, priority,
       district_code, jsonb_build_object('stage', stage, 'timer', id, 'due_at', due_at), ''
FROM due ORDER BY due_at, id
"""


@transaction.atomic
def _sweep_batch(now: datetime) -> int:
    """One batch: the marks and their event rows in one statement; locked rows are passed over.

    The case is locked with its clock: a move at the same moment would otherwise come first in the
    log with a state that this event, written after it, does not know yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SWEEP, {"now": now, "most": BATCH, "topic": TIMER_OVERDUE})
        marked = int(cursor.rowcount)
    if marked:
        outbox.ring_relay()
    return marked


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
