"""T14 dispatch and T43 emergency_dispatch: a lead unit by the duty list, or a named one."""

from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, UnitLevel
from dispatch import catalogue
from dispatch.actions import filing
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.models import Assignment
from dispatch.models.cases import AssignmentRole


def dispatch(context: MoveContext) -> None:
    """T14: the unit is the dispatcher's choice, else the duty list's; the why is kept."""
    unit, why = _unit(context)
    assign(context, unit, why)


def assign(context: MoveContext, unit: Unit, why: str) -> None:
    """Make the unit the lead, from now on; a community can only support (domain.md 2.4.2)."""
    case = context.case
    if unit.level == UnitLevel.COMMUNITY:
        raise RuleError(_("社区只能协办，不能主办。"), code="COMMUNITY_CANNOT_LEAD")
    case.lead_unit = unit
    context.changed.add("lead_unit")
    Assignment.objects.create(
        case=case,
        unit=unit,
        role=AssignmentRole.LEAD,
        why=why,
        dispatched_at=context.now,
    )
    context.payload |= {"unit": unit.pk, "why": why.split(":", 1)[0]}


def emergency_dispatch(context: MoveContext) -> None:
    """T43: files and dispatches in one act; only for P0."""
    filing.file(context)
    dispatch(context)


def _unit(context: MoveContext) -> tuple[Unit, str]:
    case = context.case
    code = context.text("unit")
    if code:
        return unit_by_code(code), "CHOSEN: by the dispatcher"
    suggestion = catalogue.current().suggest_unit(case.category_code, case.area_code)
    if suggestion is None:
        raise RuleError(
            _("权责清单没有列出承办单位，请选择。"),
            code="UNIT_REQUIRED",
            fields={"unit": [str(_("权责清单没有列出承办单位，请选择。"))]},
        )
    return Unit.objects.get(pk=suggestion.unit_id), suggestion.why


def unit_by_code(code: str) -> Unit:
    """The unit; raises RuleError UNKNOWN_UNIT."""
    unit = Unit.objects.filter(code=code).first()
    if unit is None:
        why = str(_("没有这个单位。"))
        raise RuleError(why, code="UNKNOWN_UNIT", fields={"unit": [why]})
    return unit
