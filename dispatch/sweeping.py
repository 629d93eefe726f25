"""Finds the clocks that have run out: each is marked once, however often the sweep runs or dies."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from dispatch import outbox
from dispatch.lifecycle import TIMER_OVERDUE
from dispatch.models import Event, Timer
from dispatch.models.timers import TimerState

BATCH = 1000


def sweep_due(*, now: datetime) -> int:
    """Mark all running clocks that are due; how many. Several sweepers share the work."""
    total = 0
    while marked := _sweep_batch(now):
        total += marked
    return total


@transaction.atomic
def _sweep_batch(now: datetime) -> int:
    """One batch: the marks and their event rows in one transaction; locked rows are passed over."""
    timers = list(
        Timer.objects.select_for_update(skip_locked=True, of=("self",))
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
