"""What a merge carries over to the primary case, and gives back when it is undone (domain.md 4.3).

Deadlines: the earliest of all live ones, never later (rule 3). Tasks of supporting and lower units
go on under the primary where the same unit leads it. Requests for an extension or a suspension end
refused: the primary's unit asks anew. Pauses end with the move. A supervised case is not merged
before its supervision has ended (obstacles.py).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case as Case_
from django.db.models import Q, Value, When

from accounts.models import User
from dispatch.actions import timing, undertakings
from dispatch.lifecycle import Stage, State
from dispatch.models import (
    Assignment,
    Case,
    Extension,
    Merge,
    Pause,
    Standstill,
    Suspension,
    Timer,
)
from dispatch.models.assignments import AssignmentRole
from dispatch.models.delays import Approval, PauseKind
from dispatch.models.timers import StandCause, TimerState

BEFORE_DISPATCH = frozenset(
    {
        State.REGISTERED.value,
        State.VERIFYING.value,
        State.PENDING_FILING.value,
        State.PENDING_DISPATCH.value,
    }
)


@dataclass(slots=True)
class Along:
    """What a merge did to clocks and tasks: ids, as the Merge row keeps them."""

    stopped: list[int] = field(default_factory=list)
    shortened: dict[str, list[Any]] = field(default_factory=dict)
    carried: dict[str, list[int]] = field(default_factory=dict)


def carry(case: Case, primary: Case, *, by: User | None, now: datetime) -> Along:
    """Hand the case's clocks and tasks to the primary; both rows are locked."""
    along = Along()
    along.carried["tasks"] = _carry_tasks(case, primary)
    clocks = list(
        Timer.objects.filter(case=case, intake__isnull=True, state__in=timing.OPEN_STATES)
    )
    along.stopped = [clock.pk for clock in clocks]
    Timer.objects.filter(pk__in=along.stopped).update(
        state=TimerState.CANCELLED.value, ended_at=now, paused_at=None
    )
    own = [clock for clock in clocks if clock.assignment_id is None]
    along.carried["clocks"] = [
        copy for clock in own for copy in _hand_over(along, clock, primary, now)
    ]
    _cap_tasks(primary, now)
    _refuse_requests(case, by=by, now=now)
    return along


def _hand_over(along: Along, clock: Timer, primary: Case, now: datetime) -> list[int]:
    """Shorten the primary's clock of the stage, or give it this one; the ids of those given."""
    same = Timer.objects.filter(
        case=primary,
        stage=clock.stage,
        intake__isnull=True,
        assignment__isnull=True,
        state__in=timing.OPEN_STATES,
    )
    held = same.first()
    if held is not None:
        if clock.due_at < held.due_at:
            along.shortened[str(held.pk)] = [held.due_at.isoformat(), held.is_capped]
        timing.bring_forward(same, clock.due_at, now=now)
        return []
    if clock.stage == Stage.DISPOSAL.value and primary.state in BEFORE_DISPATCH:
        along.carried["extensions"] = copy_extensions(clock, primary)
        return [copy_clock(clock, primary, now=now, is_capped=True).pk]
    return []


def copy_clock(clock: Timer, case: Case, *, now: datetime, is_capped: bool) -> Timer:
    """The same clock on another case, running: start, marks and standstills as they are.

    One that stands still has there what it had left in working time when it stopped.
    """
    copy = Timer.objects.get(pk=clock.pk)
    copy.pk, copy.case = None, case
    copy.state, copy.ended_at, copy.paused_at = TimerState.RUNNING.value, None, None
    copy.is_capped = is_capped
    copy.save(force_insert=True)
    Standstill.objects.bulk_create(
        Standstill(timer=copy, cause=still.cause, since=still.since, until=still.until)
        for still in clock.standstills.order_by("pk")
    )
    if clock.paused_at is not None:
        pauses = Pause.objects.filter(case=clock.case_id, ended_at__isnull=True)
        kind = pauses.values_list("kind", flat=True).first() or PauseKind.SUSPENDED
        timing.go_on_after(copy, clock.paused_at, now=now, cause=StandCause(kind))
    return copy


