"""Django's WSGI application in threads, below an ASGI server: one hop in, one hop out.

The loop reads the body, so that who sends slowly holds no thread; a thread makes the answer and
hands it back whole. Only what is long (files, exports) goes over in pieces, each when the one
before has left. What lies between server and application costs as much as an empty request does
within: docs/benchmarks.md.
"""

import asyncio
import contextvars
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from tempfile import SpooledTemporaryFile
from typing import IO, Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
IN_MEMORY_BYTES = 512 * 1024
"""A longer body waits in a file for its thread."""
PIECE_BYTES = 64 * 1024
"""A longer answer is handed over in pieces of about this size."""


class Bridge:
    """The ASGI application. `most_bytes` is the longest body that is read.

    A longer one, and one that does not say how long it is, is left unread; the application refuses
    it by its headers (config.middleware.body_limit).
    """

    def __init__(self, application: Callable[..., Any], *, threads: int, most_bytes: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="http")
        self._most_bytes = most_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or nothing where the client leaves before it has said all."""
        environ, loop = environ_of(scope), asyncio.get_running_loop()
        length = environ.get("CONTENT_LENGTH", "")
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as body:
            is_read = length.isascii() and length.isdigit() and int(length) <= self._most_bytes
            if is_read and not await _read(receive, body):
                return
            answer = _Answer(loop, send)
            make = contextvars.copy_context().run
            environ["wsgi.input"] = body
            await loop.run_in_executor(self._threads, make, answer.make, self._application, environ)
        await answer.leave(more=False)


async def _read(receive: Receive, body: IO[bytes]) -> bool:
    """Read the body to its end; False when the client leaves before."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        body.write(message.get("body", b""))
        more = message.get("more_body", False)
    body.seek(0)
    return True


class _Answer:
    """What the application says: made in a thread, sent by the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self._loop = loop
        self._send = send
        self._head: Message | None = None
        self._held = bytearray()

    def make(self, application: Callable[..., Any], environ: dict[str, Any]) -> None:
        """In the thread: call the application; what is left in the end waits for `leave`."""
        pieces = application(environ, self._begin)
        try:
            for piece in pieces:
                if len(self._held) >= PIECE_BYTES:
                    leaving = self.leave(more=True)
                    asyncio.run_coroutine_threadsafe(leaving, self._loop).result()
                self._held += piece
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def _begin(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        self._head = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [
                (name.lower().encode("latin1"), value.strip().encode("latin1"))
                for name, value in headers
            ],
        }

    async def leave(self, *, more: bool) -> None:
        """In the loop: send the head, once, and what is held; waits while the client is slow."""
        if self._head is not None:
            await self._send(self._head)
            self._head = None
        body, self._held = bytes(self._held), bytearray()
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def environ_of(scope: Message) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333), without its body.

    A header with an underscore in its name is left out: it would pass for one with a hyphen.
    """
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", "").encode().decode("latin1"),
        "PATH_INFO": scope["path"].encode().decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = _key_of(name)
        text = value.decode("latin1")
        if key:
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


@lru_cache(maxsize=256)
def _key_of(name: bytes) -> str:
    """The name of a header in the environ; empty for one that is left out."""
    if b"_" in name:
        return ""
    key = name.decode("latin1").upper().replace("-", "_")
    return key if key in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{key}"
