"""Starting, stopping and reading the clocks of a case; callers hold the case row's lock."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case as When_
from django.db.models import F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from accounts.prepared import execute_prepared, insert_prepared, to_be_first
from accounts.ready import ReadyQuery
from dispatch import catalogue
from dispatch.catalogue import limit_of
from dispatch.clocks import MINUTE, SHANGHAI, Counting, Limit, Unit, due, go_on, worked_between
from dispatch.lifecycle import BESIDE, BESIDE_STAGES, Stage
from dispatch.models import Assignment, Case, Event, Extension, Intake, Standstill, Timer
from dispatch.models.cases import NEVER
from dispatch.models.delays import Approval
from dispatch.models.timers import StandCause, TimerState
from dispatch.timekeeping import planning
from dispatch.timekeeping.ladder import DUE

RECATEGORISED = "case.recategorised"
OPEN_STATES = (TimerState.RUNNING.value, TimerState.PAUSED.value)
DUE_FIELDS = ("due_stage", "due_at", "near_at")
"""The columns of a case that `refresh_due` sets."""
OWN_HOURS = frozenset({Stage.SIGN, Stage.RESPONSE, Stage.DISPOSAL})
"""Stages that a unit has to itself: its own working hours count."""


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
    if not stages:
        return
    values = _stop_values(case, stages, now, replies=replies, cancelled=cancelled)
    with connection.cursor() as cursor:
        execute_prepared(cursor, _STOP, values, name="dispatch_stop")


def open_after(
    case: Case, stages: Collection[Stage], *, now: datetime, replies: bool, cancelled: bool
) -> list[Timer]:
    """`stop` and then `open_clocks`, in one round trip."""
    if not stages:
        return open_clocks(case)
    values = _stop_values(case, stages, now, replies=replies, cancelled=cancelled)
    return _OPEN(case.pk, first=to_be_first(_STOP, values, name="dispatch_stop"))


def _stop_values(
    case: Case, stages: Collection[Stage], now: datetime, *, replies: bool, cancelled: bool
) -> list[Any]:
    return [now, cancelled, now, case.pk, [stage.value for stage in stages], replies]


_STOP = f"""
UPDATE dispatch_timer SET ended_at = %s, paused_at = NULL,
  state = CASE WHEN %s THEN '{TimerState.CANCELLED.value}'
               WHEN due_at >= coalesce(paused_at, %s) THEN '{TimerState.MET.value}'
               ELSE '{TimerState.MISSED.value}' END
WHERE case_id = %s AND stage = ANY(%s) AND (%s OR intake_id IS NULL)
  AND state IN {OPEN_STATES}
"""


def _verdict(now: datetime) -> When_:
    return When_(
        When(Q(due_at__gte=Coalesce(F("paused_at"), now)), then=Value(TimerState.MET.value)),
        default=Value(TimerState.MISSED.value),
    )


def open_clocks(case: Case) -> list[Timer]:
    """The clocks of the case itself that run or are paused, the one due first first."""
    return _OPEN(case.pk)


def is_open(case: Case, stage: Stage) -> bool:
    """True when a clock of the stage runs or is paused."""
    return any(clock.stage == stage.value for clock in open_clocks(case))


_OPEN: ReadyQuery[Timer] = ReadyQuery(
    "dispatch_open_clocks_of_case",
    lambda case_id: Timer.objects.filter(
        case_id=case_id, intake__isnull=True, state__in=OPEN_STATES
    ).order_by("due_at", "id"),
)


def stop_task(task: Assignment, *, now: datetime) -> None:
    """End the clock of one unit's part: MET or MISSED."""
    open_one = Timer.objects.filter(assignment=task, state__in=OPEN_STATES)
    open_one.update(state=_verdict(now), ended_at=now, paused_at=None)


def resume_task(task: Assignment, *, now: datetime) -> None:
    """The clock of a part runs on, later by the time it stood still, not past the disposal's."""
    timer = Timer.objects.filter(assignment=task).order_by("-id").first()
    if timer is None or timer.ended_at is None:
        return
    go_on_after(timer, timer.ended_at, now=now, cause=StandCause.SUBMITTED)
    disposal = Timer.objects.filter(
        case=task.case_id, stage=Stage.DISPOSAL.value, state__in=OPEN_STATES
    )
    last = disposal.values_list("due_at", flat=True).first()
    if last:
        bring_forward(Timer.objects.filter(pk=timer.pk), last, now=now)


def disposal_due(case: Case) -> datetime | None:
    """When the unit must be done, by its open disposal clock."""
    clock = Timer.objects.filter(
        case=case, stage=Stage.DISPOSAL.value, intake__isnull=True, state__in=OPEN_STATES
    )
    return clock.values_list("due_at", flat=True).first()


def in_the_city(at: datetime) -> str:
    """A moment as people of the city write it."""
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M}"


