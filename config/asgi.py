"""HTTP through WSGI threads, sockets through Channels, in one process (stack.md 5)."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_wsgi = get_wsgi_application()

from config.bridge import Bridge  # noqa: E402
from dispatch.consumers import DistrictConsumer  # noqa: E402
from screen.consumers import ScreenConsumer  # noqa: E402

HTTP_THREADS = 8
sockets = URLRouter(
    [
        re_path(r"^ws/v1/districts/(?P<code>\d{6})$", DistrictConsumer.as_asgi()),
        re_path(r"^ws/v1/screen$", ScreenConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter(
    {
        "http": Bridge(
            django_wsgi, threads=HTTP_THREADS, most_bytes=settings.MAX_BODY_MB * 1024 * 1024
        ),
        "websocket": sockets,
    }
)
