"""What the rules say about one case: the unit that should lead it, and why."""

from datetime import datetime

from dispatch import catalogue
from dispatch.assignment import Rule, Suggestion, Why
from dispatch.models import Assignment, Case, ReturnRequest
from dispatch.models.assignments import AssignmentRole
from dispatch.models.disputes import ReturnDecision


def suggested(case: Case, *, now: datetime) -> Suggestion | None:
    """The unit for a case at this moment: after an accepted return the one that was proposed, else
    by precedent and duty list; None where somebody has to choose."""
    if case.return_count and (proposed := _proposed(case)):
        return Suggestion(proposed, Why(Rule.RETURNED))
    return catalogue.current().suggest_unit(
        case.category_code,
        case.area_code,
        condition=case.condition_code,
        at=now,
        foreseen=case.lead_unit_id,
    )


def _proposed(case: Case) -> int | None:
    """The unit that an accepted return proposed, unless the case was dispatched since."""
    last = (
        ReturnRequest.objects.filter(case=case, decision=ReturnDecision.ACCEPTED)
        .order_by("-decided_at", "-pk")
        .first()
    )
    if last is None or last.decided_at is None:
        return None
    since = Assignment.objects.filter(
        case=case, role=AssignmentRole.LEAD, dispatched_at__gt=last.decided_at
    )
    return None if since.exists() else last.proposed_unit_id
