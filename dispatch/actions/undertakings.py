"""How each unit's work follows the moves of its case (domain.md 7.3); the case row is locked."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.prepared import update_prepared
from accounts.ready import ReadyQuery
from dispatch.actions import timing
from dispatch.actions.context import MoveContext
from dispatch.lifecycle import Stage, State
from dispatch.models import Assignment, Case, ReturnRequest, Timer
from dispatch.models.assignments import AssignmentRole
from dispatch.models.timers import TimerState
from dispatch.undertaking import BY_MOVE, Work, after

JUDGING = frozenset({"bounce", "check_fail", "rework", "check_pass", "no_check_needed"})
SIGNS_AT_ONCE = frozenset({Work.SIGNED, Work.CONTACTED, Work.IN_PROGRESS, Work.SUBMITTED})
DISPUTED = frozenset({State.RETURN_REVIEW.value, State.ARBITRATION.value})


_LEAD: ReadyQuery[Assignment] = ReadyQuery(
    "dispatch_lead_of_case",
    lambda case_id: Assignment.objects.filter(
        case_id=case_id, role=AssignmentRole.LEAD, ended_at__isnull=True
    ).select_related("unit"),
)


def lead_of(case: Case) -> Assignment | None:
    """The open lead of a case."""
    return _LEAD.first(case.pk)


def open_tasks(case: Case) -> QuerySet[Assignment]:
    """The tasks of supporting and lower units that have not ended."""
    tasks = Assignment.objects.filter(case=case, ended_at__isnull=True)
    return tasks.exclude(role=AssignmentRole.LEAD)


def follow(context: MoveContext) -> None:
    """Take the lead's work on with a move of its case; who signed, submitted, judged is kept."""
    wanted = BY_MOVE.get(context.move.name)
    if wanted is None or _is_of_a_helper(context):
        return
    lead = lead_of(context.case)
    if lead is None:
        return
    lead.state = after(Work(lead.state), wanted)
    if wanted in SIGNS_AT_ONCE and lead.signed_at is None:
        lead.signed_at, lead.signed_by = context.now, context.by
    if wanted is Work.CONTACTED:
        lead.contacted_at = context.now
    if wanted is Work.SUBMITTED:
        lead.submitted_at, lead.submitted_by = context.now, context.by
    if context.move.name in JUDGING:
        lead.judged_by = context.by
    update_prepared(
        lead,
        ["state", "signed_at", "signed_by", "contacted_at", "submitted_at", "submitted_by",
         "judged_by"],
    )  # fmt: skip


def _is_of_a_helper(context: MoveContext) -> bool:
    """True for what a unit with a task says: how far the lead is, the lead says itself."""
    lead = context.case.lead_unit_id
    return bool(context.move.by_any and context.by and lead not in context.by.scope().unit_ids)


def end_lead(context: MoveContext, state: Work) -> None:
    """The lead leaves the case, and its tasks go with it: they were its own to give.

    So do its promises to call the citizen and to say how it stands: who has the case next makes
    its own.
    """
    drop_tasks(context.case, now=context.now)
    timing.stop(context.case, {Stage.RESPONSE, Stage.PROGRESS}, now=context.now, cancelled=True)
    Assignment.objects.filter(
        case=context.case, role=AssignmentRole.LEAD, ended_at__isnull=True
    ).update(ended_at=context.now, state=state.value)
    refresh_supports(context)


def drop_tasks(case: Case, *, now: datetime) -> None:
    """Recall what has not been done; what was submitted stands accepted."""
    tasks = list(open_tasks(case))
    for task in tasks:
        done = task.state == Work.SUBMITTED.value
        close(task, Work.ACCEPTED if done else Work.RECALLED, now=now)


def drop_below(task: Assignment, *, now: datetime) -> None:
    """A unit is out of its task: what it had handed down ends with it, as the lead's tasks do."""
    for below in Assignment.objects.filter(parent=task, ended_at__isnull=True):
        drop_below(below, now=now)
        done = below.state == Work.SUBMITTED.value
        close(below, Work.ACCEPTED if done else Work.RECALLED, now=now)


def end_all(case: Case, *, now: datetime) -> None:
    """The case has ended: finished work is accepted, the rest is cut short."""
    for row in Assignment.objects.filter(case=case, ended_at__isnull=True):
        done = row.state in {Work.SUBMITTED.value, Work.ACCEPTED.value}
        close(row, Work.ACCEPTED if done else Work.CANCELLED, now=now)


def close(assignment: Assignment, state: Work, *, now: datetime) -> None:
    """End one unit's part and its clock: in time or not when it is done, else without a verdict."""
    assignment.state, assignment.ended_at = state.value, now
    assignment.save(update_fields=["state", "ended_at"])
    Timer.objects.filter(
        assignment=assignment, state__in=[TimerState.RUNNING.value, TimerState.PAUSED.value]
    ).update(state=TimerState.CANCELLED.value, ended_at=now, paused_at=None)


def revive(case: Case, *, ended_at: datetime) -> None:
    """A merge is undone: the work it cut short goes on, as far as it had come."""
    for row in Assignment.objects.filter(
        case=case, ended_at=ended_at, state=Work.CANCELLED.value
    ).order_by("pk"):
        revive_one(row)


def revive_one(row: Assignment) -> bool:
    """Let one unit's part that was cut short go on; False where it was not."""
    if row.state != Work.CANCELLED.value:
        return False
    row.state, row.ended_at = _as_far_as(row).value, None
    row.save(update_fields=["state", "ended_at"])
    return True


def _as_far_as(row: Assignment) -> Work:
    if row.contacted_at:
        return Work.CONTACTED
    return Work.SIGNED if row.signed_at else Work.PENDING_SIGN


def refresh_supports(context: MoveContext) -> None:
    """Who sees the case beside the lead: units with an open task, and in a dispute the other side.

    A unit that was named as the owner must be able to read what it is to be heard about.
    """
    case = context.case
    units = set(open_tasks(case).values_list("unit_id", flat=True))
    if context.target.value in DISPUTED:
        asked = ReturnRequest.objects.filter(case=case).values_list("unit_id", "proposed_unit_id")
        units |= {unit for pair in asked for unit in pair}
    case.support_units = sorted(units - {case.lead_unit_id})
    context.changed.add("support_units")
