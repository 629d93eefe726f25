"""What the rules say about one case: the unit that should lead it, and why."""

from collections.abc import Mapping
from datetime import datetime

from dispatch import catalogue
from dispatch.assignment import Rule, Suggestion, Why, present
from dispatch.duties import rosters
from dispatch.models import Assignment, Case, ReturnRequest
from dispatch.models.assignments import AssignmentRole
from dispatch.models.disputes import ReturnDecision


def suggested(case: Case, *, now: datetime) -> Suggestion | None:
    """The unit for a case at this moment: after an accepted return the one that was proposed, else
    by precedent and duty list; None where somebody has to choose. A deputy unit gets the work of
    one that is away."""
    book = catalogue.current()
    if case.return_count and (accepted := _accepted(case)):
        return _as_proposed(accepted, rosters.deputies_at(book.absences, now))
    return book.suggest_unit(
        case.category_code,
        case.area_code,
        condition=case.condition_code,
        at=now,
        foreseen=case.lead_unit_id,
    )


def _as_proposed(accepted: ReturnRequest, deputies: Mapping[int, int]) -> Suggestion:
    """The proposed unit or who stands in for it, but never the unit that handed the case back."""
    proposed = accepted.proposed_unit_id
    unit = present(proposed, deputies)
    if unit in {proposed, accepted.unit_id}:
        return Suggestion(proposed, Why(Rule.RETURNED))
    return Suggestion(unit, Why(Rule.RETURNED, away=proposed))


def _accepted(case: Case) -> ReturnRequest | None:
    """The last accepted return, unless the case was dispatched since."""
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
    return None if since.exists() else last
