"""Returns and rulings: clause, proposed owner and evidence; the second return ends in a ruling.

The disposal clock runs on all the while (domain.md 4.5).
"""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, UnitLevel
from dispatch import catalogue
from dispatch.actions import dispatching, filing, supervising, undertakings
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.assignment import Rule, Why
from dispatch.lifecycle import CloseType, State
from dispatch.models import Assignment, Case, ReturnRequest, Ruling, Statement
from dispatch.models.assignments import AssignmentRole
from dispatch.models.disputes import ReturnDecision, RulingKind
from dispatch.undertaking import Work

RETURNS_BEFORE_RULING = 2
RETURN_WINDOW = timedelta(hours=24)


def request_return(context: MoveContext) -> None:
    """T16/T17: not after a designation; later than 24 hours after dispatch counts as late."""
    case = context.case
    proposed = dispatching.unit_by_code(context.text("unit"))
    lead = _lead(context)
    if proposed.pk == lead.unit_id:
        why = str(_("请提出另一个单位。"))
        raise RuleError(why, code="SAME_UNIT", fields={"unit": [why]})
    late = context.now - lead.dispatched_at > RETURN_WINDOW
    ReturnRequest.objects.create(
        case=case,
        unit_id=lead.unit_id,
        proposed_unit=proposed,
        clause=context.text("clause")[:200],
        reason=context.text("reason"),
        evidence=context.text("evidence"),
        was_signed=lead.signed_at is not None,
        is_late=late,
        dispatched_by_id=lead.dispatched_by_id,
        asked_by=context.person,
        asked_at=context.now,
    )
    case.return_count += 1
    context.changed.add("return_count")
    undertakings.refresh_supports(context)
    context.payload |= {"proposed": proposed.pk, "returns": case.return_count, "late": late}
    if case.return_count >= RETURNS_BEFORE_RULING:
        context.then = "escalate"


def accept_return(context: MoveContext) -> None:
    """T18: the unit was right; the wrong dispatch is counted, the case goes out again."""
    request = _decide(context, ReturnDecision.ACCEPTED)
    undertakings.end_lead(context, Work.RETURNED)
    context.case.lead_unit = request.proposed_unit
    context.changed.add("lead_unit")
    context.payload |= {"unit": request.proposed_unit_id, "wrong_unit": request.unit_id}
    supervising.watch_transfers(context)


def refuse_return(context: MoveContext) -> None:
    """T19: the unit has to do it; an invalid return is counted. Signed work goes on."""
    request = _decide(context, ReturnDecision.REFUSED)
    if request.was_signed:
        context.target = State.PROCESSING
        context.starts = ()
    undertakings.refresh_supports(context)
    context.payload["unit"] = request.unit_id


def designate(context: MoveContext) -> None:
    """T21: decision with its basis; it cannot be returned and may become a precedent.

    One unit, one with a support, the territorial unit (属地兜底), or a unit of the city (提级).
    """
    case = context.case
    unit = dispatching.unit_by_code(context.text("unit"))
    kind = RulingKind(context.text("ruling") or RulingKind.DESIGNATE)
    support = _support(context, kind, unit)
    _check_level(case, kind, unit)
    _rule(context, kind, unit, support)
    undertakings.end_lead(context, Work.RETURNED)
    dispatching.assign(context, unit, Why(Rule.RULING, item_no=f"R-{context.payload['ruling']}"))
    if support is not None:
        _add_support(context, support)
    undertakings.refresh_supports(context)
    case.no_return = True
    context.changed.add("no_return")


def state_position(context: MoveContext) -> None:
    """Both sides are heard before the decision: the unit that has it and those named as owners."""
    own = context.person.scope().unit_ids
    parties = [context.case.lead_unit_id, *context.case.support_units]
    unit_id = next(pk for pk in parties if pk in own)
    Statement.objects.create(
        case=context.case,
        unit_id=unit_id,
        text=context.text("text"),
        by=context.person,
        at=context.now,
    )
    context.payload["stated_by"] = unit_id


def _support(context: MoveContext, kind: RulingKind, unit: Unit) -> Unit | None:
    code = context.text("support")
    if kind is not RulingKind.JOINT:
        return None
    support = dispatching.unit_by_code(code) if code else None
    if support is None or support.pk == unit.pk:
        why = str(_("主办加协办须另选一个协办单位。"))
        raise RuleError(why, code="SUPPORT_MISSING", fields={"support": [why]})
    return support


def _check_level(case: Case, kind: RulingKind, unit: Unit) -> None:
    why: object = ""
    if kind is RulingKind.RAISED and unit.level != UnitLevel.CITY:
        why = _("提级须指定市级部门。")
    elif kind is RulingKind.TERRITORIAL and not case.area_code.startswith(unit.area_code):
        why = _("属地兜底须指定案件所在地的单位。")
    if why:
        raise RuleError(why, code="WRONG_LEVEL", fields={"unit": [str(why)]})


def _add_support(context: MoveContext, unit: Unit) -> None:
    Assignment.objects.create(
        case=context.case,
        unit=unit,
        role=AssignmentRole.SUPPORT,
        parent=undertakings.lead_of(context.case),
        task=context.text("reason"),
        why=f"RULING: R-{context.payload['ruling']}",
        dispatched_at=context.now,
        dispatched_by=context.by,
    )


def decide_out(context: MoveContext) -> None:
    """T22: nobody's duty here, by the law that says so; the citizen is told why."""
    filing.tell(context)
    _rule(context, RulingKind.OUT, None, None)
    undertakings.end_lead(context, Work.RETURNED)
    context.case.close_type = CloseType.SPECIAL.value
    context.case.closed_at = context.now
    context.changed |= {"close_type", "closed_at"}
    context.payload["close_type"] = CloseType.SPECIAL.value


def _rule(context: MoveContext, kind: RulingKind, unit: Unit | None, support: Unit | None) -> None:
    case = context.case
    ReturnRequest.objects.filter(case=case, decision=ReturnDecision.PENDING).update(
        decision=ReturnDecision.RULED, decided_by=context.by, decided_at=context.now
    )
    ruling = Ruling.objects.create(
        case=case,
        kind=kind,
        unit=unit,
        support=support,
        basis=context.text("reason"),
        legal_basis=context.text("legal_basis"),
        decided_by=context.person,
        decided_at=context.now,
        category_code=case.category_code,
        area_code=case.street_code or case.district_code,
        is_precedent=context.text("precedent") == "YES" and unit is not None,
    )
    context.payload |= {"ruling": ruling.pk, "kind": kind.value}
    if ruling.is_precedent:
        catalogue.refresh()


def _decide(context: MoveContext, decision: ReturnDecision) -> ReturnRequest:
    request = (
        ReturnRequest.objects.select_related("proposed_unit")
        .filter(case=context.case, decision=ReturnDecision.PENDING)
        .first()
    )
    if request is None:
        raise RuleError(_("没有待审核的退单。"), code="NO_RETURN_PENDING")
    request.decision = decision
    request.decided_by = context.by
    request.decided_at = context.now
    request.save(update_fields=["decision", "decided_by", "decided_at"])
    return request


def _lead(context: MoveContext) -> Assignment:
    return Assignment.objects.get(
        case=context.case, role=AssignmentRole.LEAD, ended_at__isnull=True
    )
