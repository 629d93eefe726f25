"""Codes for areas whose file has none: numbered within the area above that covers most of them."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import shapely

from gis.gridding.partition import reading_order
from gis.loading.coding import PARENT_LEVELS
from gis.loading.plausibility import Shapes, shapes_at
from gis.loading.repair import present
from gis.models import CODE_LENGTHS, Area, Level


def number_within_parents(names: Sequence[str], shapes: Shapes, level: Level) -> list[str]:
    """A code for each row: parent, then a number in reading order; "" without a parent.

    A name that the parent already has keeps its code, so that a second run changes nothing; new
    numbers follow the highest one that was ever used.
    """
    codes = [""] * len(names)
    for parent, rows in _by_parent(shapes, level).items():
        known, highest = _used(parent, level)
        fresh = [row for row in rows if names[row] not in known]
        for row in rows:
            codes[row] = known.get(names[row], "")
        digits = CODE_LENGTHS[level][-1] - len(parent)
        if fresh:
            for step, position in enumerate(reading_order(shapes[fresh]).tolist(), start=1):
                codes[fresh[position]] = f"{parent}{highest + step:0{digits}d}"
    return codes


def _by_parent(shapes: Shapes, level: Level) -> dict[str, list[int]]:
    """The rows that lie in each area above, each row where most of it lies."""
    parents = shapes_at(PARENT_LEVELS[level])
    if not parents:
        return {}
    codes, areas = list(parents), np.array(list(parents.values()), dtype=object)
    usable = np.flatnonzero(present(shapes))
    asked, found = shapely.STRtree(areas).query(shapes[usable], predicate="intersects")
    rows = usable[asked]
    common = shapely.area(shapely.intersection(shapes[rows], areas[found]))
    best: dict[int, tuple[float, str]] = {}
    for row, share, area in zip(rows.tolist(), common.tolist(), found.tolist(), strict=True):
        best[row] = max(best.get(row, (0.0, "")), (share, codes[area]))
    groups: dict[str, list[int]] = defaultdict(list)
    for row, (_, code) in sorted(best.items()):
        if code:
            groups[code].append(row)
    return groups


def _used(parent: str, level: Level) -> tuple[dict[str, str], int]:
    """Code by name of the areas in force within a parent, and the highest number ever used."""
    within = Area.objects.filter(level=level, code__startswith=parent)
    known = dict(within.current().values_list("name", "code"))
    numbers = [int(code[len(parent) :]) for code in within.values_list("code", flat=True)]
    return known, max(numbers, default=0)
