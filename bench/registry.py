"""Every line by its name: what `python -m bench --only NAME` measures, in this order."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.lines import (
    categories,
    clocks,
    creating,
    importing,
    lateness,
    live,
    moving,
    pairs,
    places,
    reading,
    tiles,
)
from bench.rows import Row
from bench.world import World


@dataclass(frozen=True, slots=True)
class Line:
    """A line of docs/benchmarks.md and the function that measures it."""

    name: str
    what: str
    measure: Callable[[World], list[Row]]


LINES = (
    Line("queue", "a page of the queue with counts and scope", reading.measure_queue),
    Line("create", "create by a door, whole path", creating.measure),
    Line("move", "a move", moving.measure),
    Line("import", "voices in bulk", importing.measure),
    Line("areas", "import of areas", places.measure_areas),
    Line("point", "point to cell, one", places.measure_one),
    Line("points", "point to cell, a million", places.measure_many),
    Line("radar", "radar", reading.measure_radar),
    Line("tile", "tiles, uncached", tiles.measure),
    Line("screen", "commit to screen", live.measure_commit_to_screen),
    Line("fanout", "fan-out and memory", live.measure_fan_out),
    Line("relay", "numbering of the log", clocks.measure_relay),
    Line("sweep", "sweep of due timers", clocks.measure_sweep),
    Line("lateness", "how late a deadline is said", lateness.measure),
    Line("wall", "wall counters", reading.measure_wall),
    Line("pairs", "is the duplicate matcher right", pairs.measure),
    Line("categories", "are the right categories suggested", categories.measure),
)
