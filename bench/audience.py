"""The screens of one server in a process of their own, and who makes them hear something."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from bench.screens import TEXT, frame, upgrade
from bench.world import World
from dispatch import outbox
from dispatch.models import Case, Event
from ops.processes import ROOT, bound_to_us

SETTLE_S = 1.0
MOST_SETTLING = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """What all screens received in one run."""

    seqs: NDArray[np.int64]
    sockets: NDArray[np.int32]
    times: NDArray[np.float64]

    def latencies(self, said: dict[int, float]) -> NDArray[np.float64]:
        """Seconds from each saying to each arrival."""
        known = np.isin(self.seqs, list(said))
        starts = np.array([said[seq] for seq in self.seqs[known].tolist()])
        latencies: NDArray[np.float64] = self.times[known] - starts
        return latencies

    def lost(self, said: dict[int, float], screens: int) -> int:
        """How many deliveries are missing, doubled or out of order."""
        wanted = sorted(said)
        wrong = 0
        order = np.lexsort((np.arange(len(self.seqs)), self.sockets))
        seqs, sockets = self.seqs[order], self.sockets[order]
        edges = np.searchsorted(sockets, np.arange(screens + 1))
        for n in range(screens):
            got = [s for s in seqs[edges[n] : edges[n + 1]].tolist() if s in said]
            if got != wanted:
                wrong += max(abs(len(wanted) - len(got)), 1)
        return wrong


class Audience:
    """Screens that are open; `heard` takes what arrived since the last time."""

    def __init__(self, process: "subprocess.Popen[str]", file: Path, count: int) -> None:
        self._process, self._file, self.count = process, file, count

    def heard(self, expected: int) -> Heard:
        """Wait for so many deliveries, some seconds at most, then take all that arrived."""
        parts = [self._save()]
        while sum(len(part.seqs) for part in parts) < expected and len(parts) < MOST_SETTLING:
            parts.append(self._save())
        return Heard(
            np.concatenate([part.seqs for part in parts]),
            np.concatenate([part.sockets for part in parts]),
            np.concatenate([part.times for part in parts]),
        )

    def _save(self) -> Heard:
        time.sleep(SETTLE_S)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("save\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "saved\n"
        with np.load(self._file) as columns:
            return Heard(columns["seqs"], columns["sockets"], columns["times"])


@contextmanager
def audience(world: World, port: int, path: str, count: int, token: str) -> Iterator[Audience]:
    """So many screens on one address, open until the block ends."""
    file = world.folder / f"heard-{port}.npz"
    words = [str(port), path, str(count), token, str(file)]
    with (world.folder / "log" / "processes.log").open("ab") as log:
        process = subprocess.Popen(
            [*bound_to_us(SIGTERM), sys.executable, "-m", "bench.screens", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise TimeoutError("the screens did not open; see var/bench/log/processes.log")
        yield Audience(process, file, count)
    finally:
        process.kill()
        process.communicate()
        file.unlink(missing_ok=True)


def paced(say: Callable[[], None], per_second: float, seconds: float) -> int:
    """Say something at an even pace; how often."""
    count = round(per_second * seconds)
    start = time.monotonic()
    for n in range(count):
        time.sleep(max(0.0, start + n / per_second - time.monotonic()))
        say()
    return count


class Recorder:
    """Records events of one case in transactions of their own: forth and back, as moves do."""

    def __init__(self, district: str) -> None:
        self.district = district
        forth, back = ("PROCESSING", "PENDING_CHECK"), ("PENDING_CHECK", "PROCESSING")
        case = Case.objects.filter(district_code=district, state="PROCESSING").order_by("pk")[0]
        columns = {field.attname: getattr(case, field.attname) for field in Case._meta.fields}
        self._steps = [(Case(**{**columns, "state": to}), before) for before, to in (forth, back)]
        self._times: dict[int, float] = {}
        self._count = 0

    def say(self) -> None:
        """Commit one event; the clock is read right after the commit."""
        case, before = self._steps[self._count % 2]
        self._count += 1
        committed: list[float] = []
        with transaction.atomic():
            transaction.on_commit(lambda: committed.append(time.monotonic()))
            event = outbox.record(
                case, topic="case.submitted", by=None, now=timezone.now(), from_state=before
            )
        self._times[event.pk] = committed[0]

    def rest(self) -> None:
        """Leave the case in the state that its row has, so that the tally stays true."""
        if self._count % 2:
            self.say()

    def said(self) -> dict[int, float]:
        """When each sequence number was committed; begins anew."""
        times, self._times = self._times, {}
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = Event.objects.filter(pk__in=times, seq__isnull=False)
            seqs = {pk: seq or 0 for pk, seq in found.values_list("pk", "seq")}
            if len(seqs) == len(times):
                break
            time.sleep(0.05)
        return {seqs[pk]: at for pk, at in times.items()}


class Speaker:
    """A socket into the plain app: each message goes to all its screens."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(upgrade(port, path))
        assert self._socket.recv(4096).startswith(b"HTTP/1.1 101")
        self._times: dict[int, float] = {}
        self._seq = 0

    def say(self) -> None:
        """Send one message of the size of an event."""
        self._seq += 1
        event = {
            "type": "event", "district": "339901", "seq": self._seq, "topic": "case.submitted",
            "case_no": "33990120261121H000001", "state": "PENDING_CHECK", "line": "HOTLINE",
            "priority": 2, "at": timezone.now().isoformat(),
        }  # fmt: skip
        self._times[self._seq] = time.monotonic()
        self._socket.sendall(frame(TEXT, json.dumps(event, separators=(",", ":")).encode()))

    def said(self) -> dict[int, float]:
        """When each was sent; begins anew."""
        times, self._times = self._times, {}
        return times
