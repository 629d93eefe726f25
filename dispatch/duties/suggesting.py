"""What a dispatcher is told before she dispatches: which unit, why, how busy, and who else."""

from datetime import datetime
from typing import Any

from accounts.models import Unit, User
from dispatch import catalogue
from dispatch.actions.duties import routing
from dispatch.assignment import Duty, present, ranked
from dispatch.duties import reasons, rosters, workload
from dispatch.lifecycle import State
from dispatch.models import Case

TOLD = frozenset({"DISPATCHER", "DUTY_LEADER"})
"""Who dispatches: the dispatcher, and the duty leader in an emergency."""
BEFORE_DISPATCH = frozenset(
    {State.REGISTERED, State.VERIFYING, State.PENDING_FILING, State.PENDING_DISPATCH}
)
MOST_ALTERNATIVES = 4


def suggestion_for(user: User, case: Case, *, now: datetime) -> dict[str, Any] | None:
    """The suggestion with its alternatives; None for others, later, or where nothing fits."""
    if State(case.state) not in BEFORE_DISPATCH:
        return None
    if not user.scope().may(TOLD, case.area_code, None):
        return None
    found = routing.suggested(case, now=now)
    if found is None:
        return None
    others = _others(case, found.unit_id, now)
    units = Unit.objects.in_bulk([found.unit_id, *others])
    counts = workload.counted(list(units))
    codes = found.why.codes()
    unit = units[found.unit_id]
    return {
        "unit": unit.code,
        "unit_name": unit.name,
        "always_on": unit.always_on,
        "why_codes": codes,
        "why": reasons.words_for(codes),
        "item_no": found.item_no,
        "list_version": found.why.list_no or None,
        "open_cases": counts[unit.pk],
        "alternatives": [
            {
                "unit": units[pk].code,
                "unit_name": units[pk].name,
                "item_no": duty.item_no,
                "open_cases": counts[pk],
            }
            for pk, duty in others.items()
        ],
    }


def _others(case: Case, chosen: int, now: datetime) -> dict[int, Duty]:
    """The next units that the list names, the pool's others first, with the item of each."""
    book = catalogue.current()
    question = book.question(
        case.category_code, case.area_code, condition=case.condition_code, at=now
    )
    deputies = rosters.deputies_at(book.absences, now)
    found: dict[int, Duty] = {}
    for duty in ranked(book.roster, question):
        unit = present(duty.unit_id, deputies)
        if unit != chosen:
            found.setdefault(unit, duty)
    return dict(list(found.items())[:MOST_ALTERNATIVES])
