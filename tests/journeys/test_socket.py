"""A raw WebSocket client on the real stack: nothing missed, nothing twice, honest close codes."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import websockets
from django.db import connections
from pytest_django import DjangoDbBlocker
from websockets.asyncio.client import ClientConnection
from websockets.typing import Origin

from accounts.actions import end_post, give_post, make_token
from accounts.models import Role, User
from dispatch.models import Event
from tests.city import A, B
from tests.journeys.sockets import (
    IN_B,
    LastSeen,
    address,
    events_until,
    in_own_loop,
    look_once,
    resume,
)
from tests.journeys.stack import Stack

MINUTE_S = 60.0
CALLS_WHILE_AWAY = 30
STILL_TOLD = 500
"""After many more a client is told to load anew (a worker may have had the storms before)."""


async def close_code(url: str, **resume_message: Any) -> int:
    """The code with which the server ends a connection."""
    async with websockets.connect(url) as socket:
        if resume_message:
            await socket.send(json.dumps({"type": "resume", **resume_message}))
        try:
            while True:
                await asyncio.wait_for(socket.recv(), 20)
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0


def test_an_event_arrives_within_a_second_of_the_call(stack: Stack) -> None:
    async def watch() -> tuple[dict[str, Any], list[float], dict[str, Any]]:
        async with websockets.connect(address(stack)) as socket:
            welcome = await resume(socket, stack.tokens["handler1"], None)
            waits = []
            for _ in range(5):
                receipt = await asyncio.to_thread(stack.log_call)
                started = time.monotonic()
                events = await events_until(socket, receipt["case_no"])
                waits.append(time.monotonic() - started)
            return welcome, waits, events[-1]

    welcome, waits, event = in_own_loop(watch)

    assert welcome["type"] == "welcome"
    assert sorted(waits)[2] < 1.0
    assert event["topic"] == "case.registered"
    assert event["district"] == A
    assert set(event) == {
        *("type", "district", "seq", "topic", "case_no", "state", "line", "priority", "at"),
    }


def test_a_client_cut_off_for_a_minute_misses_nothing(stack: Stack, last_seen: LastSeen) -> None:
    """It was cut off when the journeys of this worker began, which mostly is long enough ago."""
    is_far_behind = head_of(stack, "handler2", B) - last_seen.number > STILL_TOLD
    seen = look_once(stack) if is_far_behind else last_seen

    async def come_back(case_no: str) -> list[int]:
        async with websockets.connect(address(stack, B)) as socket:
            await resume(socket, stack.tokens["handler2"], seen.number)
            return [event["seq"] for event in await events_until(socket, case_no)]

    for _ in range(CALLS_WHILE_AWAY):
        last = stack.log_call(location=IN_B)
    time.sleep(max(0.0, MINUTE_S - (time.monotonic() - seen.at)))
    missed = in_own_loop(lambda: come_back(last["case_no"]))

    assert missed[0] == seen.number + 1
    assert missed == list(range(seen.number + 1, missed[-1] + 1))
    assert len(missed) >= CALLS_WHILE_AWAY


async def take(socket: ClientConnection, seqs: list[int], wait: float, last: int) -> int:
    """Note the next event, if one comes in time; the number from which to go on."""
    try:
        message = json.loads(await asyncio.wait_for(socket.recv(), max(0.001, wait)))
    except TimeoutError:
        return last
    if message["type"] != "event":
        return last
    seqs.append(message["seq"])
    return int(message["seq"])


def head_of(stack: Stack, who: str = "handler1", district: str = A) -> int:
    """The feed's head once the relay has numbered everything."""
    time.sleep(1)
    queue = stack.call(who, "GET", "queue?limit=1")
    return int(queue["as_of"][district])


def test_random_cuts_lose_nothing_and_double_nothing(stack: Stack) -> None:
    def write() -> str:
        numbers: list[str] = [stack.log_call()["case_no"] for _ in range(40)]
        return numbers[-1]

    async def torn() -> tuple[int, list[int]]:
        seqs: list[int] = []
        async with websockets.connect(address(stack)) as socket:
            start = last = (await resume(socket, stack.tokens["handler1"], None))["head"]
        writer = asyncio.create_task(asyncio.to_thread(write))
        for keep_open in (0.2, 0.05, 0.4, 0.1, 0.3, 0.02):
            async with websockets.connect(address(stack)) as socket:
                await resume(socket, stack.tokens["handler1"], last)
                end = time.monotonic() + keep_open
                while time.monotonic() < end:
                    last = await take(socket, seqs, end - time.monotonic(), last)
        async with websockets.connect(address(stack)) as socket:
            await writer
            head = await asyncio.to_thread(head_of, stack)
            await resume(socket, stack.tokens["handler1"], last)
            while last < head:
                last = await take(socket, seqs, 5, last)
        return start, seqs

    start, seqs = in_own_loop(torn)

    assert seqs == list(range(start + 1, start + 1 + len(seqs)))
    assert len(seqs) >= 40


