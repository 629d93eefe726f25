"""What is done to the city: a schedule drawn from a seed, and the hand that carries it out."""

import os
import random
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2

from ops.faults.stage import RELAYS, WEBS, Stage

LASTING_S = {"away": (3.0, 4.0), "paused": (1.5, 3.0)}
GAP_S = (0.8, 2.4)
WAITING = 0.7
SEVERAL = "several at once"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that happens: how long after the one before it (seconds), whether it waits until
    that one is mended, for how long it lasts (seconds), and a number to choose by."""

    kind: str
    gap_s: float
    waits: bool
    seconds: float
    choice: int


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was carried out: at what time (seconds since 1970), and to whom."""

    kind: str
    at: float
    seconds: float
    whom: str


class Killer:
    """Carries faults out; to be called from the supervisor's thread."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.done: list[Done] = []
        self._paused: list[tuple[float, int]] = []

    def carry_out(self, fault: Fault) -> None:
        """Do it now and write it down."""
        at = time.time()
        whom = HOW[fault.kind](self, fault)
        self.done.append(Done(fault.kind, at, fault.seconds, whom))

    def let_go(self, *, all_of_them: bool = False) -> None:
        """Let those run on whose pause is over."""
        now = time.monotonic()
        for until, pid in list(self._paused):
            if all_of_them or now >= until:
                self._paused.remove((until, pid))
                _send(pid, signal.SIGCONT)

    def kill(self, *names: str) -> str:
        """Kill -9."""
        pids = self.stage.keeper.pids()
        for name in names:
            if name in pids:
                _send(pids[name], signal.SIGKILL)
        return " ".join(names)

    def pause(self, name: str, seconds: float) -> str:
        """SIGSTOP now, SIGCONT later, for a process and those that it has started."""
        pid = self.stage.keeper.pids().get(name)
        if pid and _send(-pid, signal.SIGSTOP):
            self._paused.append((time.monotonic() + seconds, -pid))
        return name

    def hold(self, name: str, seconds: float) -> str:
        """Kill -9, and let it be dead for so long."""
        self.stage.keeper.hold(name, seconds)
        return self.kill(name)

    def active_relay(self) -> str:
        """The relay that said last that it is active (the first one when none did)."""
        spoken = {name: _last_active(self.stage.place.folder / "log" / f"{name}.log")
                  for name in RELAYS}  # fmt: skip
        return max(RELAYS, key=lambda name: spoken[name])

    def standby_relay(self) -> str:
        """The other one."""
        return next(name for name in RELAYS if name != self.active_relay())

    def stop_cluster(self, number: signal.Signals, seconds: float) -> str:
        """Immediate stop (SIGQUIT) or kill -9 of the postmaster; its backends end by themselves."""
        pid = self.stage.keeper.pids().get("postgresql")
        self.stage.keeper.hold("postgresql", seconds)
        if pid:
            _send(pid, number)
        return f"postmaster {number.name}"

    def backends(self) -> list[int]:
        """The server processes behind the city's connections; none while PostgreSQL is away."""
        rows = self._ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'sanxian'")
        return sorted(pid for (pid,) in rows)

    def terminate(self, pids: list[int]) -> str:
        """pg_terminate_backend."""
        self._ask("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", pids)
        return f"{len(pids)} connections"

    def kill_backend(self, choice: int) -> str:
        """Kill -9 of one server process: PostgreSQL ends all others and recovers."""
        pids = self.backends()
        if pids:
            _send(pids[choice % len(pids)], signal.SIGKILL)
        return f"one of {len(pids)} backends"

    def several(self, fault: Fault) -> str:
        """Three different ones at the same moment."""
        rng = random.Random(fault.choice)  # noqa: S311
        kinds = rng.sample([kind for kind in HOW if kind != SEVERAL], 3)
        return " + ".join(f"{kind}: {HOW[kind](self, replace(fault, kind=kind))}" for kind in kinds)

    def _ask(self, query: str, *values: object) -> list[tuple[int]]:
        try:
            connection = self.stage.connect()
        except psycopg2.OperationalError:
            return []
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall()
        except psycopg2.Error:
            return []
        finally:
            connection.close()


HOW: dict[str, Callable[[Killer, Fault], str]] = {
    "web killed": lambda k, f: k.kill(WEBS[f.choice % 2]),
    "both webs killed": lambda k, _: k.kill(*WEBS),
    "web paused": lambda k, f: k.pause(WEBS[f.choice % 2], f.seconds),
    "active relay killed": lambda k, _: k.kill(k.active_relay()),
    "standby relay killed": lambda k, _: k.kill(k.standby_relay()),
    "both relays killed": lambda k, _: k.kill(*RELAYS),
    "active relay paused": lambda k, f: k.pause(k.active_relay(), f.seconds),
    "worker killed": lambda k, _: k.kill("worker"),
    "worker paused": lambda k, f: k.pause("worker", f.seconds),
    "beat killed": lambda k, _: k.kill("beat"),
    "Redis killed": lambda k, _: k.kill("valkey"),
    "Redis away": lambda k, f: k.hold("valkey", f.seconds),
    "Redis paused": lambda k, f: k.pause("valkey", f.seconds),
    "one connection ended": lambda k, f: k.terminate(_one_of(k.backends(), f.choice)),
    "all connections ended": lambda k, _: k.terminate(k.backends()),
    "backend killed": lambda k, f: k.kill_backend(f.choice),
    "cluster killed": lambda k, _: k.stop_cluster(signal.SIGKILL, 0),
    "cluster stopped at once": lambda k, _: k.stop_cluster(signal.SIGQUIT, 0),
    "cluster away": lambda k, f: k.stop_cluster(signal.SIGQUIT, f.seconds),
    SEVERAL: lambda k, f: k.several(f),
}
"""Every kind of fault."""

GOALS_S = {kind: 10.0 if kind.startswith(("backend", "cluster", SEVERAL)) else 2.0 for kind in HOW}
"""Within how many seconds every screen shows what was done after the fault (quality.md 2)."""


class Schedule:
    """Draws faults so that each kind comes before any kind comes twice."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311
        self._bag: list[str] = []

    def of_a_round(self, number: int) -> list[Fault]:
        """So many faults, in order."""
        return [self._draw() for _ in range(number)]

    def _draw(self) -> Fault:
        if not self._bag:
            self._bag = self._rng.sample(list(HOW), len(HOW))
        kind = self._bag.pop()
        lasting = LASTING_S.get(kind.rpartition(" ")[2], (0.0, 0.0))
        return Fault(
            kind=kind,
            gap_s=self._rng.uniform(*GAP_S),
            waits=self._rng.random() < WAITING,
            seconds=self._rng.uniform(*lasting),
            choice=self._rng.getrandbits(30),
        )


def _one_of(pids: list[int], choice: int) -> list[int]:
    return [pids[choice % len(pids)]] if pids else []


def _send(pid: int, number: signal.Signals) -> bool:
    """Send a signal to a process, or by a negative number to its group; False where none is."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _last_active(log: Path) -> str:
    lines = re.findall(r"^(\S+ \S+) .*relay \d+ is active", _text(log), re.MULTILINE)
    return str(lines[-1]) if lines else ""


def _text(log: Path) -> str:
    return log.read_text("utf-8", "replace") if log.exists() else ""
