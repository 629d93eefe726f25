"""Works deadlines out anew after a change of the calendar, the hours or the ladder.

Each open clock is reckoned from its original start, by the limit that stands on it, with every
standstill and approved extension. What comes out the same is left alone, so a second run changes
nothing and one that was cut off is finished by the next.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from dispatch import outbox
from dispatch.actions import timing
from dispatch.lifecycle import TIMER_RECOMPUTED
from dispatch.models import Case, Intake, Timer
from dispatch.models.timers import TimerState
from dispatch.timekeeping import planning

BATCH = 500
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """One clock's due time before and after (UTC)."""

    case_no: str
    stage: str
    old: datetime
    new: datetime


def recompute_deadlines(
    *, now: datetime, dry_run: bool = False, progress: Progress | None = None
) -> list[Change]:
    """Give every open clock the due time of today's calendar, with an event each; what changed.

    A case is locked only while its own clocks change. `progress` hears after each batch how many
    clocks were looked at and how many changed; a dry run writes nothing.
    """
    changes: list[Change] = []
    looked = 0
    for timers in _batches():
        looked += len(timers)
        for case_id in sorted({timer.case_id for timer in timers if _is_off(timer)}):
            changes += _preview(case_id) if dry_run else _recompute_case(case_id, now=now)
        if progress:
            progress(looked, len(changes))
    return changes


def _open_timers() -> QuerySet[Timer]:
    timers = Timer.objects.filter(state__in=timing.OPEN_STATES).select_related("case")
    return timers.prefetch_related("standstills").order_by("id")


def _batches() -> Iterator[list[Timer]]:
    last = 0
    while timers := list(_open_timers().filter(pk__gt=last)[:BATCH]):
        yield timers
        last = timers[-1].pk


def _is_off(timer: Timer) -> bool:
    """True when the due time or the next mark is not what today's rows say."""
    before = timer.next_at
    if timing.original_due(timer) != timer.due_at:
        return True
    planning.plan(timer, timer.case.priority)
    return timer.state == TimerState.RUNNING and timer.next_at != before


def _preview(case_id: int) -> list[Change]:
    timers = _open_timers().filter(case_id=case_id)
    found = [(timer, timing.original_due(timer)) for timer in timers]
    return [
        Change(timer.case.case_no, timer.stage, timer.due_at, new)
        for timer, new in found
        if new != timer.due_at
    ]


@transaction.atomic
def _recompute_case(case_id: int, *, now: datetime) -> list[Change]:
    """Set one case right; takes its row's lock, so that no move comes between."""
    case = Case.objects.select_for_update().get(pk=case_id)
    changes = []
    for timer in _open_timers().filter(case=case):
        timer.case = case
        old, new = timer.due_at, timing.original_due(timer)
        if new == old:
            planning.plan(timer, case.priority)
            timer.save(update_fields=["next_at"])
            continue
        timing.give_deadline(timer, new, now=now)
        changes.append(Change(case.case_no, timer.stage, old, new))
        if timer.intake_id:
            Intake.objects.filter(pk=timer.intake_id).update(reply_due_at=new)
        _say(case, timer, old, now)
    timing.refresh_due(case)
    case.save(update_fields=timing.DUE_FIELDS)
    return changes


def _say(case: Case, timer: Timer, old: datetime, now: datetime) -> None:
    outbox.record(
        case,
        topic=TIMER_RECOMPUTED,
        by=None,
        now=now,
        from_state=case.state,
        payload={
            "stage": timer.stage,
            "timer": timer.pk,
            "old_due_at": old.isoformat(),
            "new_due_at": timer.due_at.isoformat(),
        },
    )
