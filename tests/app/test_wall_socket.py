"""One message a second at most for all walls of an area, with at most twenty points."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.utils import timezone

from accounts.actions import end_post
from accounts.display import Display
from accounts.models import Post
from accounts.pairing import revoke_display
from config.asgi import sockets
from dispatch.hub import READERS, hub
from dispatch.models import Case
from dispatch.voices import Position
from screen import board, broadcast
from screen.broadcast import Broadcast
from screen.places import WallArea
from tests.app.test_disputes import log, move
from tests.app.test_feed import relay_all
from tests.app.test_wall_displays import paired
from tests.city import A_CENTRE, City

CITY = WallArea("3399")


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(board, "PULSE_S", 0.0)
    board.forget()
    broadcast._broadcasts.clear()
    yield
    board.forget()


@pytest.fixture
def watched_city(real_city: City) -> Iterator[City]:
    """The committed city; afterwards the hub's threads let go of its database."""
    yield real_city
    together = threading.Barrier(READERS)

    def let_go() -> None:
        together.wait(10)
        connection.close()

    for done in [hub.readers.submit(let_go) for _ in range(READERS)]:
        done.result(20)


def said(one: Broadcast) -> dict[str, Any]:
    """The next message; empty when there is nothing to say."""
    text = one.next_message()
    return json.loads(text) if text else {}


def test_a_message_says_all_counters_and_for_which_numbers(city: City) -> None:
    log(city)
    relay_all()

    message = said(Broadcast(CITY))

    assert message["type"] == "tally"
    assert message["as_of"] == {"339901": 1}
    assert message["counters"] == [
        {"district": "339901", "line": "HOTLINE", "state": "REGISTERED", "count": 1}
    ]
    assert message["board"]["open"] == sum(message["labels"].values()) == 1


def test_changes_of_points_come_twenty_at_a_time_and_none_is_lost(city: City) -> None:
    feed = Broadcast(CITY)
    said(feed)
    lon, lat = A_CENTRE
    numbers = {
        log(city, title=f"第 {n} 件", position=Position(lon + n * 0.0001, lat, "WGS84")).case_no
        for n in range(45)
    }
    relay_all()

    pieces = [said(feed)["points"] for _ in range(3)]

    assert [len(piece) for piece in pieces] == [20, 20, 5]
    assert {point[0] for piece in pieces for point in piece} == numbers
    assert all(point[5] == 1 for piece in pieces for point in piece)


def test_a_case_that_ends_leaves_the_map(city: City) -> None:
    case = log(city)
    relay_all()
    feed = Broadcast(CITY)
    said(feed)
    move(city, case, "leader1", "void", reason="误报")
    relay_all()

    ((number, *_rest, is_open),) = said(feed)["points"]

    assert (number, is_open) == (case.case_no, 0)


