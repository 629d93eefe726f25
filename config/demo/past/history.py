"""Writes the planned weeks through the real doors and moves, with the moment of each as its now."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from accounts.models import Unit
from config.demo.past import oversight
from config.demo.past.deeds import Deeds
from config.demo.past.plans import Plan, Planner, Urgency
from config.demo.past.routes import Offices
from config.demo.people import FIRST
from config.demo.spots import read_spots
from config.demo.stories import DISTRICTS, StoryTeller
from dispatch import catalogue, outbox
from dispatch.lifecycle import State
from dispatch.models import Cursor, Line

SEED = 20261126
STEPS_AT_ONCE = 100
LINES_SAID = 8
KEPT_AS = "demo history"
MERGED = 0.03
LINES = {Line.HOTLINE: 52, Line.GRID: 36, Line.AFFAIRS: 12}
STANDING = {
    State.REGISTERED: 8,
    State.VERIFYING: 4,
    State.PENDING_FILING: 5,
    State.PENDING_DISPATCH: 6,
    State.PENDING_SIGN: 24,
    State.PROCESSING: 66,
    State.RETURN_REVIEW: 3,
    State.ARBITRATION: 1,
    State.SUSPENDED: 3,
    State.PENDING_CHECK: 4,
    State.CHECKING: 6,
    State.PENDING_CALLBACK: 12,
}
"""Open cases of the first district by state; the others have fewer of each."""
TIMED = STANDING.keys() - {State.SUSPENDED, State.ARBITRATION, State.RETURN_REVIEW}
OVERDUE_SHARE, NEAR_SHARE = 0.05, 0.14
ONE_THIRD = 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much history there is: until when, over how many days, how many cases."""

    now: datetime
    days: int
    cases: int


def load_history(extent: Extent, *, say: Say) -> int:
    """Write the history; how many steps were written. A run that was cut off is gone on with."""
    extent, done = _begun(extent)
    planned = plan_all(extent)
    steps = sorted(
        ((step.at, plan.number, order) for plan in planned for order, step in enumerate(plan.steps))
    )
    by_number = {plan.number: plan for plan in planned}
    deeds = Deeds()
    say_after = max(1, len(steps) // STEPS_AT_ONCE // LINES_SAID)
    for start in range(done, len(steps), STEPS_AT_ONCE):
        batch = steps[start : start + STEPS_AT_ONCE]
        with transaction.atomic():
            for _, number, order in batch:
                deeds.do(by_number[number], order)
            _keep("done", start + len(batch))
        if start // STEPS_AT_ONCE % say_after == 0:
            say(f"      {start:,} of {len(steps):,} steps of {len(planned):,} cases")
    with transaction.atomic():
        made = oversight.watch_over(deeds.staff, now=extent.now)
        _keep("whole", 1)
    return len(steps) - done + made


def is_whole() -> bool:
    """True when the history has been written to its end."""
    return _kept("whole") == 1


def plan_all(extent: Extent) -> list[Plan]:
    """Every case: those that are over and those that are open now. The same for the same extent."""
    draw = random.Random(SEED)  # noqa: S311 an invented history
    always_on = frozenset(Unit.objects.filter(always_on=True).values_list("pk", flat=True))
    offices = Offices(dict(Unit.objects.values_list("pk", "code")), always_on)
    teller = StoryTeller(read_spots(), draw)
    planner = Planner(teller, catalogue.current(), offices, extent.now)
    standing = list(_standing(extent.cases, draw))
    found = [
        planner.present(number, line, district, state, urgency)
        for number, (line, district, state, urgency) in enumerate(standing)
    ]
    past = max(0, round(extent.cases * (1 - MERGED)) - len(found))
    lines = draw.choices(list(LINES), list(LINES.values()), k=past)
    for number, line in enumerate(lines, start=len(found)):
        found.append(planner.past(number, line, days=extent.days))
    found += _twins(found, planner, draw)
    return found + list(oversight.outage(teller, first_number=len(found), now=extent.now))


def _twins(found: list[Plan], planner: Planner, draw: random.Random) -> list[Plan]:
    """Cases that turned out to be the same as another one and were merged into it."""
    twins: list[Plan] = []
    for plan in found:
        if draw.random() < MERGED:
            twin = planner.twin(len(found) + len(twins), plan)
            twins += [twin] if twin else []
    return twins


Standing = tuple[Line, str, State, Urgency]


def _standing(cases: int, draw: random.Random) -> Iterator[Standing]:
    """Line, district, state and urgency of each open case; at most a third of all cases."""
    all_of_them = sum(STANDING.values()) * sum(DISTRICTS.values()) / DISTRICTS[FIRST]
    scale = min(1.0, cases / ONE_THIRD / all_of_them)
    for district, weight in DISTRICTS.items():
        for state, count in STANDING.items():
            share = count * scale * weight / DISTRICTS[FIRST]
            whole = max(round(share), 1 if district == FIRST else 0)
            for position in range(whole):
                urgency = _urgency(position, whole) if state in TIMED else Urgency.OPEN
                yield _line(state, draw), district, state, urgency


def _urgency(position: int, whole: int) -> Urgency:
    """The first few of a group are overdue, the next ones near; small groups have none overdue."""
    overdue, near = round(whole * OVERDUE_SHARE), max(1, round(whole * NEAR_SHARE))
    if position < overdue:
        return Urgency.OVERDUE
    return Urgency.NEAR if position < overdue + near else Urgency.OPEN


def _line(state: State, draw: random.Random) -> Line:
    """Only calls are verified and called back; only calls and findings are checked on site."""
    if state in {State.VERIFYING, State.PENDING_CALLBACK}:
        return Line.HOTLINE
    lines = dict(LINES)
    if state is State.CHECKING:
        del lines[Line.AFFAIRS]
    return draw.choices(list(lines), list(lines.values()))[0]


def number_events(*, now: datetime, say: Say) -> int:
    """Number what is in the log, as the relay does; left to the relay where one is at work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [outbox.RELAY_LOCK])
        if not cursor.fetchone()[0]:
            say("      A relay is at work and numbers the events.")
            return 0
    try:
        rounds = 0
        while outbox.number_batch(now=now):
            rounds += 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [outbox.RELAY_LOCK])
    return rounds


def _begun(extent: Extent) -> tuple[Extent, int]:
    """The extent that was begun with, and how many of its steps are done; else this one's."""
    at = _kept("until")
    if at is None:
        with transaction.atomic():
            _keep("until", int(extent.now.timestamp()))
            _keep("days", extent.days)
            _keep("cases", extent.cases)
            _keep("done", 0)
        return _begun(extent)
    now = datetime.fromtimestamp(at, tz=extent.now.tzinfo)
    return Extent(now, _kept("days") or 1, _kept("cases") or 0), _kept("done") or 0


def _keep(what: str, number: int) -> None:
    """Remember a number of this load; the cursor moves in the transaction of its effect."""
    Cursor.objects.update_or_create(
        subscriber=f"{KEPT_AS} {what}", district=settings.CITY_CODE, defaults={"seq": number}
    )


def _kept(what: str) -> int | None:
    rows = Cursor.objects.filter(subscriber=f"{KEPT_AS} {what}", district=settings.CITY_CODE)
    return rows.values_list("seq", flat=True).first()