def start(case: Case, stage: Stage, *, now: datetime) -> Timer:
    """Start a clock by the rules; the unit's own hours count for its stages."""
    limit = disposal_limit(case) if stage is Stage.DISPOSAL else None
    limit = safe_limit(case) if stage is Stage.SAFE else limit
    limit = limit or catalogue.current().stage_limit(stage, case.priority)
    return _start_by_limit(case, stage, limit, now=now)


def start_rework(case: Case, *, now: datetime) -> Timer:
    """A new disposal clock by the rework limit (重办, domain.md 2.4.4)."""
    limit = catalogue.current().stage_limit("REWORK", case.priority)
    return _start_by_limit(case, Stage.DISPOSAL, limit, now=now, is_rework=True)


def own_disposal_due(case: Case, *, now: datetime) -> datetime:
    """When the disposal of a case would be due (UTC) if it went out now."""
    limit = disposal_limit(case) or catalogue.current().stage_limit(Stage.DISPOSAL, case.priority)
    return due(now, limit, planning.hours_for(limit, case.lead_unit_id))


def _start_by_limit(
    case: Case, stage: Stage, limit: Limit, *, now: datetime, is_rework: bool = False
) -> Timer:
    unit_id = case.lead_unit_id if stage in OWN_HOURS else None
    due_at = due(now, limit, planning.hours_for(limit, unit_id))
    return start_with(case, stage, limit, due_at, now=now, hours_of=unit_id, is_rework=is_rework)


def start_with(
    case: Case,
    stage: Stage,
    limit: Limit,
    due_at: datetime,
    *,
    now: datetime,
    hours_of: int | None = None,
    is_rework: bool = False,
    task: Assignment | None = None,
) -> Timer:
    """Start a clock that ends at `due_at` (UTC); `hours_of` is the unit whose hours count.

    Where that is sooner than its limit says, no recomputation makes it later.
    """
    hours = planning.hours_for(limit, hours_of)
    timer = Timer(
        case=case,
        assignment=task,
        stage=stage.value,
        started_at=now,
        due_at=due_at,
        hours_of_id=hours_of,
        limit_amount=limit.amount,
        limit_unit=limit.unit.value,
        limit_counting=limit.counting.value,
        limit_minutes=max(0, worked_between(now, due_at, hours)) / MINUTE,
        is_rework=is_rework,
        is_capped=due_at != due(now, limit, hours),
    )
    planning.plan(timer, case.priority)
    insert_prepared(timer)
    return timer


def go_on_after(timer: Timer, stood_from: datetime, *, now: datetime, cause: StandCause) -> None:
    """The clock runs on: what was left in working time when it stopped is left now.

    Its marks move with it; those that were said stay said. The standstill is kept.
    """
    timer.due_at = go_on(timer.due_at, stood_from, now, planning.hours_of(timer))
    timer.state = TimerState.RUNNING.value
    timer.ended_at = timer.paused_at = None
    planning.plan(timer, timer.case.priority)
    timer.save(update_fields=["due_at", "state", "ended_at", "paused_at", "next_at"])
    Standstill.objects.create(timer=timer, cause=cause.value, since=stood_from, until=now)


def give_deadline(timer: Timer, due_at: datetime, *, now: datetime) -> None:
    """Another due time: the marks are reckoned anew for it.

    A mark that was said for the deadline before is said again only where the time that is used
    lies below it now and comes up to it once more; a mark that was passed unsaid is said.
    """
    hours = planning.hours_of(timer)
    stood = timer.standstills.values_list("since", "until")
    lost = sum(worked_between(since, until, hours) for since, until in stood)
    at = planning.stands_at(timer, now)
    timer.due_at = due_at
    timer.limit_minutes = max(
        0.0, (worked_between(timer.started_at, due_at, hours) - lost) / MINUTE
    )
    timer.deadline_no += 1
    timer.said_percent = min(timer.said_percent, planning.reached(timer, now))
    if due_at > at:
        timer.said_percent = min(timer.said_percent, DUE - 1)
    if timer.said_percent < DUE:
        timer.overdue_at = None
    planning.plan(timer, timer.case.priority)
    timer.save()


def give_limit(timer: Timer, limit: Limit, *, now: datetime) -> None:
    """Another limit, reckoned from the original start with all that stood still or was granted."""
    timer.limit_amount, timer.limit_unit = limit.amount, limit.unit.value
    timer.limit_counting = limit.counting.value
    give_deadline(timer, original_due(timer), now=now)


def bring_forward(timers: QuerySet[Timer], due_at: datetime, *, now: datetime) -> None:
    """Clocks that are due later than `due_at` are due then (merging, tasks), and stay so."""
    for timer in timers.filter(due_at__gt=due_at).select_related("case"):
        timer.is_capped = True
        give_deadline(timer, due_at, now=now)


def original_due(timer: Timer) -> datetime:
    """The due time (UTC) worked out anew: from the start, by the limit that stands on the clock
    and today's calendar, with every standstill and approved extension in its order; not later
    than it is where it was capped."""
    own = limit_due(timer)
    return min(own, timer.due_at) if timer.is_capped else own


def limit_due(timer: Timer) -> datetime:
    """The same by the limit alone, whatever capped the clock."""
    first = due(timer.started_at, planning.limit_of(timer), planning.hours_of(timer))
    return moved_on(timer, first, since=timer.started_at)


