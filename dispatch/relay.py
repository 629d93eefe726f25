"""The relay process: numbers what is committed and rings the door-bell (architecture.md 5)."""

import logging
import os
import select
import signal
import time
from datetime import datetime
from types import FrameType

import psycopg2
import redis
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from dispatch import outbox

BELL = "sanxian:bell"
POLL_S = 0.25
STANDBY_S = 0.5
NOTICE_A_LOST_MACHINE = """
SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3
"""
"""The server frees the lock of a relay whose machine is gone after 10 s, not after two hours."""
logger = logging.getLogger("sanxian.relay")


class Bell:
    """Publishes "district:seq" to whoever listens; a Redis that is down costs nothing but time."""

    RETRY_S = 2.0

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(
            url, socket_timeout=0.2, socket_connect_timeout=0.2, retry_on_timeout=False
        )
        self.silent_until = 0.0

    def ring(self, heads: dict[str, int]) -> None:
        """One PUBLISH for all districts; while Redis is down, screens poll once a second."""
        if time.monotonic() < self.silent_until:
            return
        try:
            self.client.publish(BELL, " ".join(f"{d}:{seq}" for d, seq in heads.items()))
        except redis.RedisError as error:
            self.silent_until = time.monotonic() + self.RETRY_S
            logger.warning("the door-bell is silent: %s", type(error).__name__)


class Relay:
    """One active relay; a second waits for the advisory lock and takes over."""

    def __init__(self) -> None:
        self.running = True
        self.bell = Bell(settings.REDIS_URL)

    def stop(self, *_: int | FrameType | None) -> None:
        """Finish the batch and end."""
        self.running = False

    def run(self) -> None:
        """Run until stopped; survive the database going away."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while self.running:
            try:
                self._serve()
            except (Error, psycopg2.Error) as error:
                logger.warning("the database is away: %s", type(error).__name__)
                connection.close()
                time.sleep(STANDBY_S)

    def _serve(self) -> None:
        while self.running and not self._take_lock():
            time.sleep(STANDBY_S)
        if not self.running:
            return
        logger.info("relay %s is active", os.getpid())
        with connection.cursor() as cursor:
            cursor.execute(NOTICE_A_LOST_MACHINE)
            cursor.execute(f"LISTEN {outbox.CHANNEL}")
        while self.running:
            if not self.drain(timezone.now()):
                self._wait()

    def _take_lock(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [outbox.RELAY_LOCK])
            return bool(cursor.fetchone()[0])

    def drain(self, now: datetime) -> bool:
        """Number one batch; True when there was something."""
        heads = outbox.number_batch(now=now)
        if heads:
            self.bell.ring(heads)
        return bool(heads)

    def _wait(self) -> None:
        raw = connection.connection
        select.select([raw], [], [], POLL_S)
        raw.poll()
        raw.notifies.clear()
