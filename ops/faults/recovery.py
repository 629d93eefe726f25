"""How long the screens stood still after a fault, and how late what they showed then was."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ops.faults.kills import GOALS_S, Done
from ops.faults.screens import Screen, Seen

LATE_GOAL_S = 1.5
LATE_KINDS = ("Redis",)


@dataclass(frozen=True, slots=True)
class Recovery:
    """After one fault: seconds until every screen showed something newer than the fault, the
    longest time in which no request at all was answered, and the latest showing of an event until
    the next fault (None: overlapped by another fault or by the end of the round)."""

    kind: str
    screens_s: float | None
    silent_s: float | None
    late_s: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of fault in the table."""

    kind: str
    times: int
    measured: int
    median_s: float
    worst_s: float
    silent_s: float
    late_s: float
    goal: str
    is_met: bool | None


def of_round(
    done: Sequence[Done], screens: Sequence[Screen], answered_at: Sequence[float], end: float
) -> list[Recovery]:
    """The recovery after each fault of a round whose load ended at `end`."""
    steady = [screen.seen for screen in screens if not screen.flaps]
    found: list[Recovery] = []
    calm_at: float | None = 0.0
    for number, fault in enumerate(done):
        until = done[number + 1].at if number + 1 < len(done) else end
        back = [_first_after(fault.at, seen) for seen in steady]
        known = [at for at in back if at is not None and at <= until]
        was_calm = calm_at is not None and calm_at <= fault.at
        calm_at = max(known) if len(known) == len(steady) else None
        if not was_calm or calm_at is None:
            found.append(Recovery(fault.kind, None, None, None))
            continue
        answers = [at for at in answered_at if fault.at < at <= until]
        found.append(
            Recovery(
                kind=fault.kind,
                screens_s=max(0.0, calm_at - fault.at - _chosen(fault)),
                silent_s=_longest_gap([fault.at, *sorted(answers)]),
                late_s=max(_lateness(steady, fault.at, until), default=None),
            )
        )
    return found


def _longest_gap(times: Sequence[float]) -> float | None:
    return max((later - earlier for earlier, later in pairwise(times)), default=None)


def _chosen(fault: Done) -> float:
    """What is no recovery: the time for which we ourselves kept somebody paused or away."""
    return 0.0 if fault.kind.startswith(LATE_KINDS) else fault.seconds


def _lateness(steady: Sequence[Sequence[Seen]], since: float, until: float) -> list[float]:
    return [
        event.seen_at - event.at
        for seen in steady
        for event in seen
        if since <= event.at <= event.seen_at <= until
    ]


def table(recoveries: Sequence[Recovery]) -> list[Line]:
    """One line for each kind that happened."""
    lines = []
    for kind, goal in GOALS_S.items():
        of_kind = [recovery for recovery in recoveries if recovery.kind == kind]
        times = [r.screens_s for r in of_kind if r.screens_s is not None]
        late = [r.late_s for r in of_kind if r.late_s is not None]
        silent = [r.silent_s for r in of_kind if r.silent_s is not None]
        if not of_kind:
            continue
        is_met = max(times) <= goal if times else None
        told = f"<= {goal:.0f} s"
        if kind.startswith(LATE_KINDS):
            told += f", {LATE_GOAL_S} s late"
            is_met = is_met and max(late, default=0.0) <= LATE_GOAL_S
        lines.append(
            Line(
                kind=kind,
                times=len(of_kind),
                measured=len(times),
                median_s=median(times) if times else 0.0,
                worst_s=max(times, default=0.0),
                silent_s=max(silent, default=0.0),
                late_s=max(late, default=0.0),
                goal=told,
                is_met=is_met,
            )
        )
    return lines


def _first_after(at: float, seen: Sequence[Seen]) -> float | None:
    for event in seen:
        if event.at > at:
            return event.seen_at
    return None
