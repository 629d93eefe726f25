"""Finds the clocks that have run out: each is marked once, however often the sweep runs or dies."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from dispatch import outbox
from dispatch.actions.moving import make_system_move
from dispatch.lifecycle import TIMER_OVERDUE, State
from dispatch.models import Case, Event, Pause, Timer
from dispatch.models.delays import PauseKind
from dispatch.models.timers import TimerState

BATCH = 1000
ARCHIVE_AFTER = timedelta(days=30)
ENDS_WITH = {PauseKind.CITIZEN.value: "citizen_answered", PauseKind.SUSPENDED.value: "resume"}


def sweep_due(*, now: datetime) -> int:
    """Mark all running clocks that are due; how many. Several sweepers share the work."""
    total = 0
    while marked := _sweep_batch(now):
        total += marked
    return total


@transaction.atomic
def _sweep_batch(now: datetime) -> int:
    """One batch: the marks and their event rows in one transaction; locked rows are passed over.

    The case is locked with its clock: a move at the same moment would otherwise come first in the
    log with a state that this event, written after it, does not know yet.
    """
    timers = list(
        Timer.objects.select_for_update(skip_locked=True, of=("self", "case"), no_key=True)
        .filter(state=TimerState.RUNNING.value, overdue_at__isnull=True, due_at__lte=now)
        .select_related("case")
        .order_by("due_at", "id")[:BATCH]
    )
    if not timers:
        return 0
    Timer.objects.filter(pk__in=[timer.pk for timer in timers]).update(overdue_at=now)
    Event.objects.bulk_create(_overdue_events(timers, now))
    outbox.ring_relay()
    return len(timers)


def _overdue_events(timers: Sequence[Timer], now: datetime) -> list[Event]:
    return [
        Event(
            case_id=timer.case_id,
            case_no=timer.case.case_no,
            topic=TIMER_OVERDUE,
            at=now,
            from_state=timer.case.state,
            to_state=timer.case.state,
            line=timer.case.line,
            category=timer.case.category_code,
            priority=timer.case.priority,
            district=timer.case.district_code,
            payload={"stage": timer.stage, "timer": timer.pk, "due_at": timer.due_at.isoformat()},
        )
        for timer in timers
    ]


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