def _urged(district: str) -> Event:
    return Event(
        case_id=1,
        case_no="-",
        topic="case.urged",
        at=datetime.now(UTC),
        from_state="REGISTERED",
        to_state="REGISTERED",
        line="GRID",
        category="E0104",
        priority=2,
        district=district,
    )


def test_a_client_far_behind_is_told_to_reload(
    stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        Event.objects.bulk_create([_urged(B) for _ in range(1100)])

    async def behind() -> str:
        await asyncio.sleep(2)
        async with websockets.connect(address(stack, B)) as socket:
            await resume(socket, stack.tokens["handler2"], 0)
            return str(json.loads(await asyncio.wait_for(socket.recv(), 5))["type"])

    assert in_own_loop(behind) == "reload"


def test_a_client_that_looks_away_during_a_storm_is_told_all_of_it(
    stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    """More at once than a socket's queue holds: it reads on from the log, nothing is closed."""
    many = 900

    def storm() -> None:
        with django_db_blocker.unblock():
            Event.objects.bulk_create([_urged(B) for _ in range(many)])
            connections.close_all()

    async def watch() -> tuple[int, list[int]]:
        async with websockets.connect(address(stack, B), max_queue=1) as socket:
            head = (await resume(socket, stack.tokens["handler2"], None))["head"]
            await asyncio.to_thread(storm)
            await asyncio.sleep(3)
            last, seqs = head, list[int]()
            while last < head + many:
                last = await take(socket, seqs, 5, last)
            return head, seqs

    head, seqs = in_own_loop(watch)

    assert seqs == list(range(head + 1, head + many + 1))


@pytest.mark.parametrize(
    ("who", "district", "code"),
    [("handler2", A, 4403), ("evaluator1", A, 4403), ("nobody", A, 4403), (None, A, 4401)],
)
def test_strangers_are_closed_out(stack: Stack, who: str | None, district: str, code: int) -> None:
    token = stack.tokens[who] if who else "no-such-token"

    assert in_own_loop(lambda: close_code(address(stack, district), token=token)) == code


def test_without_resume_in_five_seconds_the_socket_closes(stack: Stack) -> None:
    assert in_own_loop(lambda: close_code(address(stack))) == 4408


def test_a_flood_of_resumes_is_too_much(stack: Stack) -> None:
    async def flood() -> int:
        async with websockets.connect(address(stack)) as socket:
            message = json.dumps({"type": "resume", "token": stack.tokens["handler1"]})
            try:
                for _ in range(80):
                    await socket.send(message)
                while True:
                    await asyncio.wait_for(socket.recv(), 20)
            except websockets.ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0

    assert in_own_loop(flood) == 4429


def test_a_page_of_another_site_gets_nothing(stack: Stack) -> None:
    async def foreign() -> str:
        try:
            async with websockets.connect(
                address(stack), origin=Origin("https://elsewhere.example")
            ):
                return "open"
        except websockets.InvalidStatus as refusal:
            return str(refusal.response.status_code)

    assert in_own_loop(foreign) == "403"


def test_a_post_that_ends_closes_the_socket_at_once(
    stack: Stack, django_db_blocker: DjangoDbBlocker
) -> None:
    now = datetime.now(UTC)
    with django_db_blocker.unblock():
        user = User.objects.create_user("leaving1", "a-long-test-password")
        post = give_post(user=user, role=Role.COMMANDER, area_code=A, now=now)
        token, _ = make_token(user=user, now=now)

    async def watch() -> int:
        async with websockets.connect(address(stack)) as socket:
            await resume(socket, token, None)
            await asyncio.sleep(1.5)
            await asyncio.to_thread(leave)
            try:
                while True:
                    await asyncio.wait_for(socket.recv(), 15)
            except websockets.ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0

    def leave() -> None:
        with django_db_blocker.unblock():
            end_post(post=post, now=datetime.now(UTC))
            connections.close_all()

    started = time.monotonic()
    assert in_own_loop(watch) == 4403
    assert time.monotonic() - started < 10


def test_the_wall_gets_counters_and_no_names(stack: Stack) -> None:
    async def look() -> list[dict[str, Any]]:
        url = f"ws://127.0.0.1:{stack.port}/ws/v1/screen"
        async with websockets.connect(url) as socket:
            message = json.dumps({"type": "resume", "token": stack.tokens["commander1"]})
            await socket.send(message)
            return [json.loads(await asyncio.wait_for(socket.recv(), 5)) for _ in range(2)]

    welcome, tally = in_own_loop(look)

    assert (welcome["type"], tally["type"]) == ("welcome", "tally")
    assert {"district", "line", "state", "count"} == set(tally["counters"][0])
