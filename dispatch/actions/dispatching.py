"""T14 dispatch and T43 emergency_dispatch: a lead unit by the duty list, or a named one."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, UnitLevel
from dispatch import catalogue
from dispatch.actions import filing, timing
from dispatch.actions.context import MoveContext
from dispatch.actions.duties import routing
from dispatch.actions.errors import RuleError
from dispatch.assignment import Rule, Suggestion, Why
from dispatch.duties import workload
from dispatch.lifecycle import Stage, State
from dispatch.models import Assignment, Case, Line
from dispatch.models.assignments import AssignmentRole


def dispatch(context: MoveContext) -> None:
    """T14: the unit is the dispatcher's choice, else the duty list's; the why is kept."""
    unit, why = _unit(context)
    assign(context, unit, why)


def assign(context: MoveContext, unit: Unit, why: Why) -> None:
    """Make the unit the lead, from now on; a community can only support (domain.md 2.4.2).

    What goes straight to a street goes to its district too (同时送), which urges and coordinates.
    """
    case = context.case
    if unit.level == UnitLevel.COMMUNITY:
        raise RuleError(_("社区只能协办，不能主办。"), code="COMMUNITY_CANNOT_LEAD")
    if unit.level == UnitLevel.STREET:
        why = replace(why, copied_to=_district_of(unit))
    case.lead_unit = unit
    context.changed.add("lead_unit")
    Assignment.objects.create(
        case=case,
        unit=unit,
        role=AssignmentRole.LEAD,
        why=why.line(),
        why_codes=why.codes(),
        dispatched_at=context.now,
        dispatched_by=context.by,
    )
    workload.given_to(unit.pk)
    context.payload |= {"unit": unit.pk, "why": why.codes()}
    if why.copied_to:
        context.payload["copied_to"] = why.copied_to


def emergency_dispatch(context: MoveContext) -> None:
    """T43: files and dispatches in one act; only for P0. The inspector looks meanwhile
    (边处置边核实): a clock that runs already runs on, else one starts."""
    if not _is_verified_beside(context.case):
        context.starts = (Stage.SIGN, Stage.DISPOSAL)
        context.stops = context.move.stops | {Stage.VERIFY}
    filing.file(context)
    dispatch(context)


def _is_verified_beside(case: Case) -> bool:
    """True where somebody has to look at a place: not at an inspector's own report, not where one
    has just looked, and not at a sensitive case, which few may know (2.8)."""
    category = catalogue.current().categories[case.category_code]
    has_place = case.location is not None and category.needs_check
    looked = case.state == State.VERIFYING and not timing.is_open(case, Stage.VERIFY)
    return has_place and case.line != Line.GRID and not case.sensitive and not looked


def _unit(context: MoveContext) -> tuple[Unit, Why]:
    suggestion = routing.suggested(context.case, now=context.now)
    code = context.text("unit")
    if code:
        unit = unit_by_code(code)
        return unit, _why_chosen(context, unit, suggestion)
    if suggestion is None:
        raise RuleError(
            _("权责清单没有列出承办单位，请选择。"),
            code="UNIT_REQUIRED",
            fields={"unit": [str(_("权责清单没有列出承办单位，请选择。"))]},
        )
    return Unit.objects.get(pk=suggestion.unit_id), suggestion.why


def _why_chosen(context: MoveContext, unit: Unit, suggestion: Suggestion | None) -> Why:
    """The list's reason where the choice is the list's; else the dispatcher's, who gives hers for
    handing a department's duty down to a street (属地兜底, domain.md 4.5 rule 8)."""
    if suggestion and suggestion.unit_id == unit.pk:
        return suggestion.why
    is_pooled = suggestion is not None and unit.pk in suggestion.why.pool
    if unit.level != UnitLevel.STREET or suggestion is None or is_pooled:
        return Why(Rule.CHOSEN)
    if Unit.objects.get(pk=suggestion.unit_id).level == UnitLevel.STREET:
        return Why(Rule.CHOSEN)
    if not context.text("reason"):
        why = str(_("清单上属部门职责，交由街道承办须写明属地兜底的理由。"))
        raise RuleError(why, code="TERRITORIAL_REASON", fields={"reason": [why]})
    return Why(Rule.CHOSEN, territorial=True)


def _district_of(unit: Unit) -> int | None:
    """The district's own unit above a street's: the root of its path."""
    root = Unit.objects.filter(code=unit.path.split("/")[1]).exclude(pk=unit.pk)
    return root.values_list("pk", flat=True).first()


def unit_by_code(code: str) -> Unit:
    """The unit; raises RuleError UNKNOWN_UNIT."""
    unit = Unit.objects.filter(code=code).first()
    if unit is None:
        why = str(_("没有这个单位。"))
        raise RuleError(why, code="UNKNOWN_UNIT", fields={"unit": [why]})
    return unit
