"""Nobody waits while the open cases of the city are being read: the database answers meanwhile."""

from collections.abc import Iterator

import pytest
from django.test import Client

from dispatch.board.counters import counters_for
from dispatch.board.current import board
from dispatch.models import Case
from dispatch.queries import QueueFilters
from dispatch.queue.clusters import extent_of, squares_of
from tests.app.test_disputes import log
from tests.city import NOW, City

EVERYWHERE = (-2e7, -2e7, 2e7, 2e7)


@pytest.fixture
def while_it_is_read(city: City) -> Iterator[None]:
    """As if another thread read all open cases, until the test ends."""
    log(city)
    board.forget()
    with board._lock:
        yield


@pytest.mark.timeout(30)
@pytest.mark.usefixtures("while_it_is_read")
def test_counters_squares_and_extent_are_asked_of_the_database(city: City) -> None:
    leader = city["leader1"]

    counted = counters_for(leader, filters=QueueFilters(), now=NOW)
    squares = squares_of(leader, filters=QueueFilters(), box=EVERYWHERE, size=1000.0, now=NOW)
    extent = extent_of(leader, filters=QueueFilters())

    there = Case.objects.visible_to(leader).filter(is_open=True).count()
    assert counted["all"] == there > 0
    assert sum(square[2] for square in squares) == extent["n"] == there


@pytest.mark.timeout(30)
@pytest.mark.usefixtures("while_it_is_read")
def test_a_tile_says_when_to_ask_again(city: City) -> None:
    headers = {"Authorization": f"Bearer {city.token('leader1')}"}

    answer = Client().get("/tiles/cases/10/852/420.mvt", headers=headers)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_board_that_nobody_reads_is_read_by_who_asks(city: City) -> None:
    log(city)
    board.forget()

    assert board.is_ready()
    assert counters_for(city["leader1"], filters=QueueFilters(), now=NOW)["all"] == 1
