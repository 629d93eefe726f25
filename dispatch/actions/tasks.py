"""Tasks of supporting and lower units, each with a clock of its own (domain.md 2.4.2, 7.3).

A task never has longer than what its giver has left; the result of the lead waits for it.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from dispatch.actions import dispatching, timing, undertakings
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.clocks import Counting, Limit, due
from dispatch.clocks import Unit as TimeUnit
from dispatch.lifecycle import Stage
from dispatch.models import Assignment, Case, Timer
from dispatch.models.assignments import AssignmentRole
from dispatch.timekeeping import planning
from dispatch.undertaking import Work, after

MOST_HOURS = 480
MOST_MINUTES = 32767
"""What the column of a limit holds."""


def add_support(context: MoveContext) -> None:
    """T27 协办: another unit helps, perhaps by a limit of its own; the lead stays answerable."""
    unit = dispatching.unit_by_code(context.text("unit"))
    lead = undertakings.lead_of(context.case)
    _give(context, unit, AssignmentRole.SUPPORT, lead, "ADDED: by the lead unit")


def sub_dispatch(context: MoveContext) -> None:
    """7.3: a unit hands part of its work to a unit below it (二级/三级承办), by the unit tree."""
    unit = dispatching.unit_by_code(context.text("unit"))
    giver = _giver(context)
    if unit.pk == giver.unit_id or not unit.path.startswith(giver.unit.path):
        raise _wrong_unit(_("只能分派给本单位的下级单位。"), "NOT_BELOW")
    _give(context, unit, AssignmentRole.SUB, giver, "GIVEN: by the unit above")


def sub_sign(context: MoveContext) -> None:
    """The unit takes its task."""
    task = _own_task(context)
    if task.state != Work.PENDING_SIGN.value:
        raise RuleError(_("任务已签收。"), code="ALREADY_SIGNED")
    task.state = Work.SIGNED.value
    task.signed_at, task.signed_by = context.now, context.by
    task.save(update_fields=["state", "signed_at", "signed_by"])
    context.payload["task_unit"] = task.unit_id


def sub_done(context: MoveContext) -> None:
    """The unit has done its part; its clock says whether in time, the lead looks at it."""
    task = _own_task(context)
    if task.state == Work.SUBMITTED.value:
        raise RuleError(_("任务已反馈，等待上级单位审核。"), code="ALREADY_DONE")
    below = Assignment.objects.filter(parent=task, ended_at__isnull=True)
    if below.exclude(state=Work.SUBMITTED.value).exists():
        raise RuleError(_("协办或下级单位的任务尚未完成。"), code="SUPPORT_OPEN")
    task.state = Work.SUBMITTED.value
    task.signed_at = task.signed_at or context.now
    task.signed_by = task.signed_by or context.by
    task.submitted_at, task.submitted_by = context.now, context.by
    task.save(update_fields=["state", "signed_at", "signed_by", "submitted_at", "submitted_by"])
    timing.stop_task(task, now=context.now)
    context.payload["task_unit"] = task.unit_id


def sub_return(context: MoveContext) -> None:
    """The unit hands its task back with the reason; whoever gave it has it again."""
    task = _own_task(context)
    undertakings.drop_below(task, now=context.now)
    undertakings.close(task, Work.RETURNED, now=context.now)
    undertakings.refresh_supports(context)
    context.payload["task_unit"] = task.unit_id


def recall(context: MoveContext) -> None:
    """The giver takes the task back, or does without a support; the reason is kept."""
    task = _named_task(context)
    undertakings.drop_below(task, now=context.now)
    undertakings.close(task, Work.RECALLED, now=context.now)
    undertakings.refresh_supports(context)
    context.payload["task_unit"] = task.unit_id


def sub_rework(context: MoveContext) -> None:
    """What a unit has handed in is not good enough: its clock runs on, never past the giver's."""
    task = _named_task(context)
    if task.state != Work.SUBMITTED.value:
        raise RuleError(_("该单位尚未反馈。"), code="NOT_DONE_YET")
    task.state = after(Work.SUBMITTED, Work.REWORK).value
    task.judged_by = context.by
    task.save(update_fields=["state", "judged_by"])
    timing.resume_task(task, now=context.now)
    context.payload["task_unit"] = task.unit_id


def accept_all(context: MoveContext) -> None:
    """The lead hands in the whole: what its units did is accepted with it."""
    for task in undertakings.open_tasks(context.case):
        undertakings.close(task, Work.ACCEPTED, now=context.now)
    undertakings.refresh_supports(context)


def _give(
    context: MoveContext,
    unit: Unit,
    role: AssignmentRole,
    giver: Assignment | None,
    why: str,
) -> None:
    case = context.case
    there = Assignment.objects.filter(case=case, unit=unit, ended_at__isnull=True)
    if unit.pk == case.lead_unit_id or there.exists():
        raise _wrong_unit(_("该单位已在承办。"), "ALREADY_IN")
    limit = _limit(context)
    left = due_of_giver(case, giver)
    task = Assignment.objects.create(
        case=case,
        unit=unit,
        role=role.value,
        parent=giver,
        task=context.text("text"),
        why=why,
        dispatched_at=context.now,
        dispatched_by=context.by,
    )
    if limit or (role is AssignmentRole.SUB and left and left > context.now):
        _start_clock(context, task, limit, left)
    undertakings.refresh_supports(context)
    context.payload |= {"task_unit": unit.pk, "task": task.pk}