def test_a_quiet_wall_hears_nothing_twice_but_a_word_every_two_seconds(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Broadcast(CITY)
    assert said(feed) != {}
    assert said(feed) == {}
    monkeypatch.setattr(feed, "_said_at", feed._said_at - broadcast.QUIET_S)
    assert said(feed) != {}


def test_a_sensitive_case_is_in_no_message(city: City) -> None:
    feed = Broadcast(CITY)
    said(feed)
    case = log(city, title="不能上墙")
    Case.objects.filter(pk=case.pk).update(sensitive=True)
    relay_all()

    message = said(feed)

    assert case.case_no not in json.dumps(message)
    assert message["board"]["open"] == 1


def watch(headers: list[tuple[bytes, bytes]], path: str = "/ws/v1/screen") -> Any:
    """A socket to an address, as a browser or program opens it."""
    where, _, query = path.partition("?")
    scope = {
        "type": "websocket", "path": where, "query_string": query.encode(), "headers": headers,
        "subprotocols": [],
    }  # fmt: skip
    make: Any = ApplicationCommunicator
    return make(sockets, scope)


def cookie(raw: str) -> list[tuple[bytes, bytes]]:
    """The headers of a display's browser."""
    return [(b"origin", b"http://localhost"), (b"cookie", f"sx_display_ws={raw}".encode())]


async def talk(communicator: Any, token: str = "") -> list[dict[str, Any]]:
    """Connect, resume, and hear what comes first."""
    await communicator.send_input({"type": "websocket.connect"})
    assert (await communicator.receive_output(5))["type"] == "websocket.accept"
    ask = {"type": "resume", "after": None, **({"token": token} if token else {})}
    await communicator.send_input({"type": "websocket.receive", "text": json.dumps(ask)})
    heard: list[dict[str, Any]] = []
    while len(heard) < 2:
        output = await communicator.receive_output(5)
        if output["type"] == "websocket.close":
            heard.append({"type": "closed", "code": output["code"]})
            break
        heard.append(json.loads(output["text"]))
    return heard


async def until_closed(communicator: Any, within_s: float = 12.0) -> int:
    """The code that the socket is closed with."""
    async with asyncio.timeout(within_s):
        while True:
            output = await communicator.receive_output(within_s)
            if output["type"] == "websocket.close":
                return int(output["code"])


def test_a_revoked_display_is_cut_off_within_seconds(watched_city: City) -> None:
    raw = paired(watched_city, "339901")

    async def story() -> tuple[list[dict[str, Any]], int]:
        screen = watch(cookie(raw), "/ws/v1/screen?district=339901")
        heard = await talk(screen)
        await asyncio.sleep(2.5)
        await asyncio.to_thread(revoke)
        return heard, await until_closed(screen)

    def revoke() -> None:
        revoke_display(
            display_id=Display.objects.get().pk, by=watched_city["sysadmin1"], now=timezone.now()
        )

    heard, code = asyncio.run(story())
    assert [message["type"] for message in heard] == ["welcome", "tally"]
    assert code == 4401


def test_a_commander_whose_post_ends_is_cut_off(watched_city: City) -> None:
    token = watched_city.token("commander1")

    async def story() -> int:
        screen = watch([])
        await talk(screen, token)
        await asyncio.sleep(2.5)
        await asyncio.to_thread(end)
        return await until_closed(screen)

    def end() -> None:
        end_post(post=Post.objects.get(user=watched_city["commander1"]), now=timezone.now())

    assert asyncio.run(story()) == 4403


@pytest.mark.parametrize(
    ("who", "path", "code"),
    [
        ("handler1", "/ws/v1/screen", 4403),
        ("nobody", "/ws/v1/screen", 4403),
        ("leader1", "/ws/v1/screen?district=510104", 4403),
    ],
)
def test_outsiders_hear_nothing(watched_city: City, who: str, path: str, code: int) -> None:
    token = watched_city.token(who)
    heard = asyncio.run(talk(watch([], path), token))
    assert heard == [{"type": "closed", "code": code}]


def test_a_wrong_cookie_or_another_site_hears_nothing(watched_city: City) -> None:
    raw = paired(watched_city)
    foreign = [(b"origin", b"http://evil.example"), (b"cookie", f"sx_display_ws={raw}".encode())]

    assert asyncio.run(talk(watch(cookie("no such token")))) == [{"type": "closed", "code": 4401}]
    heard = asyncio.run(_refused(watch(foreign)))
    assert heard == 4403


async def _refused(communicator: Any) -> int:
    await communicator.send_input({"type": "websocket.connect"})
    output = await communicator.receive_output(5)
    assert output["type"] == "websocket.close"
    return int(output["code"])


def test_a_client_that_leaves_while_it_is_welcomed_is_fed_no_more(
    watched_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "_thread", threading.current_thread())  # nobody is fed here
    token = watched_city.token("leader1")
    ask = {"type": "resume", "token": token}
    said_by_client = [
        {"type": "websocket.receive", "text": json.dumps(ask)},
        {"type": "websocket.connect"},
    ]
    while_welcomed: list[dict[str, int]] = []

    async def receive() -> Any:
        if not said_by_client:
            await asyncio.Event().wait()
        return said_by_client.pop()

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            while_welcomed.append(hub.sockets())
            raise BrokenPipeError

    async def story() -> None:
        scope = watch([], "/ws/v1/districts/339901").scope
        await sockets(scope, receive, send)

    asyncio.run(asyncio.wait_for(story(), 20))
    assert while_welcomed == [{"339901": 1}]
    assert hub.sockets() == {}
