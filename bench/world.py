"""What a line may use: two databases, the people's tokens, servers of ours on their own ports."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM

import psycopg2
from psycopg2 import extensions

from ops.processes import ROOT, bound_to_us

START_SECONDS = 60
STOP_SECONDS = 15
NUMBERING_SECONDS = 180
WEB_PROCESSES = len(os.sched_getaffinity(0))
"""As many as a machine that serves a city would run (docs/settings.md)."""
LISTENING = "0A"
"""The state of a socket in /proc/net/tcp."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the runs are: rounds of `seconds` each, `few` operations where one is slow."""

    rounds: int = 5
    seconds: float = 1.2
    few: int = 100


@dataclass
class World:
    """The large and the small city, and who lives there."""

    large: str
    small: str
    people: dict[str, str]
    cases: int
    pace: Pace
    folder: Path
    districts: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)

    def connect(self, database_url: str = "") -> extensions.connection:
        """A psycopg2 connection, committing each statement by itself."""
        connection = psycopg2.connect(database_url or self.large)
        connection.autocommit = True
        return connection

    @contextmanager
    def process(self, *command: str, database_url: str = "") -> Iterator[int]:
        """Run `python COMMAND` with our settings until the block ends; its process id."""
        environment = {**os.environ, "DATABASE_URL": database_url or self.large}
        with (self.folder / "log" / "processes.log").open("ab") as log:
            process = subprocess.Popen(
                [*bound_to_us(SIGTERM), sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def server(self, *command: str, database_url: str = "") -> Iterator[tuple[int, int]]:
        """Run a program that listens on --port; (process id, port) once it does."""
        port = free_port()
        with self.process(*command, "--port", str(port), database_url=database_url) as pid:
            wait_for(port)
            yield pid, port

    @contextmanager
    def web(self, database_url: str = "") -> Iterator[tuple[int, int]]:
        """Our web process: (process id, port)."""
        with self.server("manage.py", "serve", database_url=database_url) as found:
            yield found

    @contextmanager
    def webs(self, database_url: str = "") -> Iterator[tuple[list[int], int]]:
        """A web process for each core, all on one port: (process ids with the parent's, port)."""
        command = ("manage.py", "serve", "--processes", str(WEB_PROCESSES))
        with self.server(*command, database_url=database_url) as (pid, port):
            wait_for(port, WEB_PROCESSES)
            yield [pid, *_children(pid)], port

    @contextmanager
    def relay(self) -> Iterator[int]:
        """Our relay, once it has numbered what earlier lines have left."""
        with self.process("manage.py", "relay") as pid:
            self._until_numbered()
            yield pid

    def _until_numbered(self) -> None:
        end = time.monotonic() + NUMBERING_SECONDS
        with self.connect() as connection, connection.cursor() as cursor:
            while time.monotonic() < end:
                cursor.execute("SELECT EXISTS (SELECT FROM dispatch_event WHERE seq IS NULL)")
                if cursor.fetchone() == (False,):
                    return
                time.sleep(0.1)
        raise TimeoutError("the relay does not keep up")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, processes: int = 1) -> None:
    """Return when so many processes take connections at the port. Raises TimeoutError."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if _listeners(port) >= processes:
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def _listeners(port: int) -> int:
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == LISTENING for row in rows)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