def copy_extensions(clock: Timer, case: Case) -> list[int]:
    """What the clock was granted goes with its copy, or a recomputation would take it; the ids."""
    granted = Extension.objects.filter(
        case=clock.case_id,
        decision=Approval.APPROVED.value,
        decided_at__gte=clock.started_at,
    )
    copies = list(granted.order_by("pk"))
    for copy in copies:
        copy.pk, copy.case = None, case
    return [row.pk for row in Extension.objects.bulk_create(copies)]


def _carry_tasks(case: Case, primary: Case) -> list[int]:
    """Re-point open tasks where the unit that leads is the same and the work has begun on both."""
    if {case.state, primary.state} != {State.PROCESSING.value}:
        return []
    leads = Assignment.objects.filter(role=AssignmentRole.LEAD, ended_at__isnull=True)
    old, new = leads.filter(case=case).first(), leads.filter(case=primary).first()
    if old is None or new is None or old.unit_id != new.unit_id:
        return []
    busy = set(Assignment.objects.filter(case=primary, ended_at__isnull=True).values_list("unit"))
    open_ones = Assignment.objects.filter(case=case, ended_at__isnull=True)
    tasks = list(open_ones.exclude(role=AssignmentRole.LEAD))
    if any((task.unit_id,) in busy for task in tasks):
        return []
    moved = [task.pk for task in tasks]
    Assignment.objects.filter(pk__in=moved, parent=old).update(parent=new)
    _point_tasks(moved, primary)
    return moved


def _point_tasks(tasks: list[int], case: Case) -> None:
    Assignment.objects.filter(pk__in=tasks).update(case=case)
    Timer.objects.filter(assignment_id__in=tasks).update(case=case)


def _refuse_requests(case: Case, *, by: User | None, now: datetime) -> None:
    """Nobody judges the own request: one that the merging person made ends without a judge."""
    pending = {"case": case, "decision": Approval.PENDING.value}
    judge = Case_(When(~Q(asked_by=by), then=Value(by.pk)), default=None) if by else None
    refused: dict[str, Any] = {
        "decision": Approval.REFUSED.value,
        "decided_by": judge,
        "decided_at": now,
    }
    Extension.objects.filter(**pending).update(**refused)
    Suspension.objects.filter(**pending).update(**refused, ended_at=now)


def cap_by_own_limit(case: Case, *, now: datetime) -> None:
    """At its first dispatch a clock that came along is not later than the case's own would be."""
    merges = Merge.objects.filter(primary=case, undone_at__isnull=True)
    carried = merges.values_list("carried", flat=True)
    ids = [pk for along in carried for pk in along.get("clocks", [])]
    clocks = Timer.objects.filter(pk__in=ids, case=case, state__in=timing.OPEN_STATES)
    leads = Assignment.objects.filter(case=case, role=AssignmentRole.LEAD)
    if ids and clocks.exists() and leads.count() == 1:
        timing.bring_forward(clocks, timing.own_disposal_due(case, now=now), now=now)


def _cap_tasks(primary: Case, now: datetime) -> None:
    """No task ends later than the disposal of its case."""
    open_ones = Timer.objects.filter(case=primary, state__in=timing.OPEN_STATES)
    disposal = open_ones.filter(stage=Stage.DISPOSAL.value, assignment__isnull=True)
    last = disposal.values_list("due_at", flat=True).first()
    if last is not None:
        timing.bring_forward(open_ones.filter(assignment__isnull=False), last, now=now)


def supports_of(case: Case) -> list[int]:
    """The units beside the lead with an open task, in a dispute the other side too."""
    tasks = Assignment.objects.filter(case=case, ended_at__isnull=True)
    units = set(tasks.exclude(role=AssignmentRole.LEAD).values_list("unit_id", flat=True))
    if case.state in undertakings.DISPUTED:
        units |= set(case.support_units)
    return sorted(units - {case.lead_unit_id})
