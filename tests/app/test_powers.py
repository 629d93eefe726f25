"""Who may do what, where: every role x every offered move, generated from the table.

What a role may do stands in the lifecycle; where she may do it is told here by other means.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.actions import PowersError, give_post
from accounts.models import POWER_OF_ROLE, Role, Unit, User
from dispatch.actions.errors import CaseNotFoundError, MoveError, NotAllowedError
from dispatch.actions.moving import make_move
from dispatch.casefile import case_for, moves_for
from dispatch.lifecycle import ENDED, MOVES, Move, State
from dispatch.models import Case
from tests.app.doors import each
from tests.app.test_disputes import log
from tests.city import NOW, A, B, City

UNIT_ROLES = ("HANDLER", "UNIT_APPROVER")
SEES_ALL = ("OPERATOR", "RECEIVER", "DUTY_LEADER", "DISPATCHER", "CALLBACK", "COMMANDER",
            "SUPERVISOR")  # fmt: skip
SEES = (*SEES_ALL, "INSPECTOR", *UNIT_ROLES)
OFFERED = [(move, state) for move in MOVES if move.offered for state in sorted(move.sources)]
ONCE = [(move, min(move.sources)) for move in MOVES if move.offered]
AT = NOW + timedelta(minutes=5)


class UndoneError(Exception):
    """Ends a savepoint without keeping anything."""


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is taken back."""
    try:
        with transaction.atomic():
            yield
            raise UndoneError
    except UndoneError:
        pass


@dataclass(frozen=True)
class Place:
    """Where a post lies, and in what relation to the case."""

    name: str
    area: str
    unit: str = ""


PLACES = (
    Place("home", A, "A1"),
    Place("above", "3399", "A0"),
    Place("support", A, "A3"),
    Place("foreign", B, "A2"),
)
"""The case lies in A, is led by A1 (below A0) and supported by A3; A2 has no part in it."""


def person(city: City, role: str, place: Place) -> User:
    """Somebody with one post."""
    user = User.objects.create(username=f"{role}-{place.name}", password="!")
    unit = city.units[place.unit] if role in UNIT_ROLES else None
    give_post(user=user, role=Role(role), area_code=place.area, unit=unit, now=NOW)
    return user


def put(case: Case, state: State) -> Case:
    """The case in any state, as if it had come there."""
    other = Case.objects.exclude(pk=case.pk).first()
    Case.objects.filter(pk=case.pk).update(
        state=state.value,
        is_open=state not in ENDED,
        merged_into=other if state is State.MERGED else None,
    )
    case.refresh_from_db()
    return case


def expected(role: str, place: Place, move: Move) -> str:
    """allowed, forbidden or hidden: from the domain page's words, not from the code's scope."""
    is_there = place.name != "foreign" if role in UNIT_ROLES else place.area in (A, "3399")
    if role not in SEES or not is_there:
        return "hidden"
    if role not in move.actors:
        return "forbidden"
    if role in UNIT_ROLES:
        acts_as_lead = place.name in ("home", "above")
        acts_as_support = place.name == "support"
        either = acts_as_lead or acts_as_support
        fits = either if move.by_any else acts_as_support if move.by_support else acts_as_lead
        return "allowed" if fits else "forbidden"
    return "allowed"


def outcome(case: Case, move: Move, user: User) -> str:
    """What becomes of the move without any field: refused for its maker, or for other reasons."""
    try:
        make_move(
            case_no=case.case_no, move=move.name, version=case.version, data={}, by=user, now=AT
        )
    except CaseNotFoundError:
        return "hidden"
    except NotAllowedError:
        return "forbidden"
    except MoveError:
        return "allowed"
    return "allowed"


@pytest.fixture
def case(city: City) -> Case:
    """A case of A1, supported by A3, and another case beside it."""
    centre = city.units["A0"]
    city.units["A3"] = Unit.objects.create(
        code="A3", name="支队", level="DISTRICT", parent=centre, path="/X/A3/", area_code=A
    )
    log(city, title="另一件")
    case = log(city)
    Case.objects.filter(pk=case.pk).update(
        lead_unit=city.units["A1"], support_units=[city.units["A3"].pk], sensitive=False
    )
    case.refresh_from_db()
    return case


