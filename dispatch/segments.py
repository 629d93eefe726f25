"""Who held a case, minute by minute: the segments that explain any lateness (features.md L4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Unit, User
from dispatch import catalogue
from dispatch.actions.errors import CaseNotFoundError
from dispatch.casefile import timers_of
from dispatch.clocks import working_minutes
from dispatch.lifecycle import ENDED, State
from dispatch.models import Case, Event

PARTIES = {
    State.REGISTERED: ("ACCEPT", "RECEIVER"),
    State.VERIFYING: ("VERIFY", "INSPECTOR"),
    State.PENDING_FILING: ("FILE", "DUTY_LEADER"),
    State.PENDING_DISPATCH: ("DISPATCH", "DISPATCHER"),
    State.PENDING_SIGN: ("SIGN", "UNIT"),
    State.PROCESSING: ("DISPOSAL", "UNIT"),
    State.RETURN_REVIEW: ("RETURN_REVIEW", "DISPATCHER"),
    State.ARBITRATION: ("ARBITRATION", "DUTY_LEADER"),
    State.PENDING_CHECK: ("CHECK", "DISPATCHER"),
    State.CHECKING: ("CHECK", "INSPECTOR"),
    State.PENDING_CALLBACK: ("CALLBACK", "CALLBACK"),
    State.SUSPENDED: ("SUSPENDED", "DUTY_LEADER"),
}
"""The stage and the party of each open state; UNIT stands for the unit that leads then."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An open state from one event to the next, and the unit that led in it."""

    since: datetime
    until: datetime
    state: State
    unit_id: int | None
    topic: str


def clock_of(user: User, case_no: str, *, now: datetime) -> dict[str, Any]:
    """Segments with working minutes, and the timers (GET /cases/{no}/clock).

    Raises CaseNotFoundError.
    """
    case = Case.objects.visible_to(user).filter(case_no=case_no).first()
    if case is None:
        raise CaseNotFoundError
    held = holdings(list(Event.objects.filter(case_id=case.pk).order_by("id")), now)
    units = Unit.objects.in_bulk({h.unit_id for h in held if h.unit_id})
    return {
        "segments": [_segment(holding, units) for holding in held],
        "timers": timers_of(case.pk, now),
    }


def holdings(events: Sequence[Event], now: datetime) -> list[Holding]:
    """The stretches between changes of state or unit; the last one of an open case ends now."""
    found: list[Holding] = []
    unit_id: int | None = None
    for event, following in zip(events, [*events[1:], None], strict=True):
        unit_id = event.payload.get("unit", unit_id)
        state = State(event.to_state)
        if state in ENDED:
            continue
        until = following.at if following else now
        if found and found[-1].state is state and found[-1].unit_id == unit_id:
            found[-1] = Holding(found[-1].since, until, state, unit_id, found[-1].topic)
        else:
            found.append(Holding(event.at, until, state, unit_id, event.topic))
    return found


def _segment(holding: Holding, units: dict[int, Unit]) -> dict[str, Any]:
    stage, party = PARTIES[holding.state]
    unit = units.get(holding.unit_id or 0)
    minutes = working_minutes(holding.since, holding.until, catalogue.current().calendar)
    return {
        "from": holding.since.isoformat(),
        "to": holding.until.isoformat(),
        "stage": stage,
        "party": unit.code if party == "UNIT" and unit else party,
        "running": holding.state is not State.SUSPENDED,
        "why": holding.topic,
        "counted_minutes": round(minutes, 1),
    }
