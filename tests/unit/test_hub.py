"""A socket that cannot keep up reads the log; only one that stays behind is given up."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from dispatch.hub import BEHIND, GIVE_UP_AFTER_S, KEPT, QUEUE_LIMIT, Hub, Subscription


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
