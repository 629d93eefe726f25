"""Cases of which no district is known yet count on the wall of the city like all others."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dispatch.models import Case
from screen import board, flows, past
from screen.board import Board
from tests.app.test_disputes import log
from tests.app.test_feed import relay_all
from tests.app.test_wall_numbers import CITY
from tests.city import NOW, City


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    board.forget()
    yield
    board.forget()


@pytest.fixture
def emergency(city: City) -> Case:
    """A call that says what, but not where; beside it one that says where."""
    log(city)
    case = log(city, "L0000", position=None, address="", priority=0, title="有人落水")
    relay_all()
    assert case.district_code == "339900"
    return case


def test_the_labels_add_up_to_all_open_cases(emergency: Case) -> None:
    pulse = Board(CITY).pulse()

    assert pulse["labels"] == {"339901": 1, "339902": 0, "339900": 1}
    assert pulse["board"]["open"] == sum(pulse["labels"].values())


def test_an_emergency_without_a_place_is_told(emergency: Case) -> None:
    pulse = Board(CITY).pulse()

    assert [row["case_no"] for row in pulse["emergencies"]] == [emergency.case_no]
    assert pulse["emergencies_in_all"] == 1
    assert pulse["board"]["overdue"] == 2


def test_the_past_knows_it_too(emergency: Case) -> None:
    then, now = NOW + timedelta(minutes=5), NOW + timedelta(minutes=6)
    flows.take_readings(now=then)

    moment = past.moment(CITY, at=then, now=now)
    steps = past.steps(CITY, since=NOW - timedelta(1), after_id=0, until=now, now=now)

    assert sum(moment["labels"].values()) == moment["board"]["open"] == 2
    assert moment["board"]["overdue"] is not None
    assert emergency.case_no in {item["case_no"] for item in steps["items"]}
