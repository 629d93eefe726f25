"""Putting right what was decided before: another category, a case opened again (T36, T39)."""

from dispatch import catalogue
from dispatch.actions import dispatching, safety, tasks, timing
from dispatch.actions.context import MoveContext
from dispatch.assignment import Rule, Why
from dispatch.lifecycle import Stage
from dispatch.models import Assignment, Category, FilingCondition, Timer
from dispatch.models.assignments import AssignmentRole
from dispatch.undertaking import Work


def change_category(context: MoveContext) -> None:
    """T39: the deadline is computed anew from the original start, and the log says both."""
    case, book = context.case, catalogue.current()
    category, condition = book.category(context.text("category"))
    condition = condition or book.default_condition(category.code)
    context.payload |= {"from_category": case.category_code}
    case.category_code, case.family = category.code, category.family
    case.condition_code = condition.code if condition else ""
    case.sensitive = case.sensitive or category.sensitive
    context.changed |= {"category_code", "family", "condition_code", "sensitive"}
    _raise_priority(context, category, condition)
    timer = Timer.objects.filter(
        case=case,
        stage=Stage.DISPOSAL.value,
        intake__isnull=True,
        is_rework=False,
        state__in=timing.OPEN_STATES,
    ).first()
    safety.follow_category(case, now=context.now)
    limit = timing.disposal_limit(case) or book.stage_limit(Stage.DISPOSAL, case.priority)
    if timer is None:
        return
    old = timer.due_at
    timing.give_limit(timer, limit, now=context.now)
    tasks.shorten(case, now=context.now)
    context.payload |= {"old_due_at": old.isoformat(), "new_due_at": timer.due_at.isoformat()}


def _raise_priority(
    context: MoveContext, category: Category, condition: FilingCondition | None
) -> None:
    """What turns out to be a danger is an emergency from now on; none is made less urgent so."""
    case = context.case
    known = [category.priority, *([condition.priority] if condition else [])]
    if min(known) >= case.priority:
        return
    context.payload |= {"from_priority": case.priority, "to_priority": min(known)}
    case.priority = min(known)
    context.changed.add("priority")
    timing.replan(case)


def reopen(context: MoveContext) -> None:
    """T36: a new fact or a fake closing; the unit that led goes on, by a new limit.

    The duty leader within 30 days; at the citizen's wish an operator within seven (obstacles.py).
    """
    case = context.case
    leads = Assignment.objects.select_related("unit").filter(case=case, role=AssignmentRole.LEAD)
    dispatching.assign(context, leads.order_by("-pk")[0].unit, Why(Rule.REOPENED))
    again = Assignment.objects.filter(case=case, ended_at__isnull=True)
    again.update(state=Work.SIGNED.value, signed_at=context.now)
    _open_again(context)


def object_untrue(context: MoveContext) -> None:
    """T8: the citizen objects to "not true": somebody looks a second time."""
    _open_again(context)


def appeal_accept(context: MoveContext) -> None:
    """T37: who was refused is promised an answer anew."""
    timing.promise_anew(context.case, now=context.now)


def _open_again(context: MoveContext) -> None:
    """Each citizen has a promise again; the record of the first one stays."""
    timing.promise_anew(context.case, now=context.now)
    closed_at = context.case.closed_at
    context.payload["closed_at"] = closed_at.isoformat() if closed_at else None
    context.case.close_type, context.case.closed_at = "", None
    context.changed |= {"close_type", "closed_at"}