@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_make_exactly_its_moves_in_its_place(
    city: City, case: Case, role: str
) -> None:
    wrong: list[tuple[Any, ...]] = []
    for place in PLACES:
        user = person(city, role, place)
        for move, state in ONCE:
            with undone():
                found = outcome(put(case, state), move, user)
            if found != expected(role, place, move):
                wrong.append((place.name, move.number, move.name, state, found))

    assert wrong == []


@pytest.mark.parametrize("role", SEES)
def test_the_case_file_names_exactly_what_the_role_may_do(
    city: City, case: Case, role: str
) -> None:
    wrong: list[tuple[Any, ...]] = []
    for place in PLACES:
        user = person(city, role, place)
        for state in State:
            named = named_in(put(case, state), user)
            allowed = {
                move.name
                for move, source in OFFERED
                if source is state
                and expected(role, place, move) == "allowed"
                and not move.beside  # nobody verifies a case that no emergency sent out (T43)
            }
            if named != (None if expected(role, place, MOVES[0]) == "hidden" else allowed):
                wrong.append((place.name, state, named, allowed))

    assert wrong == []


def named_in(case: Case, user: User) -> set[str] | None:
    """The moves that are possible or blocked by something; None where the case is hidden."""
    if not Case.objects.visible_to(user).filter(pk=case.pk).exists():
        return None
    possible, blocked = moves_for(user, case, now=NOW)
    return {offer["move"] for offer in [*possible, *blocked]}


@pytest.mark.parametrize("role", UNIT_ROLES)
def test_what_is_offered_first_by_the_file_is_what_the_api_says(
    city: City, case: Case, role: str
) -> None:
    user = person(city, role, PLACES[0])

    body = case_for(user, put(case, State.PENDING_SIGN).case_no, now=AT)

    assert {offer["move"] for offer in body["moves"]} == {"sign", "request_return"}


@each("state", [s for s in State if s not in {State.VERIFYING, State.CHECKING}])
def test_a_sensitive_case_is_hidden_from_patrols(city: City, case: Case, state: State) -> None:
    Case.objects.filter(pk=case.pk).update(sensitive=True)

    assert named_in(put(case, state), city["inspector1"]) is None
    assert named_in(put(case, State.CHECKING), city["inspector1"]) is not None


PAIRS = [(one, other) for one in Role for other in Role if one < other]


def test_separated_powers_are_never_joined_in_one_person(city: City) -> None:
    wrong = []
    for one, other in PAIRS:
        with undone():
            if may_hold_both(city, one, other) != (POWER_OF_ROLE[one] == POWER_OF_ROLE[other]):
                wrong.append((one, other))

    assert wrong == []


def may_hold_both(city: City, one: Role, other: Role) -> bool:
    """Give both posts to a new user: True when the database takes them."""
    user = User.objects.create(username="both", password="!")
    unit = city.units["A1"]
    give_post(user=user, role=one, area_code=A, unit=unit, now=NOW)
    try:
        give_post(user=user, role=other, area_code=A, unit=unit, now=NOW)
    except PowersError:
        return False
    return True


def test_an_ended_post_gives_nothing_and_frees_for_another_power(city: City) -> None:
    user = city["dispatcher1"]
    user.posts.update(ended_at=NOW)
    give_post(user=user, role=Role.EVALUATOR, area_code="3399", now=NOW)

    fresh = User.objects.get(pk=user.pk)
    assert fresh.scope().roles == {"EVALUATOR"}


def test_an_inactive_user_sees_nothing(city: City, case: Case) -> None:
    User.objects.filter(username="leader1").update(is_active=False)
    user = User.objects.get(username="leader1")

    assert not Case.objects.visible_to(user).exists()
