"""A socket that cannot keep up reads the log; only one that stays behind is given up."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from dispatch.hub import (
    ASIDE,
    BEHIND,
    GIVE_UP_AFTER_S,
    KEPT,
    QUEUE_LIMIT,
    TURNS,
    Hub,
    Subscription,
)


def in_a_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def messages(first: int, many: int) -> list[tuple[int, str]]:
    return [(seq, str(seq)) for seq in range(first, first + many)]


def test_a_full_queue_says_behind_once_and_leaves_the_rest_to_the_log() -> None:
    async def work() -> None:
        socket = Subscription(asyncio.get_running_loop(), "339901")
        socket.offer(messages(1, QUEUE_LIMIT))
        socket.offer(messages(QUEUE_LIMIT + 1, 1))
        socket.offer(messages(QUEUE_LIMIT + 2, 900))

        assert await socket.next() is BEHIND
        assert socket.queue.empty()
        assert not socket.stays_behind.is_set()

    in_a_loop(work)


def test_a_burst_larger_than_the_queue_is_read_from_the_log() -> None:
    async def work() -> None:
        socket = Subscription(asyncio.get_running_loop(), "339901")
        socket.offer(messages(1, QUEUE_LIMIT + 1))

        assert await socket.next() is BEHIND

    in_a_loop(work)


def test_who_begins_to_read_is_fed_again_and_has_caught_up_when_nothing_waits() -> None:
    async def work() -> None:
        socket = Subscription(asyncio.get_running_loop(), "339901")
        socket.offer(messages(1, QUEUE_LIMIT + 1))
        await socket.next()
        socket.will_read = False
        socket.offer(messages(600, 1))
        assert socket.behind_since is not None

        assert await socket.next() == (600, "600")
        waiting = asyncio.ensure_future(socket.next())
        await asyncio.sleep(0)
        assert socket.behind_since is None
        waiting.cancel()

    in_a_loop(work)


def test_who_stays_behind_for_half_a_minute_is_given_up() -> None:
    async def work() -> None:
        socket = Subscription(asyncio.get_running_loop(), "339901")
        socket.offer(messages(1, QUEUE_LIMIT + 1))
        assert socket.behind_since is not None
        socket.behind_since -= GIVE_UP_AFTER_S + 1
        assert not socket.stays_behind.is_set()

        socket.offer(messages(900, 1))

        assert socket.stays_behind.is_set()

    in_a_loop(work)


def test_what_happened_lately_comes_from_memory_and_the_rest_from_the_log() -> None:
    async def work() -> None:
        hub = Hub()
        hub.watched["339901"] = {Subscription(asyncio.get_running_loop(), "339901")}
        for first in range(1, 3001, 500):
            hub._deliver("339901", [{"seq": seq} for seq in range(first, first + 500)])

        assert [seq for seq, _ in hub.after("339901", 2990)] == list(range(2991, 3001))
        assert len(hub.after("339901", 3000 - KEPT)) == KEPT
        assert hub.after("339901", 3000 - KEPT - 1) == []
        assert hub.after("339901", 3000) == []
        assert hub.after("339902", 1) == []

    in_a_loop(work)


def socket_that_is_told(heard: list[str]) -> Subscription:
    """A socket of our server whose client takes everything."""

    def tell(text: str) -> bool:
        heard.append(text)
        return True

    return Subscription(asyncio.get_running_loop(), "339901", tell)


def test_who_has_heard_everything_is_told_the_next_at_once() -> None:
    async def work() -> None:
        heard: list[str] = []
        socket = socket_that_is_told(heard)
        waiting = asyncio.ensure_future(socket.next())
        await asyncio.sleep(0)

        socket.offer(messages(1, 3))

        assert heard == ["1", "2", "3"]
        assert (socket.sent, socket.queue.empty()) == (3, True)
        waiting.cancel()

    in_a_loop(work)


def test_nothing_overtakes_what_waits_in_the_queue() -> None:
    async def work() -> None:
        heard: list[str] = []
        socket = socket_that_is_told(heard)
        socket.offer(messages(1, 1))  # its feed has not begun to wait
        waiting = asyncio.ensure_future(socket.next())
        await asyncio.sleep(0)

        socket.offer(messages(2, 1))  # its feed is busy with the first

        assert heard == []
        assert await waiting == (1, "1")
        assert await socket.next() == (2, "2")

    in_a_loop(work)


def test_a_gap_and_a_client_that_takes_nothing_go_through_the_queue() -> None:
    async def work() -> None:
        heard: list[str] = []
        gap = socket_that_is_told(heard)
        slow = Subscription(asyncio.get_running_loop(), "339901", lambda _text: False)
        waiting = [asyncio.ensure_future(socket.next()) for socket in (gap, slow)]
        await asyncio.sleep(0)

        gap.offer(messages(2, 1))
        slow.offer(messages(1, 1))

        assert heard == []
        assert [await one for one in waiting] == [(2, "2"), (1, "1")]
        assert slow.sent == 0

    in_a_loop(work)


def test_who_has_left_hears_nothing_that_was_on_its_way() -> None:
    async def work() -> None:
        heard: list[str] = []
        hub, socket = Hub(), socket_that_is_told(heard)
        hub.watched["339901"] = {socket}
        waiting = asyncio.ensure_future(socket.next())
        await asyncio.sleep(0)
        hub._deliver("339901", [{"seq": 1}])

        hub.leave(socket)
        await asyncio.sleep(0)

        assert heard == []
        waiting.cancel()

    in_a_loop(work)


def test_a_heartbeat_comes_after_what_is_on_its_way() -> None:
    async def work() -> None:
        heard: list[str] = []
        idle, busy = socket_that_is_told(heard), socket_that_is_told(heard)
        waiting = asyncio.ensure_future(idle.next())
        await asyncio.sleep(0)
        busy.offer(messages(1, 1))

        idle.say("beat of the idle")
        busy.say("beat of the busy")

        assert heard == ["beat of the idle"]
        assert [await busy.next(), await busy.next()] == [(1, "1"), (ASIDE, "beat of the busy")]
        waiting.cancel()

    in_a_loop(work)


def test_who_takes_nothing_does_without_heartbeats_before_without_events() -> None:
    async def work() -> None:
        socket = Subscription(asyncio.get_running_loop(), "339901")
        socket.offer(messages(1, QUEUE_LIMIT))
        socket.say("beat")

        assert socket.queue.qsize() == QUEUE_LIMIT
        assert not socket.will_read

    in_a_loop(work)


def test_all_sockets_of_a_loop_hear_the_head_in_turns_while_there_are_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        loop, hub = asyncio.get_running_loop(), Hub()
        monkeypatch.setattr(Hub, "_run", lambda _hub: None)  # nothing is read from the log here
        sockets = [Subscription(loop, "339901") for _ in range(2 * TURNS)]
        for socket in sockets:
            hub.join(socket, 7)

        beats = [await asyncio.wait_for(socket.next(), 10) for socket in sockets]
        heads = [json.loads(text) for seq, text in filter(None, beats) if seq == ASIDE]
        assert [head["seq"] for head in heads] == [7] * len(sockets)
        assert len({head["at"] for head in heads}) == TURNS

        heart = hub._hearts[loop]
        for socket in sockets:
            hub.leave(socket)
        await asyncio.wait_for(heart, 10)
        assert not hub._hearts

    monkeypatch.setattr("dispatch.hub.HEARTBEAT_S", 0.2)
    in_a_loop(work)
