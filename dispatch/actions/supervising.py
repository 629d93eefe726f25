"""Watching over a case: urge, supervise, change its category, reopen."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from dispatch import catalogue
from dispatch.actions import dispatching, timing
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.lifecycle import Stage
from dispatch.models import Assignment, Timer

REOPEN_WITHIN = timedelta(days=30)


def urge(context: MoveContext) -> None:
    """T38 催办: counted, for order and colour."""
    context.case.urge_count += 1
    context.changed.add("urge_count")
    context.payload["urges"] = context.case.urge_count


def supervise(context: MoveContext) -> None:
    """T38 督办: the case is marked as a hard one."""
    context.case.is_hard = True
    context.changed.add("is_hard")


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
    timer = Timer.objects.filter(
        case=case,
        stage=Stage.DISPOSAL.value,
        intake__isnull=True,
        state__in=timing.OPEN_STATES,
    ).first()
    limit = timing.disposal_limit(case)
    if timer is None or limit is None:
        return
    old, timer.due_at = timer.due_at, book.due(timer.started_at, limit)
    timer.limit_amount, timer.limit_unit = limit.amount, limit.unit.value
    timer.limit_counting = limit.counting.value
    timer.overdue_at = None
    timer.save()
    context.payload |= {"old_due_at": old.isoformat(), "new_due_at": timer.due_at.isoformat()}


def reopen(context: MoveContext) -> None:
    """T36: a new fact or a fake closing; the unit that led goes on, by a new limit."""
    case = context.case
    if case.closed_at and context.now - case.closed_at > REOPEN_WITHIN:
        raise RuleError(_("结案超过 30 天，请另立新件。"), code="TOO_LATE")
    last = Assignment.objects.select_related("unit").filter(case=case).order_by("-pk").first()
    if last is None:
        raise RuleError(_("该案件未曾派遣，请另立新件。"), code="NEVER_DISPATCHED")
    dispatching.assign(context, last.unit, "REOPENED: same unit")
    case.close_type, case.closed_at = "", None
    context.changed |= {"close_type", "closed_at"}
