"""How many open cases a unit leads, counted now and then and remembered in between.

A pool asks at every intake; the count is read anew after thirty seconds at the latest, and what
this process gave out since is added to it, so that thirty seconds of intakes do not all go to one.
"""

import threading
import time
from collections.abc import Collection

from django.db.models import Count

from dispatch.models import Case

FRESH_FOR_S = 30.0


class _Counts:
    """The counts of this process by unit, and when each was read."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: dict[int, int] = {}
        self.read_at: dict[int, float] = {}

    def of(self, units: Collection[int]) -> dict[int, int]:
        """The counts of the units; one query when one of them is too old."""
        with self.lock:
            oldest = time.monotonic() - FRESH_FOR_S
            if any(self.read_at.get(unit, 0.0) < oldest for unit in units):
                found = counted(units)
                self.counts |= found
                self.read_at |= dict.fromkeys(units, time.monotonic())
            return {unit: self.counts.get(unit, 0) for unit in units}

    def add(self, unit: int) -> None:
        """One more for a unit, until it is counted again."""
        with self.lock:
            if unit in self.counts:
                self.counts[unit] += 1


_counts = _Counts()


def open_cases(units: Collection[int]) -> dict[int, int]:
    """Open cases that each unit leads, at most thirty seconds old."""
    return _counts.of(units)


def given_to(unit_id: int) -> None:
    """Remember that a unit was given a case."""
    _counts.add(unit_id)


def forget() -> None:
    """Count again at the next question."""
    _counts.read_at.clear()


def counted(units: Collection[int]) -> dict[int, int]:
    """Open cases that each unit leads, counted now; every unit has a number."""
    rows = Case.objects.open().filter(lead_unit_id__in=units).order_by()
    found = dict(rows.values_list("lead_unit_id").annotate(Count("id")))
    return {unit: found.get(unit, 0) for unit in units}
