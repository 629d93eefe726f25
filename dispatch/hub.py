"""One hub per web process: tails the log for the districts its sockets watch (architecture.md 5).

A single thread reads each new event once, serialises it once and hands it to the sockets of that
district; it wakes on the door-bell, once a second in any case, and twice while there is no bell.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from django.conf import settings
from django.db import Error, close_old_connections, connection
from django.utils import timezone

from accounts.queries import authority_stamp
from dispatch import queries
from dispatch.models import FeedHead
from dispatch.relay import BELL

POLL_S = 1.0
POLL_WITHOUT_BELL_S = 0.5
BATCH = 1000
QUEUE_LIMIT = 500
KEPT = 2000
GIVE_UP_AFTER_S = 30.0
BEHIND = None
ASIDE = 0
"""Stands for the number of a text that has none."""
HEARTBEAT_S, TURNS = 10.0, 10
"""How often a socket hears the head; a tenth of the sockets has its turn at a time."""
READERS = 2
logger = logging.getLogger("sanxian.hub")


class Subscription:
    """One socket's place in a district: the number it was told last, and a bounded queue.

    Who has heard everything is told the next message at once (`tell`); the queue is for who is
    busy or slow. A queue that overflows is emptied and holds BEHIND: its socket then reads what it
    missed, from the hub's memory or from the log. Only who stays behind is given up.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        district: str,
        tell: Callable[[str], bool] | None = None,
    ) -> None:
        self.loop = loop
        self.district = district
        self.tell = tell
        self.sent = 0
        self.turn = 0
        self.is_idle = False
        self.queue: asyncio.Queue[tuple[int, str] | None] = asyncio.Queue(QUEUE_LIMIT)
        self.authority_changed = asyncio.Event()
        self.stays_behind = asyncio.Event()
        self.behind_since: float | None = None
        self.will_read = False

    def offer(self, messages: list[tuple[int, str]]) -> None:
        """Put (seq, text) messages into the queue, or BEHIND; called in the loop's thread."""
        if self.behind_since and self.loop.time() - self.behind_since > GIVE_UP_AFTER_S:
            self.stays_behind.set()
        if self.will_read:
            return
        if len(messages) > QUEUE_LIMIT - self.queue.qsize():
            self._fall_behind()
            return
        for message in messages:
            if not self._tell_at_once(*message):
                self.queue.put_nowait(message)

    def say(self, text: str) -> None:
        """Tell a text without a number after all that is on its way; called in the loop's thread.

        Who has so much on its way that the queue is full does without.
        """
        if not self._tell_in_order(text) and not self.queue.full():
            self.queue.put_nowait((ASIDE, text))

    def _tell_at_once(self, seq: int, text: str) -> bool:
        if seq != self.sent + 1 or not self._tell_in_order(text):
            return False
        self.sent = seq
        return True

    def _tell_in_order(self, text: str) -> bool:
        """Tell a text where nothing is on its way before it."""
        if not self.tell or not self.is_idle or self.queue.qsize():
            return False
        return self.tell(text)

    def _fall_behind(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(BEHIND)
        self.will_read = True
        self.behind_since = self.behind_since or self.loop.time()

    async def next(self) -> tuple[int, str] | None:
        """The next message, or BEHIND; whoever waits here has caught up."""
        if self.queue.empty():
            self.behind_since = None
        self.is_idle = True
        try:
            return await self.queue.get()
        finally:
            self.is_idle = False


class Hub:
    """Feeds the sockets of one process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.watched: dict[str, set[Subscription]] = {}
        self.heads: dict[str, int] = {}
        self.recent: dict[str, deque[tuple[int, str]]] = {}
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="hub-reader")
        self.bell_ok = False
        self._thread: threading.Thread | None = None
        self._turns = itertools.cycle(range(TURNS))
        self._hearts: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}
        self._wake = threading.Event()
        self._authority: tuple[object, ...] | None = None
        self._authority_read_at = 0.0

    def join(self, subscription: Subscription, head: int) -> None:
        """Start feeding a socket; `head` is a number read before, from which the tail begins.

        Called in the loop's thread.
        """
        subscription.turn = next(self._turns)
        with self.lock:
            self.heads.setdefault(subscription.district, head)
            self.watched.setdefault(subscription.district, set()).add(subscription)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
                self._thread.start()
        self._wake.set()
        loop = subscription.loop
        if loop not in self._hearts:
            self._hearts[loop] = loop.create_task(self._beat(loop))

    def leave(self, subscription: Subscription) -> None:
        """Stop feeding a socket, also with what is on its way from the hub's thread."""
        subscription.tell = None
        with self.lock:
            sockets = self.watched.get(subscription.district, set())
            sockets.discard(subscription)
            if not sockets:
                self.watched.pop(subscription.district, None)
                self.heads.pop(subscription.district, None)
                self.recent.pop(subscription.district, None)

    async def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell the sockets of a loop the head of their district, in turns, while there are any."""
        try:
            for turn in itertools.cycle(range(TURNS)):
                await asyncio.sleep(HEARTBEAT_S / TURNS)
                if not self._tell_heads(loop, turn):
                    break
        finally:
            del self._hearts[loop]

    def _tell_heads(self, loop: asyncio.AbstractEventLoop, turn: int) -> int:
        """Tell those whose turn it is, with one text for a district; how many sockets there are."""
        with self.lock:
            sockets = {
                district: [one for one in all_of_it if one.loop is loop]
                for district, all_of_it in self.watched.items()
            }
        for district, here in sockets.items():
            text = head_message(district, self.heads.get(district, 0))
            for one in here:
                if one.turn == turn:
                    one.say(text)
        return sum(map(len, sockets.values()))

    def after(self, district: str, seq: int) -> list[tuple[int, str]]:
        """The messages after a number from memory, without a gap; empty where the log must say."""
        with self.lock:
            kept = self.recent.get(district)
            if not kept or not kept[0][0] <= seq + 1 <= kept[-1][0]:
                return []
            return [message for message in kept if message[0] > seq]

    def sockets(self) -> dict[str, int]:
        """How many sockets of this process follow each district."""
        with self.lock:
            return {district: len(sockets) for district, sockets in self.watched.items()}

    async def read(self, work: Callable[..., Any], *args: Any) -> Any:
        """Run a database read in one of the hub's threads, which keep their connections."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.readers, _with_connection, work, *args)

    def _run(self) -> None:
        listener = threading.Thread(target=self._listen, name="hub-bell", daemon=True)
        listener.start()
        while True:
            self._wake.wait(POLL_S if self.bell_ok else POLL_WITHOUT_BELL_S)
            self._wake.clear()
            try:
                self._tail()
                self._watch_authority()
            except Error as error:
                logger.warning("the feed cannot be read: %s", type(error).__name__)
                with contextlib.suppress(Error):
                    connection.close()
                time.sleep(POLL_S / 2)

    def _listen(self) -> None:
        while True:
            try:
                client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1)
                pubsub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
                pubsub.subscribe(BELL)
                self.bell_ok = True
                for _ in pubsub.listen():
                    self._wake.set()
            except redis.RedisError:
                self.bell_ok = False
                self._wake.set()
                time.sleep(POLL_S)

    def _tail(self) -> None:
        with self.lock:
            districts = list(self.watched)
        if not districts:
            return
        now_heads = dict(
            FeedHead.objects.filter(district__in=districts).values_list("district", "seq")
        )
        for district in districts:
            head = now_heads.get(district, 0)
            seen = self.heads.get(district, head)
            while seen < head:
                messages = queries.events_after(district, seen, BATCH)
                if not messages:
                    break
                seen = messages[-1]["seq"]
                self._deliver(district, messages)
            with self.lock:
                if district in self.watched:
                    self.heads[district] = seen

    def _watch_authority(self) -> None:
        """Once a second: when posts, tokens or users changed, every socket proves itself anew."""
        if time.monotonic() - self._authority_read_at < POLL_S:
            return
        self._authority_read_at = time.monotonic()
        before, self._authority = self._authority, authority_stamp()
        if before is None or before == self._authority:
            return
        with self.lock:
            subscriptions = [one for sockets in self.watched.values() for one in sockets]
        for one in subscriptions:
            with contextlib.suppress(RuntimeError):
                one.loop.call_soon_threadsafe(one.authority_changed.set)

    def _deliver(self, district: str, messages: list[dict[str, Any]]) -> None:
        texts = [(m["seq"], json.dumps(m, separators=(",", ":"))) for m in messages]
        with self.lock:
            if district in self.watched:
                self.recent.setdefault(district, deque(maxlen=KEPT)).extend(texts)
            by_loop: dict[asyncio.AbstractEventLoop, list[Subscription]] = {}
            for subscription in self.watched.get(district, ()):
                by_loop.setdefault(subscription.loop, []).append(subscription)
        for loop, subscriptions in by_loop.items():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_offer_all, subscriptions, texts)


def _offer_all(subscriptions: list[Subscription], texts: list[tuple[int, str]]) -> None:
    for subscription in subscriptions:
        subscription.offer(texts)


def _with_connection(work: Callable[..., Any], *args: Any) -> Any:
    close_old_connections()
    return work(*args)


hub = Hub()


def head_of(district: str) -> int:
    """The last number of a district's feed."""
    return FeedHead.objects.filter(district=district).values_list("seq", flat=True).first() or 0


def head_message(district: str, seq: int) -> str:
    """The heartbeat (contract.md 6)."""
    body = {"type": "head", "district": district, "seq": seq, "at": timezone.now().isoformat()}
    return json.dumps(body, separators=(",", ":"))
