"""A raw WebSocket client of the stack, for journeys without a page."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from tests.city import A, B
from tests.journeys.stack import Stack

IN_B = {"lon": 119.6251, "lat": 29.9051, "crs": "WGS84", "accuracy_m": 8}


def in_own_loop(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine in a thread of its own: the browser's loop already runs in this one."""
    answer: Future[Any] = Future()

    def run() -> None:
        try:
            answer.set_result(asyncio.run(work()))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(timeout=180)


def address(stack: Stack, district: str = A) -> str:
    return f"ws://127.0.0.1:{stack.port}/ws/v1/districts/{district}"


async def resume(socket: ClientConnection, token: str, after: int | None) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "resume", "token": token, "after": after}))
    welcome: dict[str, Any] = json.loads(await socket.recv())
    return welcome


async def events_until(socket: ClientConnection, case_no: str) -> list[dict[str, Any]]:
    """The events that arrive up to the registration of a case."""
    found = []
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if message["type"] == "event":
            found.append(message)
            if message["case_no"] == case_no:
                return found


@dataclass(frozen=True)
class LastSeen:
    """The number of the last event that a client of district B saw, and when that was."""

    number: int
    at: float


def look_once(stack: Stack) -> LastSeen:
    """Follow district B up to one event, and be cut off."""

    async def look() -> int:
        async with websockets.connect(address(stack, B)) as socket:
            await resume(socket, stack.tokens["handler2"], None)
            receipt = await asyncio.to_thread(lambda: stack.log_call(location=IN_B))
            return int((await events_until(socket, receipt["case_no"]))[-1]["seq"])

    return LastSeen(in_own_loop(look), time.monotonic())
