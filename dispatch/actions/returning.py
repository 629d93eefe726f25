"""Returns and rulings: clause, proposed owner and evidence; the second return ends in a ruling.

The disposal clock runs on all the while (domain.md 4.5).
"""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from dispatch import catalogue
from dispatch.actions import dispatching
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.lifecycle import CloseType, State
from dispatch.models import Assignment, ReturnRequest, Ruling
from dispatch.models.cases import AssignmentRole
from dispatch.models.disputes import ReturnDecision, RulingKind

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
    ReturnRequest.objects.create(
        case=case,
        unit_id=lead.unit_id,
        proposed_unit=proposed,
        clause=context.text("clause")[:200],
        reason=context.text("reason"),
        evidence=context.text("evidence"),
        was_signed=lead.signed_at is not None,
        asked_by=context.person,
        asked_at=context.now,
    )
    case.return_count += 1
    context.changed.add("return_count")
    late = context.now - lead.dispatched_at > RETURN_WINDOW
    context.payload |= {"proposed": proposed.pk, "returns": case.return_count, "late": late}
    if case.return_count >= RETURNS_BEFORE_RULING:
        context.then = "escalate"


def accept_return(context: MoveContext) -> None:
    """T18: the unit was right; the wrong dispatch is counted, the case goes out again."""
    request = _decide(context, ReturnDecision.ACCEPTED)
    _end_lead(context)
    context.case.lead_unit = request.proposed_unit
    context.changed.add("lead_unit")
    context.payload |= {"unit": request.proposed_unit_id, "wrong_unit": request.unit_id}


def refuse_return(context: MoveContext) -> None:
    """T19: the unit has to do it; an invalid return is counted. Signed work goes on."""
    request = _decide(context, ReturnDecision.REFUSED)
    if request.was_signed:
        context.target = State.PROCESSING
        context.starts = ()
    context.payload["unit"] = request.unit_id


def designate(context: MoveContext) -> None:
    """T21: decision with its basis; it cannot be returned and may become a precedent."""
    case = context.case
    unit = dispatching.unit_by_code(context.text("unit"))
    _rule(context, RulingKind.DESIGNATE, unit)
    _end_lead(context)
    dispatching.assign(context, unit, f"RULING: R-{case.case_no}")
    case.no_return = True
    context.changed.add("no_return")


def decide_out(context: MoveContext) -> None:
    """T22: nobody's duty here; the citizen is told why."""
    _rule(context, RulingKind.OUT, None)
    _end_lead(context)
    context.case.close_type = CloseType.SPECIAL.value
    context.case.closed_at = context.now
    context.changed |= {"close_type", "closed_at"}
    context.payload["close_type"] = CloseType.SPECIAL.value


def _rule(context: MoveContext, kind: RulingKind, unit: Unit | None) -> None:
    case = context.case
    ReturnRequest.objects.filter(case=case, decision=ReturnDecision.PENDING).update(
        decision=ReturnDecision.RULED, decided_by=context.by, decided_at=context.now
    )
    ruling = Ruling.objects.create(
        case=case,
        kind=kind,
        unit=unit,
        basis=context.text("reason"),
        decided_by=context.person,
        decided_at=context.now,
        category_code=case.category_code,
        area_code=case.street_code or case.district_code,
        is_precedent=context.text("precedent") == "YES" and unit is not None,
    )
    context.payload["ruling"] = ruling.pk
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


def _end_lead(context: MoveContext) -> None:
    Assignment.objects.filter(
        case=context.case, role=AssignmentRole.LEAD, ended_at__isnull=True
    ).update(ended_at=context.now)
