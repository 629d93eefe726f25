"""HTTP through WSGI threads, sockets through Channels, in each web process (stack.md 5)."""

import gc
import os
from threading import Thread

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.wsgi import get_wsgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_wsgi = get_wsgi_application()

from config.crossing import Crossing  # noqa: E402
from dispatch.board.current import warm_up  # noqa: E402
from dispatch.consumers import DistrictConsumer, UnknownConsumer  # noqa: E402
from screen.consumers import ScreenConsumer  # noqa: E402

HTTP_THREADS = 8
sockets = URLRouter(
    [
        re_path(r"^ws/v1/districts/(?P<code>\d{6})$", DistrictConsumer.as_asgi()),
        re_path(r"^ws/v1/screen$", ScreenConsumer.as_asgi()),
        re_path(r"", UnknownConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter(
    {
        "http": Crossing(django_wsgi, workers=HTTP_THREADS),  # type: ignore[arg-type]
        "websocket": sockets,
    }
)


def warmed() -> ProtocolTypeRouter:
    """The application for a web process that begins: a thread reads the open cases meanwhile."""
    Thread(target=_begin, name="board", daemon=True).start()
    return application


def _begin() -> None:
    """Read the open cases; what lives by then lives on, and no collection looks through it again.

    One that did stopped every thread for 90 ms.
    """
    warm_up()
    gc.collect()
    gc.freeze()
