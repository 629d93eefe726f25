"""HTTP by a2wsgi, with one way into a thread and one back (docs/adr/0016).

a2wsgi lets the thread wait for the loop at each piece: the body, the head, each part of the answer,
its end. What is short and says its length is handed over whole here; what is long, or is made while
the client reads, goes a2wsgi's way.
"""

from io import BytesIO
from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import HTTPRequestEvent, Receive, Scope, Send, SendEvent
from a2wsgi.wsgi import Body, WSGIResponder
from a2wsgi.wsgi_typing import Environ, StartResponse

SHORT_BYTES = 64 * 1024
"""A longer answer leaves while it is made, as fast as the client takes it."""


class Crossing(WSGIMiddleware):
    """The ASGI application around Django's WSGI one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the loop reads the first piece of its body, mostly all of it."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        said = await receive()
        if said["type"] == "http.request":
            request = _Request(self.app, self.executor, self.send_queue_size)
            request.first = said
            await request(scope, receive, send)


class _Request(WSGIResponder):
    """One request: `wsgi` and `send` run in the thread, `sender` in the loop."""

    first: HTTPRequestEvent
    _is_whole = False
    _held_bytes = 0

    def wsgi(self, environ: Environ, start_response: StartResponse) -> None:
        """Call the application, with what the loop has read of the body."""
        self._held: list[SendEvent | None] = []
        if self.first.get("more_body", False):
            cast(Body, environ["wsgi.input"]).buffer.extend(self.first["body"])
        else:
            environ["wsgi.input"] = BytesIO(self.first["body"])
        super().wsgi(environ, start_response)

    def send(self, message: SendEvent | None) -> None:
        """Hold a part of the answer, unless that is long or does not say how long it is."""
        self._held.append(message)
        if message and message["type"] == "http.response.start":
            self._is_whole = any(name == b"content-length" for name, _ in message["headers"])
        elif message and message["type"] == "http.response.body":
            self._held_bytes += len(message.get("body", b""))
        if not self._is_whole or self._held_bytes > SHORT_BYTES:
            for one in self._held:
                super().send(one)
            self._held, self._held_bytes = [], 0

    async def sender(self, send: Send) -> None:
        """Send what the thread hands over, and at its end what it still held."""
        await super().sender(send)
        for message in self._held:
            if message:
                await send(message)
