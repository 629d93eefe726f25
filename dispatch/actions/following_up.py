"""T4's call after 24 hours: what became of what 110/119/120/122 took over (domain.md 7.2, 9.1).

Handed over is not closed well: the clock runs on after the case has ended, until somebody has
asked. Where nobody came, the case comes back to the desk.
"""

from datetime import datetime

from dispatch.actions import timing
from dispatch.actions.context import MoveContext
from dispatch.attempts import is_given_up
from dispatch.lifecycle import Stage, State
from dispatch.models import Case, Event

TOPIC = "case.followed_up"
UNREACHABLE, NOT_HANDLED = "UNREACHABLE", "NOT_HANDLED"


def follow_up(context: MoveContext) -> None:
    """Handled: done. Not handled: registered again, with new promises. Nobody answers: try again,
    as often as at a call-back (attempts.py)."""
    outcome = context.text("outcome")
    context.payload |= {"outcome": outcome, "way": context.text("way")}
    if outcome == UNREACHABLE and not is_given_up([*_tries(context.case), context.now]):
        return
    context.stops = frozenset({Stage.FOLLOW_UP})
    if outcome == NOT_HANDLED:
        take_back(context)


def _tries(case: Case) -> list[datetime]:
    """The calls that nobody answered, since the case was handed over for the last time."""
    told = Event.objects.filter(case_id=case.pk, topic=TOPIC, at__gte=case.closed_at)
    return list(told.filter(payload__outcome=UNREACHABLE).values_list("at", flat=True))


def take_back(context: MoveContext) -> None:
    """What was closed too soon is registered again, and its voices are promised anew."""
    case = context.case
    context.target, context.starts = State.REGISTERED, (Stage.ACCEPT,)
    context.payload["closed_at"] = case.closed_at.isoformat() if case.closed_at else None
    case.close_type, case.closed_at = "", None
    context.changed |= {"close_type", "closed_at"}
    timing.promise_anew(case, now=context.now)
