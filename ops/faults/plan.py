"""Carries the faults of one round out, one after the other or on top of each other."""

import time
from collections.abc import Sequence

from ops.faults.kills import Fault, Killer
from ops.faults.screens import Screen

FIRST_S = 1.5
LAST_S = 1.0
PATIENCE_S = 12.0


class Plan:
    """To be asked again and again by the supervisor's thread until it is over."""

    def __init__(self, faults: list[Fault], killer: Killer, screens: Sequence[Screen]) -> None:
        self._faults, self._killer = faults, killer
        self._steady = [screen for screen in screens if not screen.flaps]
        self._next_at = time.time() + FIRST_S
        self._mended = True

    def is_over(self) -> bool:
        """Do what is due; True when all is done and every screen shows something newer."""
        now = time.time()
        self._killer.let_go()
        self._mended = self._mended or self._is_mended()
        late = now > self._next_at + PATIENCE_S
        if now < self._next_at:
            return False
        if not self._faults:
            return self._mended or late
        if self._mended or late or not self._faults[0].waits:
            fault = self._faults.pop(0)
            self._killer.carry_out(fault)
            gap = self._faults[0].gap_s if self._faults else LAST_S
            self._next_at, self._mended = now + fault.seconds + gap, False
        return False

    def _is_mended(self) -> bool:
        since = self._killer.done[-1].at
        return all(screen.seen and screen.seen[-1].at > since for screen in self._steady)
