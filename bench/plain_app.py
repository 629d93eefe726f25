"""What our feed is compared with, on the same server stack: `python -m bench.plain_app --port N`.

/echo/   each message of the speaker goes back to every open socket at once, nothing else;
/groups/ the same through a channel layer, each consumer a member of one group, in one process.
"""

import argparse
import json
from typing import Any

import django
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import re_path

GROUP = "screens"
CAPACITY = 10_000
WELCOME = '{"type":"welcome"}'
listeners: set["Echo"] = set()


class Echo(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends what the speaker says to all."""

    async def connect(self) -> None:
        """Accept."""
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`resume` makes a listener; everything else is for all listeners."""
        text = text_data or ""
        if '"resume"' in text:
            listeners.add(self)
            await self.send(WELCOME)
            return
        for listener in listeners:
            await listener.send(text)

    async def disconnect(self, code: int) -> None:
        """Forget it."""
        listeners.discard(self)


class Grouped(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A group membership per consumer: what Channels' tutorial does."""

    async def connect(self) -> None:
        """Accept."""
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`resume` joins the group; everything else is sent to it."""
        text = text_data or ""
        if '"resume"' in text:
            await self.channel_layer.group_add(GROUP, self.channel_name)
            await self.send(WELCOME)
            return
        message = {"type": "happened", "body": json.loads(text)}
        await self.channel_layer.group_send(GROUP, message)

    async def happened(self, message: dict[str, Any]) -> None:
        """One event."""
        await self.send(json.dumps(message["body"], separators=(",", ":")))


def main() -> None:
    """Serve with the options of `manage.py serve`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    layer = {
        "BACKEND": "channels.layers.InMemoryChannelLayer",
        "CONFIG": {"capacity": CAPACITY},
    }
    settings.configure(CHANNEL_LAYERS={"default": layer})
    django.setup()
    routes = [re_path(r"^echo/$", Echo.as_asgi()), re_path(r"^groups/$", Grouped.as_asgi())]
    uvicorn.run(
        ProtocolTypeRouter({"websocket": URLRouter(routes)}),
        host="127.0.0.1",
        port=parser.parse_args().port,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        access_log=False,
    )


if __name__ == "__main__":
    main()
