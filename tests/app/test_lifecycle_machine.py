"""Random people make random moves on a few cases; whatever they do, the invariants hold."""

import itertools
from datetime import datetime, timedelta
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dispatch import catalogue, outbox
from dispatch.actions.errors import MoveError
from dispatch.actions.moving import make_move
from dispatch.casefile import moves_for
from dispatch.lifecycle import BESIDE, BESIDE_STAGES, ENDED, MOVES, State, move_from
from dispatch.models import (
    Assignment,
    Case,
    Event,
    Intake,
    Ruling,
    Supervision,
    Suspension,
    Tally,
    Timer,
)
from dispatch.models.cases import NEVER
from dispatch.timekeeping import sweeping
from dispatch.timekeeping.segments import holdings
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.app.test_tasks import led_by_the_centre
from tests.city import NOW, PEOPLE, City

WHO = [username for username, *_ in PEOPLE]
NAMES = sorted({move.name for move in MOVES})
CATEGORIES = ("E0104", "E0102", "L9001", "E0401", "S0003")
CHOICES: dict[str, tuple[Any, ...]] = {
    "text": ("已处理", "再等一等"),
    "unit": ("A1", "A2", "A0"),
    "condition": ("",),
    "category": ("E0105", "E0104", "C0118"),
    "number": ("1", "3"),
    "date": ("2026-03-20", "2026-04-15"),
    "photos": ([],),
}


def answers(chance: Random, offer: dict[str, Any], cases: list[Case]) -> dict[str, Any]:
    """Something for every field that the move asks for."""
    filled: dict[str, Any] = {}
    for field in offer["fields"]:
        options: Any
        if field["kind"] == "case":
            options = [case.case_no for case in cases]
        elif field["kind"] == "voices":
            numbers = Intake.objects.order_by("pk").values_list("intake_no", flat=True)
            options = [[number] for number in numbers]
        else:
            options = field["choices"] or CHOICES[field["kind"]]
        filled[field["name"]] = chance.choice(options)
    return filled


