"""What lies between the ASGI server and Django: short requests cross once each way."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, cast

import pytest

from config.crossing import SHORT_BYTES, Crossing

Message = MutableMapping[str, Any]
Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
WAITS = "asyncio.run_coroutine_threadsafe"


def scope_of(method: str = "POST", path: str = "/a", **headers: str) -> Message:
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {
        "type": "http", "method": method, "path": path, "query_string": b"q=1",
        "http_version": "1.1", "scheme": "https", "server": ("127.0.0.1", 8000),
        "client": ("10.0.0.7", 5000), "headers": named,
    }  # fmt: skip


def said(piece: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": piece, "more_body": more}


def ask(
    application: Application, *messages: Message, told: list[Message] | None = None
) -> list[Message]:
    """What a client is told who says these messages in turn."""
    told = [] if told is None else told
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        told.append(message)

    async def once() -> None:
        crossing: Any = Crossing(cast(Any, application), workers=1)
        await crossing(scope_of(content_length="6"), receive, send)

    asyncio.run(once())
    return told


def body_of(told: list[Message]) -> bytes:
    return b"".join(message["body"] for message in told[1:])


def echo(environ: dict[str, Any], begin: Callable[..., Any]) -> list[bytes]:
    begin("201 Created", [("X-Path", environ["PATH_INFO"]), ("Content-Length", "6")])
    return [environ["wsgi.input"].read(6)]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each time that a thread waits for the loop."""
    found: list[object] = []
    really = asyncio.run_coroutine_threadsafe

    def counted(coroutine: Any, loop: asyncio.AbstractEventLoop) -> Any:
        found.append(coroutine)
        return really(coroutine, loop)

    monkeypatch.setattr(WAITS, counted)
    return found


def test_a_short_request_is_answered_without_the_thread_waiting_once(waits: list[object]) -> None:
    told = ask(echo, said(b"abcdef"))

    assert told[0]["status"] == 201
    assert told[0]["headers"] == [(b"x-path", b"/a"), (b"content-length", b"6")]
    assert body_of(told) == b"abcdef"
    assert not told[-1].get("more_body", False)
    assert waits == []


def test_a_body_in_pieces_arrives_whole(waits: list[object]) -> None:
    told = ask(echo, said(b"ab", more=True), said(b"cd", more=True), said(b"ef"))

    assert body_of(told) == b"abcdef"
    assert len(waits) == 2


def test_a_long_answer_leaves_while_it_is_made(waits: list[object]) -> None:
    closed = threading.Event()
    pieces = 3 * SHORT_BYTES // 4096

    def stream(_environ: dict[str, Any], begin: Callable[..., Any]) -> Iterator[bytes]:
        begin("200 OK", [("Content-Length", str(pieces * 4096))])
        try:
            for n in range(pieces):
                yield b"%04096d" % n
        finally:
            closed.set()

    told = ask(stream, said(b""))

    assert body_of(told) == b"".join(b"%04096d" % n for n in range(pieces))
    assert len(waits) > SHORT_BYTES // 4096
    assert closed.is_set()


def test_an_answer_that_does_not_say_how_long_it_is_leaves_piece_by_piece() -> None:
    told: list[Message] = []

    def stream(_environ: dict[str, Any], begin: Callable[..., Any]) -> Iterator[bytes]:
        begin("200 OK", [])
        yield b"first"
        end = time.monotonic() + 10
        while len(told) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        yield b"after %d" % len(told)

    ask(stream, said(b""), told=told)

    assert body_of(told) == b"firstafter 2"


def test_who_leaves_before_the_end_of_the_body_is_not_answered() -> None:
    called = threading.Event()

    def application(_environ: dict[str, Any], _begin: Callable[..., Any]) -> list[bytes]:
        called.set()
        return []

    assert ask(application, {"type": "http.disconnect"}) == []
    assert not called.is_set()


def test_an_error_of_the_application_reaches_the_server_and_nothing_the_client() -> None:
    told: list[Message] = []

    def broken(_environ: dict[str, Any], begin: Callable[..., Any]) -> Iterator[bytes]:
        begin("200 OK", [("Content-Length", "8")])
        yield b"half"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(broken, said(b""), told=told)

    assert told == []
