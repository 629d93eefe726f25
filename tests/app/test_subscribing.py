"""Subscribers hear everything in order, and leave room for what must not wait."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import redis
from django.conf import settings

from dispatch import outbox, subscribing
from dispatch.models import Cursor
from dispatch.subscribing import Heard, drain, take_turn
from dispatch.voices import Position
from tests.app.test_disputes import log
from tests.city import B_CENTRE, NOW, A, B, City

NAME = "tests.listens"
BROKER: Any = redis.Redis.from_url(settings.REDIS_URL)


def many_events(city: City) -> int:
    for _ in range(5):
        log(city)
    numbered = 0
    while found := outbox.number_batch(now=NOW):
        numbered += sum(found.values())
    return numbered


def waiting() -> int:
    """How often the subscriber is asked for in the broker."""
    return sum(NAME.encode() in message for message in BROKER.lrange("dispatch", 0, -1))


@pytest.fixture(autouse=True)
def nobody_asks_for_us_afterwards() -> Iterator[None]:
    yield
    for message in BROKER.lrange("dispatch", 0, -1):
        if NAME.encode() in message:
            BROKER.lrem("dispatch", 1, message)


def test_a_long_backlog_is_heard_in_turns_with_room_between_them(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, heard = many_events(city), list[int]()
    monkeypatch.setattr(subscribing, "BATCH", 2)
    monkeypatch.setattr(subscribing, "TURN_S", 0.0)

    def hear(news: Sequence[Heard]) -> None:
        heard.extend(event.seq for event in news)

    asked = waiting()
    assert take_turn(NAME, hear) == 2
    assert waiting() == asked + 1
    while take_turn(NAME, hear):
        pass
    assert heard == sorted(heard)
    assert len(heard) == events


def test_no_district_waits_until_another_has_heard_everything(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(city, position=Position(*B_CENTRE, "WGS84"))
    many_events(city)
    monkeypatch.setattr(subscribing, "BATCH", 1)
    order: list[str] = []

    drain(NAME, lambda news: order.extend(event.district for event in news))

    assert order[:3] == [A, B, A]
    assert Cursor.objects.filter(subscriber=NAME, seq__gt=0).count() == 2
