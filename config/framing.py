"""uvicorn's socket protocol, with a short way for what thousands of sockets hear at once.

ASGI sends through a coroutine: to tell 3,000 sockets an event wakes 3,000 tasks, and each writes
the same frame anew. An application that finds `TELL` among the extensions of its scope may say a
text at once instead, as long as the client keeps up; the frame is written once for all.
"""

from functools import lru_cache

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

from dispatch.telling import TELL

FRAMES_KEPT = 64


class TellingSockets(WebSocketsSansIOProtocol):
    """Lets its application tell a text without a task."""

    def handle_connect(self, event: Request) -> None:
        """Begin to serve a socket, and offer `tell` to it."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            self.scope["extensions"][TELL] = {"tell": self.tell}

    def tell(self, text: str) -> bool:
        """Hand a text to the connection; False where it is closed or takes nothing just now."""
        if not self.handshake_complete or self.close_sent or self.disconnected:
            return False
        if not self.writable.is_set():
            return False
        self.transport.write(frame_of(text))
        return True


@lru_cache(FRAMES_KEPT)
def frame_of(text: str) -> bytes:
    """A text as it goes over the wire to each client."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
