"""What lies between the ASGI server and Django: each request answered whole, in its own thread."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config.bridge import PIECE_BYTES, Bridge, Message, environ_of

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def scope_of(method: str = "GET", path: str = "/a", **headers: str) -> Message:
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {
        "type": "http", "method": method, "path": path, "query_string": b"q=1",
        "http_version": "1.1", "scheme": "https", "server": ("127.0.0.1", 8000),
        "client": ("10.0.0.7", 5000), "headers": named,
    }  # fmt: skip


class Client:
    """One request that says its messages in turn and keeps what it is told."""

    def __init__(self, *said: Message) -> None:
        self.said = list(said)
        self.told: list[Message] = []
        self.goes_on = asyncio.Event()

    async def receive(self) -> Message:
        if not self.said:
            await self.goes_on.wait()
        return self.said.pop(0)

    async def send(self, message: Message) -> None:
        await asyncio.sleep(0)
        self.told.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.told[1:])


def body(piece: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": piece, "more_body": more}


def echo(environ: dict[str, Any], begin: Callable[..., Any]) -> list[bytes]:
    begin(
        "201 Created", [("X-Path", environ["PATH_INFO"]), ("Set-Cookie", "a"), ("Set-Cookie", "b")]
    )
    return [environ["wsgi.input"].read()]


def bridge(application: Application, threads: int = 2) -> Bridge:
    return Bridge(application, threads=threads, most_bytes=1_000_000)


def ask(application: Application, scope: Message, *said: Message) -> Client:
    async def once() -> Client:
        client = Client(*said)
        await bridge(application)(scope, client.receive, client.send)
        return client

    return asyncio.run(once())


def test_a_body_in_pieces_arrives_whole_and_the_answer_leaves_in_two_messages() -> None:
    scope = scope_of("POST", "/春", content_length="6")

    client = ask(echo, scope, body(b"abc", more=True), body(b"def"))

    start, end = client.told
    assert start["status"] == 201
    assert start["headers"][0] == (b"x-path", "/春".encode())
    assert [value for name, value in start["headers"] if name == b"set-cookie"] == [b"a", b"b"]
    assert (end["body"], end["more_body"]) == (b"abcdef", False)


def test_a_long_answer_leaves_in_pieces_and_is_closed() -> None:
    closed = threading.Event()

    def stream(_environ: dict[str, Any], begin: Callable[..., Any]) -> Iterator[bytes]:
        begin("200 OK", [])
        try:
            for _ in range(40):
                yield b"x" * 4096
        finally:
            closed.set()

    client = ask(stream, scope_of())

    pieces = [message["body"] for message in client.told[1:]]
    assert sum(map(len, pieces)) == 40 * 4096
    assert all(len(piece) <= PIECE_BYTES + 4096 for piece in pieces)
    assert [message["more_body"] for message in client.told[1:]] == [True, True, False]
    assert closed.is_set()


@pytest.mark.parametrize(
    "headers",
    [{"content_length": "1000001"}, {"content_length": "x"}, {"transfer_encoding": "chunked"}, {}],
)
def test_a_body_too_long_or_of_unknown_length_is_left_unread(headers: dict[str, str]) -> None:
    client = ask(echo, scope_of("POST", **headers), body(b"abc"))

    assert client.body == b""
    assert len(client.said) == 1


def test_who_leaves_before_the_end_of_the_body_is_not_asked_of_the_application() -> None:
    called = threading.Event()

    def application(_environ: dict[str, Any], _begin: Callable[..., Any]) -> list[bytes]:
        called.set()
        return []

    client = ask(
        application, scope_of("POST", content_length="6"), body(b"a", more=True),
        {"type": "http.disconnect"},
    )  # fmt: skip

    assert client.told == []
    assert not called.is_set()


def test_who_sends_slowly_holds_no_thread() -> None:
    async def both() -> tuple[Client, Client]:
        one_thread = bridge(echo, threads=1)
        slow, quick = Client(body(b"a", more=True)), Client()
        waiting = asyncio.create_task(
            one_thread(scope_of("POST", content_length="2"), slow.receive, slow.send)
        )
        await one_thread(scope_of(), quick.receive, quick.send)
        assert not waiting.done()
        slow.said.append(body(b"b"))
        slow.goes_on.set()
        await waiting
        return slow, quick

    slow, quick = asyncio.run(both())

    assert quick.told[0]["status"] == 201
    assert slow.body == b"ab"


def test_an_error_of_the_application_reaches_the_server() -> None:
    def broken(_environ: dict[str, Any], _begin: Callable[..., Any]) -> list[bytes]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(broken, scope_of())


def test_headers_stand_where_wsgi_has_them() -> None:
    scope = scope_of("POST", "/a", content_type="text/plain", host="city")
    scope["headers"] += [
        (b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2"),
        (b"x_forwarded_for", b"6.6.6.6"),
    ]  # fmt: skip

    environ = environ_of(scope)

    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["HTTP_HOST"] == "city"
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1,2.2.2.2"
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("10.0.0.7", "https")
