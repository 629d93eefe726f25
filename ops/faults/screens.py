"""Screens: raw WebSocket clients that resume by `seq` and write down what they get."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

RECONNECT_S = 0.1
SILENT_S = 13.0
PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as a screen got it, and when (both in seconds since 1970)."""

    seq: int
    case_no: str
    topic: str
    at: float
    seen_at: float


class Screen(threading.Thread):
    """Follows one district; `flaps` makes it drop its connection every few seconds."""

    def __init__(
        self, name: str, district: str, ports: list[int], token: str, *, flaps: bool = False
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.district, self.token, self.flaps = district, token, flaps
        self.rng = random.Random(name)  # noqa: S311
        self.ports = self.rng.sample(ports, len(ports))
        self.over = threading.Event()
        self.seen: list[Seen] = []
        self.faults: list[str] = []
        self.closings: Counter[str] = Counter()
        self.asked_again = 0
        self.is_connected = False
        self._behind_since = 0.0

    @property
    def last(self) -> int:
        """The last number that this screen has shown."""
        return self.seen[-1].seq if self.seen else 0

    def run(self) -> None:
        """Stay connected, whatever happens."""
        while not self.over.is_set():
            try:
                self._watch(self.ports[0])
            except (OSError, WebSocketException) as error:
                self.closings[type(error).__name__] += 1
                self.ports.append(self.ports.pop(0))
            self.is_connected = False
            time.sleep(RECONNECT_S)

    def address(self, port: int) -> str:
        """Where it listens."""
        return f"ws://127.0.0.1:{port}/ws/v1/districts/{self.district}"

    def _watch(self, port: int) -> None:
        drop_at = time.monotonic() + (self.rng.uniform(1, 5) if self.flaps else 1e9)
        with connect(
            self.address(port), open_timeout=2, close_timeout=0.5, proxy=None, compression=None
        ) as socket:
            self._resume(socket)
            for message in self._messages(socket):
                self.take(message, socket)
                if time.monotonic() > drop_at or self.over.is_set():
                    return

    def _resume(self, socket: ClientConnection) -> None:
        self._behind_since = 0.0
        socket.send(json.dumps({"type": "resume", "token": self.token, "after": self.last}))

    def _messages(self, socket: ClientConnection) -> Iterator[dict[str, Any]]:
        heard = time.monotonic()
        while not self.over.is_set():
            try:
                message = json.loads(socket.recv(timeout=0.25))
            except TimeoutError:
                if time.monotonic() - heard > SILENT_S:
                    self.faults.append(f"{self.name}: silent for {SILENT_S:.0f} s at {self.last}")
                    return
                message = {"type": "nothing"}
            if message["type"] != "nothing":
                heard = time.monotonic()
            yield message

    def take(self, message: dict[str, Any], socket: ClientConnection) -> None:
        """Write an event down; ask again when the head stays ahead (contract.md 6)."""
        kind = message["type"]
        if kind == "event":
            self._event(message)
        elif kind == "welcome":
            self.is_connected = True
            if message["head"] < self.last:
                self.faults.append(f"{self.name}: head {message['head']} after {self.last}")
        elif kind == "reload":
            self.faults.append(f"{self.name}: told to reload at {self.last}")
        elif kind == "head" and message["seq"] > self.last:
            self._behind_since = self._behind_since or time.monotonic()
        if self._behind_since and time.monotonic() - self._behind_since > PATIENCE_S:
            self.asked_again += 1
            self._resume(socket)

    def _event(self, message: dict[str, Any]) -> None:
        if message["seq"] != self.last + 1:
            self.faults.append(f"{self.name}: {message['seq']} after {self.last}")
            if message["seq"] <= self.last:
                return
        self._behind_since = 0.0
        at = _seconds(message["at"])
        seen = Seen(message["seq"], message["case_no"], message["topic"], at, time.time())
        self.seen.append(seen)


class Wall(Screen):
    """The screen of the command centre: keeps the last counters it was sent."""

    def __init__(self, ports: list[int], token: str) -> None:
        super().__init__("wall", "", ports, token)
        self.tally: dict[str, Any] = {}
        self.last_message_at = 0.0

    def address(self, port: int) -> str:
        """Where it listens."""
        return f"ws://127.0.0.1:{port}/ws/v1/screen"

    def take(self, message: dict[str, Any], socket: ClientConnection) -> None:
        """Keep the counters."""
        if message["type"] == "welcome":
            self.is_connected = True
        elif message["type"] == "tally":
            self.tally = message


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