def offers(city: City, case: Case, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """What each person is offered on a case."""
    return [(who, offer) for who in WHO for offer in moves_for(city[who], case, now=now)[0]]


APPETITE = ("on",) * 12 + ("side",) * 6 + ("end", "anything")
"""Left to itself chance would close every case early: most steps lead on."""


def kind_of(case: Case, name: str) -> str:
    """Whether a move leads on, ends the case or leaves its state."""
    row = move_from(name, State(case.state))
    target = row.target if row else None
    return "side" if target is None else "end" if target in ENDED else "on"


def step(chance: Random, city: City, cases: list[Case], now: datetime) -> None:
    """Somebody makes a move that she is offered on a case; now and then one that she is not."""
    case = Case.objects.get(pk=chance.choice(cases).pk)
    wanted = chance.choice(APPETITE)
    offered = offers(city, case, now)
    open_to = [o for o in offered if kind_of(case, o[1]["move"]) == wanted] or offered
    open_to = [] if wanted == "anything" else open_to
    anything = [(who, {"move": name, "fields": []}) for who in WHO for name in NAMES]
    who, offer = chance.choice(open_to or anything)
    user = city[who]
    try:
        make_move(
            case_no=case.case_no,
            move=offer["move"],
            version=case.version,
            data=answers(chance, offer, cases),
            by=user,
            now=now,
        )
    except MoveError:
        unchanged = Case.objects.get(pk=case.pk)
        assert (unchanged.state, unchanged.version) == (case.state, case.version)


def check(case: Case) -> None:
    """What is true of every case at any time."""
    ended = State(case.state) in ENDED
    assert case.is_open is not ended
    running = Timer.objects.filter(case=case, state="RUNNING", intake__isnull=True)
    if ended:
        left = Timer.objects.filter(case=case, state__in=["RUNNING", "PAUSED"])
        assert set(left.values_list("stage", flat=True)) <= {"FOLLOW_UP", "SAMPLE"}
    own = running.filter(assignment__isnull=True).order_by("due_at")
    if case.state in BESIDE:
        own = own.exclude(stage__in=BESIDE_STAGES)
    first = own.values_list("due_at", flat=True).first()
    assert case.due_at == (first or NEVER)
    leads = Assignment.objects.filter(case=case, role="LEAD", ended_at__isnull=True).count()
    assert leads <= (0 if ended else 1)
    if case.state in {"PENDING_SIGN", "PROCESSING", "PENDING_CHECK", "CHECKING"}:
        assert leads == 1
    assert case.intakes_count == Intake.objects.filter(case=case).count()
    assert (case.merged_into_id is not None) is (case.state == "MERGED")
    events = list(Event.objects.filter(case_id=case.pk).order_by("id"))
    assert events[-1].to_state == case.state
    check_parts(case)
    check_segments(case, events)
    check_separation(case, events)
    for before, after in itertools.pairwise(events):
        assert after.from_state == before.to_state


CLOCKS = {
    "REGISTERED": "ACCEPT", "PENDING_FILING": "FILE", "PENDING_DISPATCH": "DISPATCH",
    "PENDING_SIGN": "SIGN", "RETURN_REVIEW": "RETURN_REVIEW", "ARBITRATION": "ARBITRATION",
    "PENDING_CHECK": "CHECK", "CHECKING": "CHECK", "PENDING_CALLBACK": "CALLBACK",
    "PROCESSING": "DISPOSAL", "SUSPENDED": "DISPOSAL",
}  # fmt: skip
"""The clock that must be open in a state."""


def check_parts(case: Case) -> None:
    """Each unit's part fits the case; no task may have longer than its giver."""
    clocks = Timer.objects.filter(case=case, state__in=["RUNNING", "PAUSED"], intake__isnull=True)
    stages = set(clocks.filter(assignment__isnull=True).values_list("stage", flat=True))
    if case.state in CLOCKS:
        assert CLOCKS[case.state] in stages
    disposal = clocks.filter(stage="DISPOSAL").values_list("due_at", flat=True).first()
    for clock in clocks.filter(stage="TASK").select_related("assignment"):
        assert clock.assignment is not None
        assert clock.assignment.ended_at is None
        assert disposal is not None
        assert clock.due_at <= disposal
    parts = Assignment.objects.filter(case=case, ended_at__isnull=True)
    tasks = parts.exclude(role="LEAD")
    assert not tasks.exists() or case.state in {"PROCESSING", "SUSPENDED", "RETURN_REVIEW",
                                                "ARBITRATION", "PENDING_SIGN"}  # fmt: skip
    assert set(tasks.values_list("unit_id", flat=True)) <= set(case.support_units)
    threads = Supervision.objects.filter(case=case, ended_at__isnull=True).count()
    assert threads <= case.is_open
    asked = Suspension.objects.filter(case=case, ended_at__isnull=True, decision="APPROVED")
    assert asked.exists() is (case.state == "SUSPENDED")


def check_segments(case: Case, events: list[Event]) -> None:
    """The segments lie end to end while the case is open; each has a party."""
    held = holdings(events, events[-1].at)
    for before, after in itertools.pairwise(held):
        assert before.until <= after.since
    if case.is_open:
        assert held[-1].until == events[-1].at


WORKERS = {"case.signed", "case.submitted", "case.task_done", "case.support_done"}
JUDGES = {"case.filed", "case.check_passed", "case.check_failed", "case.closed",
          "case.return_accepted", "case.return_refused", "case.extended", "case.suspended",
          "case.designated", "case.dispatched"}  # fmt: skip


def check_separation(case: Case, events: list[Event]) -> None:
    """Nobody both works on a case and judges it."""
    worked = {event.actor_id for event in events if event.topic in WORKERS}
    judged = {event.actor_id for event in events if event.topic in JUDGES}
    assert not (worked & judged) - {None}, case.case_no


def disputed(city: City) -> Case:
    """A case that was returned twice."""
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 0, **RETURN)
    move(city, case, "dispatcher1", "refuse_return", reason="请处置")
    return move(city, case, "handler1", "request_return", 0, **RETURN)


@pytest.mark.timeout(300)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=True))
def test_random_people_cannot_break_a_case(city: City, chance: Random) -> None:
    Ruling.objects.update(is_precedent=False)
    catalogue.refresh()
    picked = chance.choices(CATEGORIES, k=2)
    start = chance.choice((log, dispatched, processing, led_by_the_centre, disputed))
    cases = [log(city, category) for category in picked] + [start(city)]
    now = NOW

    for _ in range(chance.randint(20, 40)):
        now += timedelta(minutes=chance.choice((1, 20, 240)))
        step(chance, city, cases, now)
        if chance.random() < 0.3:
            sweeping.end_pauses(now=now)

    made = Case.objects.filter(pk__gte=cases[0].pk)
    for case in made:
        check(case)
    voices = Intake.objects.filter(case__in=made).count()
    assert voices == len(cases), "a split makes a case, never a voice"
    check_tally(now)


def check_tally(now: datetime) -> None:
    """The counters, moved by the relay, equal a recount of the cases."""
    while outbox.number_batch(now=now):
        pass
    counted = {
        (row.district, row.line, row.category, row.state): row.count
        for row in Tally.objects.filter(count__gt=0)
    }
    recount: dict[tuple[str, str, str, str], int] = {}
    for case in Case.objects.all():
        key = (case.district_code, case.line, case.category_code, case.state)
        recount[key] = recount.get(key, 0) + 1
    assert counted == recount
