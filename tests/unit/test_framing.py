"""The short way to many sockets: the same bytes as uvicorn's own, and only to who takes them."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from config.framing import TellingSockets, frame_of
from dispatch.telling import TELL

ROOT = Path(__file__).resolve().parents[2]
Scope = dict[str, Any]


class Wire(asyncio.Transport):
    """Keeps what is written to a client."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """Nothing is read here."""


def with_a_socket(work: Callable[[TellingSockets, Scope, Any, Wire], Any]) -> None:
    """Do the work as an application that has accepted a client."""

    async def once() -> None:
        wire, done = Wire(), asyncio.get_running_loop().create_future()

        async def application(scope: Scope, receive: Any, send: Any) -> None:
            try:
                await receive()
                await send({"type": "websocket.accept"})
                wire.written.clear()
                await work(server, scope, send, wire)
                done.set_result(None)
            except BaseException as error:
                done.set_exception(error)

        config = Config(
            cast(Any, application),
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            proxy_headers=False,
            log_config=None,
        )
        config.load()
        server = TellingSockets(config, ServerState(), {})
        server.connection_made(wire)
        client = ClientProtocol(parse_uri("ws://127.0.0.1/"))
        client.send_request(client.connect())
        server.data_received(b"".join(client.data_to_send()))
        await done

    asyncio.run(once())


def test_a_text_told_at_once_is_the_same_on_the_wire_as_one_that_is_sent() -> None:
    async def work(_server: TellingSockets, scope: Scope, send: Any, wire: Wire) -> None:
        for text in ("{}", "热线" * 40, "x" * 70_000):
            wire.written.clear()
            assert scope["extensions"][TELL]["tell"](text)
            await send({"type": "websocket.send", "text": text})
            assert wire.written[0] == wire.written[1] == frame_of(text)

    with_a_socket(work)


def test_a_frame_is_written_once_for_all_who_hear_it() -> None:
    assert frame_of("an event") is frame_of("an event")


def test_who_takes_nothing_is_not_told_and_hears_it_when_she_reads_on() -> None:
    async def work(server: TellingSockets, scope: Scope, _send: Any, wire: Wire) -> None:
        tell = scope["extensions"][TELL]["tell"]
        server.pause_writing()
        assert not tell("busy")
        assert wire.written == []
        server.resume_writing()
        assert tell("free")

    with_a_socket(work)


def test_nobody_is_told_after_the_close() -> None:
    async def work(server: TellingSockets, scope: Scope, send: Any, wire: Wire) -> None:
        await send({"type": "websocket.close", "code": 4403})
        wire.written.clear()
        assert not scope["extensions"][TELL]["tell"]("too late")
        server.connection_lost(None)
        assert not server.tell("gone")
        assert wire.written == []

    with_a_socket(work)


def test_a_web_process_reads_the_server_before_django_is_set_up() -> None:
    alone = "import config.framing; from django.apps import apps; print(apps.apps_ready)"
    words = [sys.executable, "-c", alone]

    run = subprocess.run(words, cwd=ROOT, env={}, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout, run.stderr) == (0, "False\n", "")
