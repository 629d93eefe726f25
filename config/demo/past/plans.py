"""When things happen: weeks that are over, and the cases that are open right now (pure)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from config.demo.past.routes import (
    DAYS,
    DETOURS,
    ENDS,
    REWORK,
    SOON,
    VOICE,
    Course,
    Detour,
    Ending,
    Leg,
    Offices,
    course_of,
    route,
    states_along,
)
from config.demo.stories import Story, StoryTeller
from dispatch.catalogue import Catalogue
from dispatch.clocks import ALWAYS_ON, SHANGHAI, Limit, Unit, add_working_minutes
from dispatch.lifecycle import Stage, State
from dispatch.models import Line, Priority

MINUTES = {Unit.MIN: 1, Unit.UH: 60, Unit.ND: 1440, Unit.WH: 60, Unit.WD: 480}
BY_THE_CLOCK = frozenset({Unit.MIN, Unit.UH, Unit.ND})
HOURS = {
    "day": (1, 1, 1, 1, 1, 2, 6, 14, 22, 26, 25, 20, 14, 15, 21, 23, 20, 16, 12, 10, 8, 6, 4, 2),
    "evening": (2, 1, 0, 0, 0, 0, 1, 2, 3, 3, 4, 8, 9, 5, 3, 4, 6, 12, 20, 24, 22, 14, 8, 4),
    "night": (12, 10, 6, 4, 3, 3, 3, 3, 2, 2, 2, 2, 3, 3, 2, 2, 2, 3, 5, 8, 12, 16, 20, 18),
}
"""How often a voice comes in each hour of the day."""
WEEKEND = 0.62
SATURDAY = 5
LATE = 0.07
CENTRE = frozenset({"RECEIVER", "DUTY_LEADER", "DISPATCHER", "CALLBACK", "OPERATOR", "INSPECTOR"})
"""Who works around the clock, in shifts."""
WEEKEND_WORK = 0.6
BEFORE_WORK = 0.25
"""The share of a short disposal limit that signing and the first contact may each take."""
JOINED = 0.07
MOST_JOINERS = 4
JOIN_WITHIN_M = 30.0
MERGED_WITHIN_MIN = (4.0, 25.0)
SENSITIVE = frozenset({"L9022"})
WORK_ENDS = frozenset({"submit_result", "suspend", *ENDS})
INTO = "into"
DETOUR_TO = {
    State.RETURN_REVIEW: Detour.RETURN,
    State.ARBITRATION: Detour.RULING,
    State.SUSPENDED: Detour.SUSPENSION,
}
NEAR = timedelta(hours=2)
SEARCH_BACK = timedelta(days=40)
LONGEST_OVERDUE = timedelta(days=4)
TRIES_AS_WISHED = 30
TRIES = 1000


ASKED = 0.2
"""The share of calls that an operator answers at once."""
ENDINGS: dict[Line, dict[Ending, float]] = {
    Line.HOTLINE: {
        Ending.CLOSED: 87,
        Ending.REJECTED: 4,
        Ending.TRANSFERRED: 1,
        Ending.UNTRUE: 4,
        Ending.FIXED_ALREADY: 2,
        Ending.VOIDED: 2,
    },
    Line.GRID: {
        Ending.CLOSED: 82,
        Ending.SELF_HANDLED: 15,
        Ending.FIXED_ALREADY: 1,
        Ending.VOIDED: 2,
    },
    Line.AFFAIRS: {Ending.CLOSED: 95, Ending.REJECTED: 5},
}
CLOCKS: dict[State, tuple[str, ...]] = {
    State.REGISTERED: (Stage.ACCEPT,),
    State.VERIFYING: (Stage.VERIFY,),
    State.PENDING_FILING: (Stage.FILE,),
    State.PENDING_DISPATCH: (Stage.DISPATCH,),
    State.PENDING_SIGN: (Stage.SIGN, Stage.DISPOSAL),
    State.PROCESSING: (Stage.DISPOSAL,),
    State.RETURN_REVIEW: (Stage.RETURN_REVIEW, Stage.DISPOSAL),
    State.ARBITRATION: (Stage.ARBITRATION, Stage.DISPOSAL),
    State.SUSPENDED: (),
    State.PENDING_CHECK: (Stage.CHECK,),
    State.CHECKING: (Stage.CHECK,),
    State.PENDING_CALLBACK: (Stage.CALLBACK,),
}
"""The clocks that run in a state, from the moment it (or the dispatch) began."""
OPEN_FOR_HOURS = {
    State.PENDING_SIGN: 5.0,
    State.PROCESSING: 70.0,
    State.PENDING_CALLBACK: 6.0,
    State.SUSPENDED: 40.0,
}
"""How long ago a state may have begun that is neither overdue nor near; 1.5 hours for the others,
whose limits are too short for more than the two hours of "near"."""
GAP = (1.0, 9.0)
GAPS = {
    "verified_true": (6.0, 25.0),
    "file": (2.0, 15.0),
    "dispatch": (2.0, 15.0),
    "sign": (5.0, 50.0),
    "confirm_safe": (2.0, 12.0),
    "first_contact": (5.0, 60.0),
    "submit_result": (40.0, 600.0),
    "check_pass": (8.0, 26.0),
}
"""Minutes between an act and the one before it, for cases planned from now backwards."""


@dataclass(frozen=True, slots=True)
class Step:
    """An act with its moment; `story` is told when the act is a voice."""

    at: datetime
    leg: Leg
    story: Story


@dataclass(frozen=True, slots=True)
class Plan:
    """One case of the demo from its first voice on; `number` is its natural key."""

    number: int
    line: Line
    steps: tuple[Step, ...]


class Urgency(StrEnum):
    """How near the deadline of an open case is."""

    OVERDUE = "OVERDUE"
    NEAR = "NEAR"
    OPEN = "OPEN"


class Planner:
    """Plans cases from one stream of chance and the catalogue's own limits and calendar."""

    def __init__(
        self, teller: StoryTeller, book: Catalogue, offices: Offices, now: datetime
    ) -> None:
        """`now` is the moment until which things have happened."""
        self.teller, self.draw = teller, teller.draw
        self.book, self.offices, self.now = book, offices, now

    def past(self, number: int, line: Line, *, days: int) -> Plan:
        """A case that has come to its end before now."""
        district = self.teller.district()
        story, ending = self._story(line, district)
        course = course_of(story, self.book, self.offices, at=self.now)
        joiners = self._joiners(story) if ending is Ending.CLOSED else []
        detour = self.draw.choices(list(DETOURS), list(DETOURS.values()))[0]
        replies = _replies(story, joiners)
        legs = route(course, ending, self.draw, replies=replies, detour=detour)
        start = self._arrival(story.scene.hours, days)
        times = self._forward(course, legs, start)
        while times[-1] >= self.now:
            start -= times[-1] - self.now + timedelta(minutes=self.draw.uniform(1, 300))
            times = self._forward(course, legs, start)
        steps = self._steps(story, legs, times)
        return Plan(number, line, self._with_joiners(steps, joiners, times[-1]))

    def present(
        self, number: int, line: Line, district: str, state: State, urgency: Urgency
    ) -> Plan:
        """A case that stands in `state` now; another story is tried where the clocks forbid it."""
        for attempt in range(TRIES):
            wanted = urgency if attempt < TRIES_AS_WISHED else Urgency.OPEN
            story = self._open_story(line, district)
            course = course_of(story, self.book, self.offices, at=self.now)
            joiners = self._joiners(story)
            replies = _replies(story, joiners)
            if state is State.PENDING_CALLBACK and not replies:
                continue
            detour = DETOUR_TO.get(state, Detour.NONE)
            legs = route(course, Ending.CLOSED, self.draw, replies=replies, detour=detour)
            legs = _until(legs, state)
            times = self._backward(course, legs, state, wanted) if legs else None
            if times:
                steps = self._steps(story, legs, times)
                return Plan(number, line, self._with_joiners(steps, joiners, self.now))
        raise LookupError(f"no story of {line} stands in {state} now")

    def _open_story(self, line: Line, district: str) -> Story:
        if line is Line.GRID:
            return self.teller.finding(district)
        return self.teller.call(district) if line is Line.HOTLINE else self.teller.event(district)

    def _story(self, line: Line, district: str) -> tuple[Story, Ending]:
        """A story and how it ends, as often as it does."""
        chance = self.draw.random()
        if line is Line.HOTLINE and chance < ASKED:
            return self.teller.question(district), Ending.ANSWERED
        story = self._open_story(line, district)
        ending = self.draw.choices(list(ENDINGS[line]), list(ENDINGS[line].values()))[0]
        course = course_of(story, self.book, self.offices, at=self.now)
        unseen = ending in {Ending.UNTRUE, Ending.FIXED_ALREADY} and not course.verify
        if unseen or (ending is Ending.SELF_HANDLED and course.priority <= Priority.P1):
            ending = Ending.CLOSED
        return story, ending

    def _joiners(self, story: Story) -> list[Story]:
        """Others who call about the same thing, a few metres beside it."""
        if story.line is Line.AFFAIRS or self.draw.random() > JOINED:
            return []
        if _is_sensitive(story) or self.book.categories[story.category].never_merge:
            return []
        count = self.draw.randint(1, MOST_JOINERS)
        spots = [self.teller.spots.near(story.spot, JOIN_WITHIN_M, self.draw) for _ in range(count)]
        others = [self.teller.call_about(story.scene, spot) for spot in spots]
        return [other for other in others if not _is_sensitive(other)]

    def _arrival(self, hours: str, days: int) -> datetime:
        """A moment of the last days by the curve of the day, fewer at weekends."""
        while True:
            day = (self.now - timedelta(days=self.draw.randrange(days))).astimezone(SHANGHAI).date()
            if day.weekday() >= SATURDAY and self.draw.random() > WEEKEND:
                continue
            hour = self.draw.choices(range(24), HOURS[hours])[0]
            moment = time(hour, self.draw.randrange(60), self.draw.randrange(60))
            at = datetime.combine(day, moment, SHANGHAI)
            if at < self.now:
                return at

    def _forward(self, course: Course, legs: Sequence[Leg], start: datetime) -> list[datetime]:
        """The moment of each act when the first voice comes at `start`."""
        times = [start]
        dispatched = start
        for leg in legs[1:]:
            since = dispatched if leg.stage == Stage.DISPOSAL else times[-1]
            at = self._done_at(course, leg, since)
            soonest = times[-1] + timedelta(seconds=self.draw.randint(40, 400))
            times.append(max(at, soonest))
            if leg.act.endswith("dispatch") and dispatched == start:
                dispatched = times[-1]
        return times

    def _done_at(self, course: Course, leg: Leg, since: datetime) -> datetime:
        if leg.stage == SOON:
            return since + timedelta(minutes=self.draw.uniform(2, 20))
        if leg.stage == DAYS:
            return since + timedelta(days=self.draw.uniform(0.8, 3.5))
        limit = course.limit(leg.stage, self.book)
        share = self.draw.betavariate(1.6, 3.4)
        is_work = leg.stage in {Stage.DISPOSAL, REWORK, Stage.CHECK}
        if is_work and self.draw.random() < LATE:
            share = 1.05 + self.draw.expovariate(2.5)
        always = leg.role in CENTRE or course.always_on
        always = always or (limit.unit is not Unit.WD and self.draw.random() < WEEKEND_WORK)
        at = self._after(since, limit, share, always)
        if leg.stage in {Stage.SIGN, Stage.RESPONSE}:
            return min(at, self._after(since, course.disposal, share * BEFORE_WORK, always))
        return at

    def _after(self, since: datetime, limit: Limit, share: float, always_on: bool) -> datetime:
        minutes = MINUTES[limit.unit] * limit.amount * share
        if limit.unit in BY_THE_CLOCK:
            return since + timedelta(minutes=minutes)
        return add_working_minutes(since, minutes, ALWAYS_ON if always_on else self.book.calendar)

    def _backward(
        self, course: Course, legs: Sequence[Leg], state: State, urgency: Urgency
    ) -> list[datetime] | None:
        """The moments of the acts that lead to `state` now; None where the clocks forbid it."""
        acts = [leg.act for leg in legs]
        pivot = len(legs) - 1
        if state in {State.PENDING_SIGN, State.PROCESSING}:
            pivot = next(i for i, act in enumerate(acts) if act.endswith("dispatch"))
        at = self._entered(lambda moment: self._due(course, state, moment), urgency, state)
        if at is None:
            return None
        times = [at]
        for leg in reversed(legs[1 : pivot + 1]):
            times.insert(
                0, times[0] - timedelta(minutes=self.draw.uniform(*GAPS.get(leg.act, GAP)))
            )
        for leg in legs[pivot + 1 :]:
            left = (self.now - times[-1]).total_seconds() / 60
            gap = min(self.draw.uniform(*GAPS.get(leg.act, GAP)), left * 0.4)
            times.append(times[-1] + timedelta(minutes=gap))
        return times

    def _entered(
        self, due: Callable[[datetime], datetime], urgency: Urgency, state: State
    ) -> datetime | None:
        """When the clock of the state began so that it is overdue, near or neither now."""
        now, draw = self.now, self.draw
        if urgency is Urgency.OPEN:
            at = now - timedelta(hours=draw.uniform(0.05, OPEN_FOR_HOURS.get(state, 1.5)))
            spare = NEAR if state in OPEN_FOR_HOURS else timedelta()
            return at if due(at) > now + spare else None
        wanted = timedelta(minutes=draw.uniform(4, 110))
        if urgency is Urgency.OVERDUE:
            wanted = -timedelta(minutes=draw.uniform(5, 1200))
        at = _latest(due, now + wanted, now - SEARCH_BACK, now)
        lies = due(at) - now
        if urgency is Urgency.OVERDUE:
            return at if -LONGEST_OVERDUE < lies < timedelta() else None
        return at if timedelta() < lies < NEAR and now - at > timedelta(minutes=2) else None

    def _due(self, course: Course, state: State, since: datetime) -> datetime:
        stages = CLOCKS[state]
        if not stages:
            return self.now + SEARCH_BACK
        always = course.always_on and state in {State.PENDING_SIGN, State.PROCESSING}
        return min(
            self.book.due(since, course.limit(stage, self.book), always_on=always)
            for stage in stages
        )

    def twin(self, number: int, plan: Plan) -> Plan | None:
        """Somebody else's case about the same thing, merged into the plan's; None where unfit."""
        told = [step.story for step in plan.steps if step.leg.act == VOICE]
        story = told[0]
        at_once = plan.steps[0].leg.data.get("self_handled") or story.kind in {"CONSULT", "PRAISE"}
        if story.line is Line.AFFAIRS or at_once or any(map(_is_sensitive, told)):
            return None
        begins = plan.steps[0].at + timedelta(minutes=5)
        ends = min([s.at for s in plan.steps if s.leg.act in WORK_ENDS] or [self.now])
        latest = ends - timedelta(minutes=MERGED_WITHIN_MIN[1] + 5)
        if latest <= begins:
            return None
        at = begins + (latest - begins) * self.draw.uniform(0.05, 0.7)
        spot = self.teller.spots.near(story.spot, JOIN_WITHIN_M, self.draw)
        told_again = replace(self.teller.call_about(story.scene, spot), wants_reply=False)
        if _is_sensitive(told_again):
            return None
        reason = {"reason": "与主案为同一处同一问题，并案办理。", INTO: plan}
        merged_at = at + timedelta(minutes=self.draw.uniform(*MERGED_WITHIN_MIN))
        steps = (
            Step(at, Leg("OPERATOR", VOICE), told_again),
            Step(merged_at, Leg("DUTY_LEADER", "merge", SOON, reason), told_again),
        )
        return Plan(number, Line.HOTLINE, steps)

    def _steps(self, story: Story, legs: Sequence[Leg], times: Sequence[datetime]) -> list[Step]:
        return [Step(at, leg, story) for at, leg in zip(times, legs, strict=True)]

    def _with_joiners(
        self, steps: list[Step], joiners: Sequence[Story], until: datetime
    ) -> tuple[Step, ...]:
        """Put the other callers between the first voice and the end of the work."""
        work = [s.at for s in steps if s.leg.act in {"submit_result", "check_pass"}]
        last = min([*work, until]) - timedelta(seconds=30)
        for story in joiners:
            first = steps[0].at
            at = first + (last - first) * self.draw.uniform(0.1, 0.95)
            steps.append(Step(at, Leg("OPERATOR", VOICE), story))
        return (steps[0], *sorted(steps[1:], key=lambda step: step.at))


def _is_sensitive(story: Story) -> bool:
    return story.confidential or story.kind == "REPORT" or story.category in SENSITIVE


def _replies(story: Story, joiners: Sequence[Story]) -> bool:
    return story.wants_reply or any(joiner.wants_reply for joiner in joiners)


def _until(legs: list[Leg], state: State) -> list[Leg]:
    """The acts up to the first time in `state`; work counts from its first contact on."""
    for position, reached in enumerate(states_along(legs)):
        is_work = state is State.PROCESSING and legs[position].act in {"sign", "confirm_safe"}
        if reached is state and not is_work:
            return legs[: position + 1]
    return []


def _latest(
    due: Callable[[datetime], datetime], wanted: datetime, low: datetime, high: datetime
) -> datetime:
    """The latest moment whose deadline is not after `wanted`; deadlines grow with their start."""
    while high - low > timedelta(seconds=20):
        middle = low + (high - low) / 2
        low, high = (middle, high) if due(middle) <= wanted else (low, middle)
    return low