def _start_clock(
    context: MoveContext, task: Assignment, limit: Limit | None, last: datetime | None
) -> None:
    """Its own limit, or all that the giver has left where none is named.

    A giver who is late already gives without a limit: what is left to give is nothing.
    """
    hours = None if limit is None else planning.hours_for(limit, task.unit_id)
    due_at = due(context.now, limit, hours) if limit and hours else last
    if last is None or due_at is None or due_at > last:
        why = _("时限不得超过本单位的剩余时限（至 %(last)s）。") % {
            "last": timing.in_the_city(last) if last else "-"
        }
        raise RuleError(why, code="LONGER_THAN_LEFT", fields={"hours": [str(why)]})
    minutes = max(1, int((due_at - context.now).total_seconds() // 60))
    limit = limit or Limit(min(minutes, MOST_MINUTES), TimeUnit.MIN, Counting.WORK_MINUTES)
    timing.start_with(
        context.case, Stage.TASK, limit, due_at, now=context.now, hours_of=task.unit_id, task=task
    )
    context.payload["task_due_at"] = due_at.isoformat()


def due_of_giver(case: Case, giver: Assignment | None) -> datetime | None:
    """When the giver itself must be done: its own task's clock, or the disposal clock."""
    clocks = Timer.objects.filter(case=case, state__in=timing.OPEN_STATES)
    if giver is not None and giver.role != AssignmentRole.LEAD:
        own = clocks.filter(assignment=giver).values_list("due_at", flat=True).first()
        if own is not None:
            return own
    return timing.disposal_due(case)


def shorten(case: Case, *, now: datetime) -> None:
    """After a change of deadlines: no open task may have longer than the case itself."""
    last = due_of_giver(case, None) if case.support_units else None
    if last is not None:
        open_tasks = Timer.objects.filter(
            case=case, stage=Stage.TASK.value, state__in=timing.OPEN_STATES
        )
        timing.bring_forward(open_tasks, last, now=now)


def lengthen(case: Case, *, now: datetime) -> None:
    """After a deadline was given back: a task that was cut short for it has its own limit again,
    as far as its giver's clock reaches."""
    capped = Timer.objects.filter(
        case=case, stage=Stage.TASK.value, is_capped=True, state__in=timing.OPEN_STATES
    )
    for clock in capped.select_related("case", "assignment__parent").order_by("pk"):
        own = timing.limit_due(clock)
        last = due_of_giver(case, clock.assignment.parent if clock.assignment else None)
        end = min(own, last) if last else own
        if end != clock.due_at:
            clock.is_capped = end < own
            timing.give_deadline(clock, end, now=now)


def _limit(context: MoveContext) -> Limit | None:
    text = context.text("hours")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_HOURS:
        why = str(_("请填写 1 到 480 个工作小时。"))
        raise RuleError(why, code="FIELDS", fields={"hours": [why]})
    return Limit(int(text), TimeUnit.WH, Counting.WORK_MINUTES)


def _giver(context: MoveContext) -> Assignment:
    """The part of the case that the person's units hold: the lead's first, else the widest task."""
    own = context.person.scope().unit_ids
    parts = Assignment.objects.filter(case=context.case, ended_at__isnull=True, unit_id__in=own)
    rows = sorted(
        parts.select_related("unit"),
        key=lambda row: (row.role != AssignmentRole.LEAD, len(row.unit.path)),
    )
    if not rows:
        raise RuleError(_("本单位没有在办的任务。"), code="NO_TASK")
    return rows[0]


def _own_task(context: MoveContext) -> Assignment:
    """The open task of the person's own units: the one not done yet, of the highest unit."""
    own = context.person.scope().unit_ids
    parts = undertakings.open_tasks(context.case).filter(unit_id__in=own)
    rows = list(parts.select_related("unit"))
    if not rows:
        raise RuleError(_("本单位没有未完成的任务。"), code="NO_TASK")
    return min(rows, key=lambda row: (row.state == Work.SUBMITTED.value, len(row.unit.path)))


def _named_task(context: MoveContext) -> Assignment:
    """The open task of the unit that `unit` names; only its giver, or the lead, disposes of it."""
    unit = dispatching.unit_by_code(context.text("unit"))
    task = undertakings.open_tasks(context.case).filter(unit=unit).select_related("parent").first()
    if task is None:
        raise _wrong_unit(_("该单位没有未完成的任务。"), "NO_TASK")
    givers = {context.case.lead_unit_id, task.parent.unit_id if task.parent else None}
    if not givers & context.person.scope().unit_ids:
        raise _wrong_unit(_("该任务不是本单位分派的。"), "NOT_GIVEN_BY_YOU")
    return task


def _wrong_unit(why: object, code: str) -> RuleError:
    return RuleError(why, code=code, fields={"unit": [str(why)]})
