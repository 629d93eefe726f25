"""Who held a case, minute by minute: the segments that explain any lateness (features.md L4).

Segments follow each other without gap or overlap from the registration to the end of the case or
now. Each says which clocks ran in it and how many of their minutes it took, so that the minutes of
a clock over all segments are what the clock has used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.models import Unit, User
from dispatch import catalogue
from dispatch.actions.errors import CaseNotFoundError
from dispatch.casefile import voices_for
from dispatch.clocks import working_minutes
from dispatch.lifecycle import ENDED, State
from dispatch.models import Case, Event, Pause, Timer
from dispatch.models.delays import PauseKind
from dispatch.timekeeping import planning
from dispatch.timekeeping.explaining import clocks_of

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
CITIZEN, PRIMARY, NOBODY = "CITIZEN", "PRIMARY", "NOBODY"
"""Parties of the time in which no clock of ours runs: the citizen is asked, the case is merged
into another, or it was ended and came back."""
BETWEEN_US = frozenset({State.RETURN_REVIEW, State.ARBITRATION})
"""States in which two units are named: who hands back and who should have it."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A state from one event to the next, who led in it, and why the clocks stood still."""

    since: datetime
    until: datetime
    state: State
    unit_id: int | None
    topic: str
    proposed_id: int | None = None
    cause: str = ""

    @property
    def running(self) -> bool:
        """True while the clocks of the case run."""
        return not self.cause


def clock_of(user: User, case_no: str, *, now: datetime) -> dict[str, Any]:
    """Segments with working minutes, and the clocks with their marks (GET /cases/{no}/clock).

    Raises CaseNotFoundError.
    """
    case = Case.objects.visible_to(user).filter(case_no=case_no).first()
    if case is None:
        raise CaseNotFoundError
    held = holdings_of(case, now)
    named = {pk for h in held for pk in (h.unit_id, h.proposed_id) if pk}
    units = Unit.objects.in_bulk(named)
    timers = list(
        Timer.objects.filter(case=case)
        .select_related("intake", "assignment__unit__parent")
        .prefetch_related("standstills")
        .order_by("id")
    )
    if any(timer.intake and timer.intake.confidential for timer in timers):
        _voices, hidden = voices_for(user, case.pk, case.area_code)
        timers = [timer for timer in timers if timer.intake not in hidden]
    return {
        "segments": [_segment(holding, units, timers, now) for holding in held],
        "timers": clocks_of(case, timers, now),
    }


def holdings_of(case: Case, now: datetime) -> list[Holding]:
    """All stretches of a case, cut where its clocks were stopped and went on."""
    events = list(Event.objects.filter(case_id=case.pk).order_by("id"))
    pauses = list(Pause.objects.filter(case=case).order_by("started_at"))
    return [piece for one in holdings(events, now) for piece in cut(one, pauses)]


def holdings(events: Sequence[Event], now: datetime) -> list[Holding]:
    """The stretches between changes of state or unit; the last one of an open case ends now.

    Time in which a case was merged or closed stands there too where the case came back.
    """
    found: list[Holding] = []
    unit_id = proposed = None
    for event, following in zip(events, [*events[1:], None], strict=True):
        unit_id = event.payload.get("unit", unit_id)
        proposed = event.payload.get("proposed", proposed)
        state = State(event.to_state)
        until = max(following.at if following else now, event.at)
        if found and found[-1].state is state and found[-1].unit_id == unit_id:
            found[-1] = replace(found[-1], until=until)
        else:
            since = found[-1].until if found else event.at
            named = proposed if state in BETWEEN_US else None
            cause = state.value if state in ENDED else ""
            found.append(Holding(since, until, state, unit_id, event.topic, named, cause))
    while found and found[-1].state in ENDED:
        found.pop()
    return found


def cut(holding: Holding, pauses: Sequence[Pause]) -> Iterator[Holding]:
    """The parts of a stretch before, in and after each pause; the parts in one name its cause."""
    since = holding.since
    for pause in pauses:
        begins = max(pause.started_at, since)
        ends = min(pause.ended_at or holding.until, holding.until)
        if begins >= ends:
            continue
        if since < begins:
            yield replace(holding, since=since, until=begins)
        yield replace(holding, since=begins, until=ends, cause=pause.kind)
        since = ends
    if since < holding.until or since == holding.since:
        yield replace(holding, since=since)


def _segment(
    holding: Holding, units: dict[int, Unit], timers: Sequence[Timer], now: datetime
) -> dict[str, Any]:
    stage, party = PARTIES.get(holding.state, (holding.state.value, NOBODY))
    unit = units.get(holding.unit_id or 0)
    if holding.state is State.MERGED:
        party = PRIMARY
    elif holding.cause == PauseKind.CITIZEN:
        party = CITIZEN
    elif party == "UNIT" and unit:
        party = unit.code
    calendar = catalogue.current().calendar
    minutes = working_minutes(holding.since, holding.until, calendar) if holding.running else 0
    named = [units[pk].code for pk in (holding.unit_id, holding.proposed_id) if pk in units]
    return {
        "from": holding.since.isoformat(),
        "to": holding.until.isoformat(),
        "stage": stage,
        "party": party,
        "units": named if holding.state in BETWEEN_US else named[:1],
        "running": holding.running,
        "cause": holding.cause,
        "why": holding.topic,
        "minutes": round((holding.until - holding.since).total_seconds() / 60, 1),
        "counted_minutes": round(minutes, 1),
        "clocks": list(_clocks_in(holding, timers, now)),
    }


def _clocks_in(
    holding: Holding, timers: Sequence[Timer], now: datetime
) -> Iterator[dict[str, Any]]:
    """The clocks that ran in a stretch, and how many minutes of their own hours it took."""
    for timer in timers:
        minutes = minutes_in(timer, holding.since, holding.until, now)
        if minutes > 0:
            yield {"timer": timer.pk, "stage": timer.stage, "minutes": round(minutes, 2)}


def minutes_in(timer: Timer, since: datetime, until: datetime, now: datetime) -> float:
    """The minutes that a clock has used between two moments; its standstills do not count."""
    hours = planning.hours_of(timer)
    begins = max(since, timer.started_at)
    ends = min(until, planning.stands_at(timer, now))
    if begins >= ends:
        return 0.0
    stood = sum(
        working_minutes(max(begins, still.since), min(ends, still.until), hours)
        for still in timer.standstills.all()
        if still.since < ends and still.until > begins
    )
    return working_minutes(begins, ends, hours) - stood
