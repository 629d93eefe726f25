"""The unit's moves: sign, first contact, call for support, submit the result."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dispatch.actions import dispatching
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.models import Assignment
from dispatch.models.cases import AssignmentRole


def sign(context: MoveContext) -> None:
    """T15 签收."""
    _stamp(context, signed_at=context.now)


def first_contact(context: MoveContext) -> None:
    """T23 先行联系: stops the response clock."""
    context.payload["way"] = context.text("way")
    _stamp(context, contacted_at=context.now)


def add_support(context: MoveContext) -> None:
    """T27 协办: another unit helps; the lead stays answerable (domain.md 2.4.2)."""
    case, unit = context.case, dispatching.unit_by_code(context.text("unit"))
    if unit.pk == case.lead_unit_id or unit.pk in case.support_units:
        why = str(_("该单位已在承办。"))
        raise RuleError(why, code="ALREADY_IN", fields={"unit": [why]})
    Assignment.objects.create(
        case=case,
        unit=unit,
        role=AssignmentRole.SUPPORT,
        why="ADDED: by the lead unit",
        dispatched_at=context.now,
    )
    case.support_units = [*case.support_units, unit.pk]
    context.changed.add("support_units")
    context.payload["support"] = unit.pk


def support_done(context: MoveContext) -> None:
    """T27: the supporting unit has done its part."""
    own = context.person.scope().unit_ids
    done = _open_supports(context).filter(unit_id__in=own)
    if not done.update(submitted_at=context.now, ended_at=context.now):
        raise RuleError(_("本单位没有未完成的协办任务。"), code="NO_SUPPORT")


def excuse_support(context: MoveContext) -> None:
    """T27: the lead does without; the reason is kept."""
    unit = dispatching.unit_by_code(context.text("unit"))
    if not _open_supports(context).filter(unit=unit).update(ended_at=context.now):
        raise RuleError(_("该单位没有未完成的协办任务。"), code="NO_SUPPORT")
    context.payload["support"] = unit.pk


def _open_supports(context: MoveContext) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        case=context.case, role=AssignmentRole.SUPPORT, ended_at__isnull=True
    )


def submit_result(context: MoveContext) -> None:
    """T28: the result is on the table, the disposal clock stops; all support done or excused."""
    _stamp(context, submitted_at=context.now)


def _stamp(context: MoveContext, **times: object) -> None:
    Assignment.objects.filter(
        case=context.case, role=AssignmentRole.LEAD, ended_at__isnull=True
    ).update(**times)
