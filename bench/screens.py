"""Many screens in one process of little CPU: opens sockets, says `resume`, notes what arrives.

`python -m bench.screens PORT PATH COUNT TOKEN FILE` prints `ready` when all are open, and `saved`
each time it has written what arrived since (seq, socket, seconds of the monotonic clock) to
FILE; it does so for each line on its standard input, and ends with that.
"""

import asyncio
import base64
import json
import os
import sys
import time
from array import array
from pathlib import Path
from typing import cast

import numpy as np
import uvloop

OPENING_AT_ONCE = 50
OPENING_SECONDS = 120
TEXT, PING, PONG = 0x1, 0x9, 0xA
SHORT, SHORT_LENGTH = 126, 125


def upgrade(port: int, path: str) -> bytes:
    """The HTTP request that opens a socket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def frame(code: int, payload: bytes) -> bytes:
    """A client's frame, masked with zeros."""
    length = len(payload)
    if length <= SHORT_LENGTH:
        return bytes((0x80 | code, 0x80 | length)) + b"\0\0\0\0" + payload
    return bytes((0x80 | code, 0x80 | SHORT)) + length.to_bytes(2, "big") + b"\0\0\0\0" + payload


class Arrivals:
    """What all sockets have received: sequence number, socket, time."""

    def __init__(self) -> None:
        self.seqs, self.sockets, self.times = array("q"), array("i"), array("d")

    def save(self, file: Path) -> None:
        """Write and forget."""
        columns = (np.array(self.seqs), np.array(self.sockets), np.array(self.times))
        with file.open("wb") as out:
            np.savez(out, seqs=columns[0], sockets=columns[1], times=columns[2])
        for column in (self.seqs, self.sockets, self.times):
            del column[:]


class Screen(asyncio.Protocol):
    """One socket; frames are read by hand."""

    def __init__(self, number: int, request: bytes, hello: bytes, arrivals: Arrivals) -> None:
        self.number, self.request, self.hello = number, request, hello
        self.arrivals = arrivals
        self.buffer = b""
        self.is_open = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Take the frames apart."""
        buffer = self.buffer + data if self.buffer else data
        if not self.is_open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self.buffer = buffer
                return
            assert buffer.startswith(b"HTTP/1.1 101"), buffer[:200]
            self.is_open, buffer = True, buffer[end + 4 :]
            self.transport.write(frame(TEXT, self.hello))
        self.buffer = self._frames(buffer, time.monotonic())

    def _frames(self, buffer: bytes, now: float) -> bytes:
        at, size = 0, len(buffer)
        while size - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == SHORT:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            if size < start + length:
                break
            self._take(buffer[at] & 0xF, buffer[start : start + length], now)
            at = start + length
        return buffer[at:]

    def _take(self, code: int, payload: bytes, now: float) -> None:
        if code == PING:
            self.transport.write(frame(PONG, payload))
        elif code == TEXT and payload.startswith(b'{"type":"event"'):
            start = payload.index(b'"seq":') + 6
            self.arrivals.seqs.append(int(payload[start : payload.index(b",", start)]))
            self.arrivals.sockets.append(self.number)
            self.arrivals.times.append(now)
        elif not self.ready.done():
            self.ready.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say it: a screen that is closed while we measure is a finding."""
        sys.stderr.write(f"screen {self.number} was closed: {exc} {self.buffer[:60]!r}\n")


async def watch(port: int, path: str, count: int, token: str, file: Path) -> None:
    """Open the screens, then save on demand."""
    loop = asyncio.get_running_loop()
    arrivals = Arrivals()
    hello = json.dumps({"type": "resume", "token": token, "after": None}).encode()
    gate = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one(number: int) -> None:
        async with gate:
            request = upgrade(port, path)
            _, screen = await loop.create_connection(
                lambda: Screen(number, request, hello, arrivals), "127.0.0.1", port
            )
            await screen.ready

    opening = asyncio.gather(*(open_one(number) for number in range(count)))
    await asyncio.wait_for(opening, OPENING_SECONDS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while await loop.run_in_executor(None, sys.stdin.readline):
        arrivals.save(file)
        sys.stdout.write("saved\n")
        sys.stdout.flush()


if __name__ == "__main__":
    port_, path_, count_, token_, file_ = sys.argv[1:6]
    uvloop.run(watch(int(port_), path_, int(count_), token_, Path(file_)))
