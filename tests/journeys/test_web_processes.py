"""Two web processes on one port: both feed their sockets, a dead one is replaced."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests.city import A
from tests.journeys.sockets import address, events_until, in_own_loop, resume
from tests.journeys.stack import ROOT, Stack, free_port

WITHIN_S = 60.0


@pytest.fixture
def pair(stack: Stack, tmp_path: Path) -> Iterator[Stack]:
    """The same city, served by two processes on another port."""
    environment = {**stack.environment, "WEB_PROCESSES": "2"}
    served = replace(
        stack, environment=environment, log_dir=tmp_path, port=free_port(), processes={}
    )
    served.start("serve")
    yield served
    served.stop_all()


def who_answers(pair: Stack) -> str:
    """The process id of whoever takes this request and feeds a socket; empty for nobody."""
    try:
        with urllib.request.urlopen(f"{pair.url}/metrics", timeout=10) as answer:  # noqa: S310
            text = answer.read().decode()
    except OSError:
        return ""
    found = re.search(rf'sanxian_sockets{{district="{A}",process="(\d+)"}} [1-9]', text)
    return found.group(1) if found else ""


async def feed_two(pair: Stack, opened: AsyncExitStack) -> tuple[list[ClientConnection], set[str]]:
    """Open sockets, as the kernel deals them out, until two processes feed some."""
    sockets: list[ClientConnection] = []
    feeding: set[str] = set()
    async with asyncio.timeout(WITHIN_S):
        while len(feeding) < 2:
            feeding |= {await asyncio.to_thread(who_answers, pair)} - {""}
            try:
                socket = await opened.enter_async_context(websockets.connect(address(pair)))
                await resume(socket, pair.tokens["handler1"], None)
            except (OSError, websockets.WebSocketException):
                continue
            sockets.append(socket)
    return sockets, feeding


def test_both_feed_their_sockets_and_a_killed_one_is_replaced(pair: Stack) -> None:
    async def watch() -> None:
        async with AsyncExitStack() as opened:
            sockets, feeding = await feed_two(pair, opened)
            receipt = await asyncio.to_thread(pair.log_call)
            for socket in sockets:
                assert await events_until(socket, receipt["case_no"])

            os.kill(int(min(feeding)), signal.SIGKILL)
            _new_sockets, then_feeding = await feed_two(pair, opened)

        assert min(feeding) not in then_feeding
        assert max(feeding) in then_feeding

    in_own_loop(watch)


def test_a_port_that_another_program_has_is_refused(stack: Stack) -> None:
    command = [sys.executable, "manage.py", "serve", "--processes", "2"]

    ended = subprocess.run(
        [*command, "--port", str(stack.port)],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        timeout=WITHIN_S,
        check=False,
    )

    assert ended.returncode != 0
    assert b"ddress already in use" in ended.stderr
