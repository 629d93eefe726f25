"""`python -m ops.healthy web|worker|beat|relay`: a container's health check (exit 0 or 1)."""

import http.client
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import redis
from celery import Celery

from config import env

BEAT_SECONDS = 600
RELAY_SECONDS = 60


def web() -> bool:
    """The web process answers /healthz, as it would to a request through the gateway."""
    host = env.words("ALLOWED_HOSTS", "localhost")[0].removeprefix(".")
    headers = {"Host": "localhost" if host == "*" else host, "X-Forwarded-Proto": "https"}
    connection = http.client.HTTPConnection("127.0.0.1", env.number("PORT", 8000), timeout=4)
    connection.request("GET", "/healthz", headers=headers)
    return connection.getresponse().status == http.HTTPStatus.OK


def worker() -> bool:
    """The worker of this container answers a ping through the broker."""
    app = Celery(broker=env.text("REDIS_URL"))
    return bool(app.control.ping([f"celery@{socket.gethostname()}"], timeout=8))


def beat() -> bool:
    """Beat has written its memory lately (it does so every three minutes)."""
    memory = list(Path(env.text("DATA_DIR")).glob("beat-schedule*"))
    return any(time.time() - path.stat().st_mtime < BEAT_SECONDS for path in memory)


def relay() -> bool:
    """The relay of this container holds a connection and used it within a minute."""
    connection = psycopg2.connect(env.text("DATABASE_URL"), connect_timeout=5)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM pg_stat_activity
               WHERE pid <> pg_backend_pid() AND client_addr = inet_client_addr()
                 AND (state = 'active' OR state_change > now() - %s * interval '1 second')""",
            [RELAY_SECONDS],
        )
        (number,) = cursor.fetchone() or (0,)
        return bool(number)


PARTS: dict[str, Callable[[], bool]] = {"web": web, "worker": worker, "beat": beat, "relay": relay}


def main(part: str) -> int:
    """Check one part; print why it is not healthy."""
    try:
        healthy = PARTS[part]()
    except (OSError, http.client.HTTPException, psycopg2.Error, redis.RedisError) as error:
        print(f"{part}: {error}", file=sys.stderr)
        return 1
    return 0 if healthy else 1


if __name__ == "__main__":
    os.environ.setdefault("DATA_DIR", "var/data")
    sys.exit(main(sys.argv[1]))
