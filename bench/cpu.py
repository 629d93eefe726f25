"""CPU time from the operating system: of our processes and of the PostgreSQL backends they use."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
UTIME, STIME = 11, 12
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE datname = %s AND backend_type IN ('client backend', 'parallel worker')
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One short run: how many operations, wall and CPU seconds, and each one's seconds if known."""

    operations: int
    wall_s: float
    cpu_s: float
    each_s: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Operations per second of wall time."""
        return self.operations / self.wall_s

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per operation."""
        return self.cpu_s * 1e6 / self.operations


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far, all threads, user and system; 0 when it is gone."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[UTIME]) + int(after_name[STIME])) * TICK_S


def memory_of(pid: int) -> int:
    """Resident memory of a process in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


class Meter:
    """Measures runs: wall time, CPU of the given processes and of one database's backends.

    Without processes this one counts as the client.
    """

    def __init__(self, database_url: str, pids: Iterable[int] = ()) -> None:
        self._pids = tuple(pids)
        self._database = urlsplit(database_url).path.strip("/")
        self._watch = psycopg2.connect(urlsplit(database_url)._replace(path="/postgres").geturl())
        self._watch.autocommit = True

    def run(self, work: Callable[[], list[float] | int]) -> Sample:
        """Run the work once; it returns how many operations it did, or the seconds of each."""
        before = self._backends()
        client = self._client()
        start = time.perf_counter()
        done = work()
        wall = time.perf_counter() - start
        client = self._client() - client
        after = self._backends()
        server = sum(cpu - before.get(pid, 0.0) for pid, cpu in after.items())
        each = done if isinstance(done, list) else []
        return Sample(done if isinstance(done, int) else len(done), wall, client + server, each)

    def _client(self) -> float:
        return sum(map(cpu_of, self._pids)) if self._pids else time.process_time()

    def _backends(self) -> dict[int, float]:
        with self._watch.cursor() as cursor:
            cursor.execute(_BACKENDS, [self._database])
            return {pid: cpu_of(pid) for (pid,) in cursor.fetchall()}
