"""Fixtures of the tests of the three doors: the doors, and a log that is watched."""

import logging
from collections.abc import Iterator

import pytest

from tests.app.doors import EVENTS, FINDINGS, NAME, PHONE, TICKETS, Door
from tests.city import City


@pytest.fixture(params=[TICKETS, FINDINGS, EVENTS])
def door(request: pytest.FixtureRequest, city: City) -> Door:
    """Each of the three doors."""
    return Door(city, request.param)


@pytest.fixture
def tickets(city: City) -> Door:
    """The hotline's door."""
    return Door(city, TICKETS)


@pytest.fixture
def findings(city: City) -> Door:
    """The grid's door."""
    return Door(city, FINDINGS)


@pytest.fixture
def events(city: City) -> Door:
    """The hall's door."""
    return Door(city, EVENTS)


@pytest.fixture
def watched_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither a name nor a number of a caller is ever logged."""
    caplog.set_level(logging.DEBUG)
    yield
    records = caplog.get_records("call")
    words = " ".join(r.getMessage() for r in records if not r.name.startswith("django.db"))
    assert PHONE not in words
    assert NAME not in words
