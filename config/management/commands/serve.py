"""`manage.py serve`: pages, API and sockets, from one process or from several on one port."""

import socket
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any, cast

import uvicorn
from django.core.management.base import BaseCommand
from uvicorn.supervisors import Multiprocess

from config import env
from config.framing import TellingSockets
from config.waiting import wait_for_database

SOCKET_MESSAGE_BYTES = 16 * 1024
SOCKET_QUEUE = 16
STOP_SECONDS = 8
PING_SECONDS = 60.0
"""Finds clients that are gone without a word; who is there hears a heartbeat every ten seconds."""
HANGS_AFTER_SECONDS = 30
"""A process that is silent for so long is replaced."""


class Command(BaseCommand):
    """Runs uvicorn: HTTP goes to WSGI threads, sockets to Channels (config/asgi.py).

    Of several processes a further one is the parent, which starts anew what dies or hangs.
    """

    help = "Serve pages, API and sockets; several processes share the port and the cores."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen and by how many; HOST, PORT and WEB_PROCESSES are the defaults."""
        parser.add_argument("--host", default=env.text("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=env.number("PORT", 8000))
        parser.add_argument("--processes", type=int, default=env.number("WEB_PROCESSES", 1))

    def handle(self, *_: object, host: str, port: int, processes: int, **__: object) -> None:
        """Serve until SIGTERM or SIGINT; requests under way get some seconds to end."""
        wait_for_database()
        config = _config(host, port, processes)
        if processes == 1:
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run()
            return
        config.bind_socket().close()  # refuses a port that another program has
        Multiprocess(config, [cast(socket.socket, PortShare(host, port))]).run()


def _config(host: str, port: int, processes: int) -> uvicorn.Config:
    return uvicorn.Config(
        "config.asgi:warmed",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        loop="uvloop",
        http="httptools",
        ws=TellingSockets,
        ws_max_size=SOCKET_MESSAGE_BYTES,
        ws_max_queue=SOCKET_QUEUE,
        ws_ping_interval=PING_SECONDS,
        ws_per_message_deflate=False,
        access_log=False,
        server_header=False,
        log_config=None,
        forwarded_allow_ips=env.text("FORWARDED_ALLOW_IPS", "127.0.0.1"),
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_worker_healthcheck=HANGS_AFTER_SECONDS,
    )


class PortShare:
    """Becomes, in each process that it is sent to, a socket of its own at one address.

    The kernel deals connections out among them. One socket for all would not do: whichever process
    wakes first takes all that wait there, so that one works and the others look on.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def __reduce__(self) -> tuple[Any, ...]:
        return socket_at, self._address


def socket_at(host: str, port: int) -> socket.socket:
    """A socket bound to an address that others may be bound to as well. Raises OSError."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((host, port))
    return found
