"""`manage.py serve`: pages, API and sockets from one process."""

from argparse import ArgumentParser
from threading import Thread

import uvicorn
from django.core.management.base import BaseCommand

from config import env
from config.waiting import wait_for_database
from dispatch.board.current import warm_up

SOCKET_MESSAGE_BYTES = 16 * 1024
SOCKET_QUEUE = 16
STOP_SECONDS = 8


class Command(BaseCommand):
    """Runs uvicorn: HTTP goes to WSGI threads, sockets to Channels (config/asgi.py)."""

    help = "Serve pages, API and sockets (one process; start more of them for more)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen; HOST and PORT are the defaults."""
        parser.add_argument("--host", default=env.text("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=env.number("PORT", 8000))

    def handle(self, *_: object, host: str, port: int, **__: object) -> None:
        """Serve until SIGTERM or SIGINT; requests under way get some seconds to end."""
        wait_for_database()
        Thread(target=warm_up, name="board", daemon=True).start()
        uvicorn.run(
            "config.asgi:application",
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=SOCKET_MESSAGE_BYTES,
            ws_max_queue=SOCKET_QUEUE,
            ws_per_message_deflate=False,
            access_log=False,
            server_header=False,
            log_config=None,
            forwarded_allow_ips=env.text("FORWARDED_ALLOW_IPS", "127.0.0.1"),
            timeout_graceful_shutdown=STOP_SECONDS,
        )
