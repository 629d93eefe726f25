"""Starting, stopping and reading the clocks of a case; callers hold the case row's lock."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Case as When_
from django.db.models import F, Q, Value, When

from dispatch import catalogue
from dispatch.catalogue import limit_of
from dispatch.clocks import Limit
from dispatch.lifecycle import Stage
from dispatch.models import Case, Timer
from dispatch.models.cases import NEVER
from dispatch.models.timers import TimerState

OPEN_STATES = (TimerState.RUNNING.value, TimerState.PAUSED.value)


def stop(
    case: Case,
    stages: Collection[Stage],
    *,
    now: datetime,
    replies: bool = False,
    cancelled: bool = False,
) -> None:
    """End the running clocks of these stages: MET or MISSED; with `replies` the voices' too.

    `cancelled` ends them without a verdict: nobody met a promise in a case that was void.
    """
    timers = Timer.objects.filter(
        case=case, stage__in=[stage.value for stage in stages], state__in=OPEN_STATES
    )
    if not replies:
        timers = timers.filter(intake__isnull=True)
    verdict = When_(
        When(Q(due_at__gte=now), then=Value(TimerState.MET.value)),
        default=Value(TimerState.MISSED.value),
    )
    state = Value(TimerState.CANCELLED.value) if cancelled else verdict
    timers.update(state=state, ended_at=now, paused_at=None)


def is_open(case: Case, stage: Stage) -> bool:
    """True when a clock of the stage runs or is paused."""
    return Timer.objects.filter(
        case=case, stage=stage.value, intake__isnull=True, state__in=OPEN_STATES
    ).exists()


def start(case: Case, stage: Stage, *, now: datetime) -> Timer:
    """Start a clock in working time; the unit's own hours count for its stages."""
    book = catalogue.current()
    limit = disposal_limit(case) if stage is Stage.DISPOSAL else None
    limit = limit or book.stage_limit(stage, case.priority)
    always_on = bool(
        case.lead_unit
        and case.lead_unit.always_on
        and stage in {Stage.SIGN, Stage.RESPONSE, Stage.DISPOSAL}
    )
    return start_with(case, stage, limit, book.due(now, limit, always_on=always_on), now=now)


def start_with(case: Case, stage: Stage, limit: Limit, due_at: datetime, *, now: datetime) -> Timer:
    """Start a clock that ends at `due_at` (UTC)."""
    return Timer.objects.create(
        case=case,
        stage=stage.value,
        started_at=now,
        due_at=due_at,
        limit_amount=limit.amount,
        limit_unit=limit.unit.value,
        limit_counting=limit.counting.value,
    )


def start_rework(case: Case, *, now: datetime) -> Timer:
    """A new disposal clock by the rework limit (重办, domain.md 2.4.4)."""
    limit = catalogue.current().stage_limit("REWORK", case.priority)
    return start_with(case, Stage.DISPOSAL, limit, catalogue.current().due(now, limit), now=now)


def resume_disposal(case: Case, *, now: datetime) -> None:
    """The last disposal clock runs on, later by the time it stood still (bounce, T29)."""
    timer = (
        Timer.objects.filter(case=case, stage=Stage.DISPOSAL.value, intake__isnull=True)
        .order_by("-started_at", "-id")
        .first()
    )
    if timer is None or timer.ended_at is None:
        return
    stood: timedelta = now - timer.ended_at
    Timer.objects.filter(pk=timer.pk).update(
        state=TimerState.RUNNING.value, ended_at=None, due_at=F("due_at") + stood
    )


def disposal_limit(case: Case) -> Limit | None:
    """The limit of the filing condition, or None where the case has none."""
    book = catalogue.current()
    condition = book.conditions.get(case.condition_code)
    return limit_of(condition) if condition else None


def refresh_due(case: Case) -> None:
    """Set `due_stage` and `due_at` from the case's earliest running clock (not saved)."""
    first = (
        Timer.objects.filter(case=case, intake__isnull=True, state=TimerState.RUNNING.value)
        .order_by("due_at", "id")
        .values_list("stage", "due_at")
        .first()
    )
    case.due_stage, case.due_at = first or ("", NEVER)
