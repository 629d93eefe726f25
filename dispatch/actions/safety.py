"""事不完人不撤: until the site is safe the unit says how it stands (domain.md 1.6.1, 4.4).

Two clocks. PROGRESS asks for the next note, every half hour at an emergency; a note ends it and
the next one begins. SAFE is the limit that a filing condition sets for making the site safe before
it is put right. 现场安全确认 ends both, and so does the result.
"""

from collections.abc import Sequence
from datetime import datetime

from dispatch import catalogue
from dispatch.actions import timing, undertakings
from dispatch.actions.context import MoveContext
from dispatch.lifecycle import Stage, State
from dispatch.models import Case, Event, Timer
from dispatch.models.timers import TimerState

AT_WORK = frozenset({State.PROCESSING, State.RETURN_REVIEW, State.ARBITRATION})
"""States in which a unit that has signed is on the site, or ought to be."""
SENT_OUT = frozenset({"dispatch", "emergency_dispatch", "reopen"})
MADE_SAFE = "case.made_safe"
NEW_DANGER = "case.reopened"


def begin(context: MoveContext, clocks: Sequence[Timer]) -> list[Timer]:
    """Start the clocks that the case asks for after a move; `clocks` are the open ones."""
    case, now = context.case, context.now
    if context.move.name == "confirm_safe":
        return []
    running = {clock.stage for clock in clocks}
    started = ask_for_progress(case, running, now=now)
    safe = timing.safe_limit(case)
    is_new = context.move.name in SENT_OUT and Stage.SAFE.value not in running
    if safe is not None and is_new and not is_safe(case):
        started.append(timing.start(case, Stage.SAFE, now=now))
    return started


def ask_for_progress(case: Case, running: set[str], *, now: datetime) -> list[Timer]:
    """Start the clock of the next note where the priority asks for notes and none runs.

    A city without a limit for PROGRESS at a priority asks for none.
    """
    is_asked = (Stage.PROGRESS.value, case.priority) in catalogue.current().limits
    if not is_asked or State(case.state) not in AT_WORK or Stage.PROGRESS.value in running:
        return []
    lead = undertakings.lead_of(case)
    if lead is None or lead.signed_at is None or is_safe(case):
        return []
    return [timing.start(case, Stage.PROGRESS, now=now)]


def follow_priority(case: Case, *, now: datetime) -> None:
    """After a change of priority by joined or parted voices: ask for notes, or no longer."""
    if (Stage.PROGRESS.value, case.priority) not in catalogue.current().limits:
        timing.stop(case, {Stage.PROGRESS}, now=now, cancelled=True)
        return
    running = {clock.stage for clock in timing.open_clocks(case)}
    ask_for_progress(case, running, now=now)


def is_safe(case: Case) -> bool:
    """True when the site was made safe, and the case was not opened again since."""
    told = Event.objects.filter(case_id=case.pk, topic__in=[MADE_SAFE, NEW_DANGER])
    return told.order_by("-id").values_list("topic", flat=True).first() == MADE_SAFE


def follow_category(case: Case, *, now: datetime) -> None:
    """Another category: the limit for making safe is the new one's, from the original start."""
    clock = Timer.objects.filter(
        case=case, stage=Stage.SAFE.value, state__in=timing.OPEN_STATES
    ).select_related("case").first()  # fmt: skip
    if clock is None:
        return
    limit = timing.safe_limit(case)
    if limit is not None:
        timing.give_limit(clock, limit, now=now)
        return
    clock.state, clock.ended_at, clock.paused_at = TimerState.CANCELLED.value, now, None
    clock.save(update_fields=["state", "ended_at", "paused_at"])
