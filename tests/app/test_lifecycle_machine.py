"""Random people make random moves on a few cases; whatever they do, the invariants hold."""

import itertools
from datetime import datetime, timedelta
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dispatch import outbox, sweeping
from dispatch.actions.errors import MoveError
from dispatch.actions.moving import make_move
from dispatch.casefile import moves_for
from dispatch.lifecycle import ENDED, MOVES, State, move_from
from dispatch.models import Assignment, Case, Event, Intake, Tally, Timer
from dispatch.models.cases import NEVER
from tests.app.test_disputes import dispatched, log, processing
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
        if field["kind"] == "case":
            options: Any = [case.case_no for case in cases]
        else:
            options = field["choices"] or CHOICES[field["kind"]]
        filled[field["name"]] = chance.choice(options)
    return filled


def offers(city: City, case: Case) -> list[tuple[str, dict[str, Any]]]:
    """What each person is offered on a case."""
    return [(who, offer) for who in WHO for offer in moves_for(city[who], case)[0]]


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
    offered = offers(city, case)
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
        assert not Timer.objects.filter(case=case, state__in=["RUNNING", "PAUSED"]).exists()
    first = running.order_by("due_at").values_list("due_at", flat=True).first()
    assert case.due_at == (first or NEVER)
    leads = Assignment.objects.filter(case=case, role="LEAD", ended_at__isnull=True).count()
    assert leads <= (0 if ended else 1)
    if case.state in {"PENDING_SIGN", "PROCESSING", "PENDING_CHECK", "CHECKING"}:
        assert leads == 1
    assert case.intakes_count == Intake.objects.filter(case=case).count()
    assert (case.merged_into_id is not None) is (case.state == "MERGED")
    events = list(Event.objects.filter(case_id=case.pk).order_by("id"))
    assert events[-1].to_state == case.state
    for before, after in itertools.pairwise(events):
        assert after.from_state == before.to_state


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
    picked = chance.choices(CATEGORIES, k=2)
    start = chance.choice((log, dispatched, processing))
    cases = [log(city, category) for category in picked] + [start(city)]
    now = NOW

    for _ in range(chance.randint(20, 40)):
        now += timedelta(minutes=chance.choice((1, 20, 240)))
        step(chance, city, cases, now)
        if chance.random() < 0.3:
            sweeping.end_pauses(now=now)

    for case in cases:
        check(Case.objects.get(pk=case.pk))
    voices = Intake.objects.filter(case__in=cases).count()
    assert voices == len(cases)
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