def moved_on(timer: Timer, due_at: datetime, *, since: datetime) -> datetime:
    """A due time of the past (UTC) with all that stood still or was granted since then."""
    hours = planning.hours_of(timer)
    stood = [(still.until, still.since) for still in timer.standstills.all()]
    changes: list[tuple[datetime, datetime | int]] = [*stood, *_extensions(timer)]
    for at, change in sorted(changes, key=lambda item: item[0]):
        if at < since:
            continue
        if isinstance(change, int):
            due_at = due(due_at, days_of(change), hours)
        else:
            due_at = go_on(due_at, change, at, hours)
    return due_at


def days_of(days: int) -> Limit:
    """An extension by so many workdays."""
    return Limit(days, Unit.WD, Counting.WORK_MINUTES)


def _extensions(timer: Timer) -> list[tuple[datetime, int]]:
    if timer.stage != Stage.DISPOSAL.value:
        return []
    approved = Extension.objects.filter(
        case=timer.case_id,
        decision=Approval.APPROVED.value,
        decided_at__gte=timer.started_at,
    )
    return [(at, days) for at, days in approved.values_list("decided_at", "days") if at]


def replan(case: Case) -> None:
    """Reckon the marks of the open clocks anew, after a change of priority."""
    for timer in Timer.objects.filter(case=case, state__in=OPEN_STATES):
        before = timer.next_at
        planning.plan(timer, case.priority)
        if timer.next_at != before:
            timer.save(update_fields=["next_at"])


def promise_anew(case: Case, *, now: datetime) -> None:
    """Each voice whose reply clock has ended is promised a reply anew; the first one's clock
    stays as the record of how that promise was kept."""
    clocks = Timer.objects.filter(case=case, intake__isnull=False, stage=Stage.REPLY.value)
    last = {timer.intake_id: timer for timer in clocks.order_by("pk")}
    for timer in [timer for timer in last.values() if timer.ended_at is not None]:
        limit = planning.limit_of(timer)
        due_at = due(now, limit, planning.hours_of(timer))
        again = Timer(
            case=case,
            intake_id=timer.intake_id,
            stage=timer.stage,
            started_at=now,
            due_at=due_at,
            hours_of_id=timer.hours_of_id,
            limit_amount=limit.amount,
            limit_unit=limit.unit.value,
            limit_counting=limit.counting.value,
            limit_minutes=worked_between(now, due_at, planning.hours_of(timer)) / MINUTE,
        )
        planning.plan(again, case.priority)
        again.save()
        Intake.objects.filter(timer=again).update(reply_due_at=due_at)


def resume_disposal(case: Case, *, now: datetime) -> None:
    """The last disposal clock runs on with what it had left (bounce, T29); where the category was
    changed meanwhile (T39), by the new limit."""
    timer = (
        Timer.objects.filter(case=case, stage=Stage.DISPOSAL.value, intake__isnull=True)
        .order_by("-started_at", "-id")
        .first()
    )
    if timer is not None and timer.ended_at is not None:
        handed_in_at = timer.ended_at
        go_on_after(timer, handed_in_at, now=now, cause=StandCause.SUBMITTED)
        changed = Event.objects.filter(case_id=case.pk, topic=RECATEGORISED, at__gte=handed_in_at)
        if not timer.is_rework and changed.exists():
            limit = disposal_limit(case)
            limit = limit or catalogue.current().stage_limit(Stage.DISPOSAL, case.priority)
            give_limit(timer, limit, now=now)


def disposal_limit(case: Case) -> Limit | None:
    """The limit of the filing condition, or None where the case has none."""
    book = catalogue.current()
    condition = book.conditions.get(case.condition_code)
    return limit_of(condition) if condition else None


def safe_limit(case: Case) -> Limit | None:
    """The limit in which the filing condition wants the site made safe; None where it has none."""
    condition = catalogue.current().conditions.get(case.condition_code)
    if condition is None or not condition.safe_amount:
        return None
    return Limit(condition.safe_amount, Unit(condition.safe_unit))


def refresh_due(case: Case, clocks: Sequence[Timer] | None = None) -> None:
    """Set `due_stage`, `due_at` and `near_at` from the earliest running clock (not saved).

    Clocks of voices, of tasks and of a verification beside the work are their own: they never
    move the case in the queue. `clocks` are the open ones, where the caller has them.
    """
    aside = BESIDE_STAGES if case.state in BESIDE else frozenset()
    own = [
        clock
        for clock in (open_clocks(case) if clocks is None else clocks)
        if clock.state == TimerState.RUNNING.value
        and clock.assignment_id is None
        and clock.stage not in aside
    ]
    if not own:
        case.due_stage, case.due_at, case.near_at = "", NEVER, NEVER
        return
    first = min(own, key=lambda clock: (clock.due_at, clock.pk))
    case.due_stage, case.due_at = first.stage, first.due_at
    case.near_at = planning.near_at(first, case.priority)
