"""One message a second at most for all wall sockets of an area in this process."""

import asyncio
import json
import logging
import time
from typing import Any, Protocol

from django.db import Error
from django.utils import timezone

from accounts.pairing import displays_stamp
from accounts.queries import authority_stamp
from dispatch.hub import hub
from dispatch.lifecycle import OPEN
from dispatch.wall import log, points
from dispatch.wall.points import Point
from dispatch.wall.scope import Heads
from screen.board import MOST_CHANGES, board_of, dot
from screen.places import WallArea

EVERY_S, QUIET_S, AUTHORITY_S = 1.0, 2.0, 2.0
MOST_WAITING = 400
MOST_STEPS = 200
_OPEN = frozenset(state.value for state in OPEN)
logger = logging.getLogger("sanxian.screen")


class Listener(Protocol):
    """A socket that gets the messages."""

    authority_changed: asyncio.Event

    async def send(self, text_data: str) -> None:
        """Send one message."""


class Broadcast:
    """Reads an area once a second, while anybody listens, and tells all its sockets the same."""

    def __init__(self, area: WallArea) -> None:
        self.area = area
        self.listeners: set[Listener] = set()
        self.task: asyncio.Task[None] | None = None
        self._after: Heads | None = None
        self._waiting: dict[str, list[Any]] = {}
        self._said = ""
        self._said_at = 0.0
        self._authority: object = None
        self._authority_at = 0.0

    def join(self, listener: Listener) -> None:
        """Begin to tell a socket; the next word comes even where nothing is new."""
        self.listeners.add(listener)
        self._said = ""
        if self.task is None or self.task.done():
            self._after, self._waiting = None, {}
            self.task = asyncio.ensure_future(self._run())

    def leave(self, listener: Listener) -> None:
        """Stop telling a socket."""
        self.listeners.discard(listener)

    async def _run(self) -> None:
        while self.listeners:
            began = time.monotonic()
            try:
                await self._once()
            except Error as error:
                logger.warning("a wall cannot be read: %s", type(error).__name__)
            await asyncio.sleep(max(0.05, EVERY_S - (time.monotonic() - began)))

    async def _once(self) -> None:
        text = await hub.read(self.next_message)
        if text:
            await asyncio.gather(
                *(one.send(text_data=text) for one in list(self.listeners)), return_exceptions=True
            )
        if time.monotonic() - self._authority_at >= AUTHORITY_S:
            self._authority_at = time.monotonic()
            stamp = await hub.read(_stamp)
            if self._authority is not None and stamp != self._authority:
                for one in self.listeners:
                    one.authority_changed.set()
            self._authority = stamp

    def next_message(self) -> str:
        """What is new as JSON; "" when nothing is and the last word is younger than two seconds."""
        pulse = board_of(self.area).pulse()
        self._collect(pulse["as_of"])
        changed = json.dumps({n: v for n, v in pulse.items() if n != "at"}, separators=(",", ":"))
        quiet_s = time.monotonic() - self._said_at
        if changed == self._said and not self._waiting and quiet_s < QUIET_S:
            return ""
        self._said, self._said_at = changed, time.monotonic()
        return message_of(pulse, self._take())

    def _collect(self, heads: Heads) -> None:
        """Note the points that changed since the last look."""
        if self._after is not None and heads != self._after:
            after = {district: self._after.get(district, 0) for district in heads}
            steps = log.latest(after, most=MOST_STEPS)
            numbers = list(dict.fromkeys(step.case_no for step in steps if step.case_no))
            self._waiting |= {p.case_no: change_of(p) for p in points.named(numbers)}
            for number in list(self._waiting)[: max(0, len(self._waiting) - MOST_WAITING)]:
                del self._waiting[number]
        self._after = dict(heads)

    def _take(self) -> list[list[Any]]:
        taken = sorted(self._waiting.items(), key=lambda pair: pair[1][4])[:MOST_CHANGES]
        for number, _ in taken:
            del self._waiting[number]
        return [change for _, change in taken]


def change_of(point: Point) -> list[Any]:
    """A point with 1 where it is open, 0 where it has to go."""
    return [*dot(point), int(point.state in _OPEN and point.lon is not None)]


def message_of(pulse: dict[str, Any], changes: list[list[Any]]) -> str:
    """The tally message (contract.md 6) with everything that a wall counts."""
    body = {
        "type": "tally",
        "sent_at": timezone.now().isoformat(),
        **{name: value for name, value in pulse.items() if name != "rows"},
        "counters": pulse["rows"],
        "points": changes,
    }
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def _stamp() -> tuple[object, ...]:
    return (*authority_stamp(), *displays_stamp())


_broadcasts: dict[tuple[int, str], Broadcast] = {}


def broadcast_of(area: WallArea) -> Broadcast:
    """The broadcast of an area in the running event loop."""
    key = (id(asyncio.get_running_loop()), area.code)
    return _broadcasts.setdefault(key, Broadcast(area))
