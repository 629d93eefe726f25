"""Do areas lie where they should? Compares them with what is already there.

A file in GCJ-02 or BD-09 that calls itself WGS84 lies hundreds of metres off: every case would fall
into the wrong community (domain.md 8.2). Nothing is corrected in silence; the loader asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.coords import Crs, distance_m
from gis.loading.reproject import SourceCrs
from gis.models import Area, AreaQuerySet, Level

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SAMPLE = 2000
WORTH_ASKING = 0.01
"""Ask when more than this share of the area lies outside and another system halves it."""
CLEARLY_BETTER = 0.6
POLAR_CIRCLE = 66.5
OVERLAP_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question that stops the loader until it is answered with --yes."""

    code: str
    text: str


def references(
    codes: Sequence[str],
    parents: Sequence[str],
    level: Level,
    above: Mapping[str, BaseGeometry],
) -> list[BaseGeometry | None]:
    """For each row the shape it is compared with, None where there is nothing.

    That is its parent (from `above`), else its own version in force, else its children.
    """
    missing = {c for c, p in zip(codes, parents, strict=True) if p not in above}
    same = shapes_of(missing, level)
    below = _children(missing - same.keys())
    return [
        above.get(parent) or same.get(code) or below.get(code)
        for code, parent in zip(codes, parents, strict=True)
    ]


def shapes_of(codes: set[str], level: Level) -> dict[str, BaseGeometry]:
    """The shapes in force of some areas of a level, by code."""
    return _by_code(Area.objects.current().filter(level=level, code__in=codes))


def shapes_at(level: Level) -> dict[str, BaseGeometry]:
    """The shapes in force of all areas of a level, by code."""
    return _by_code(Area.objects.current().filter(level=level))


def shares_inside(shapes: Shapes, around: Sequence[BaseGeometry | None]) -> Floats:
    """Which share of each shape lies in the shape it is compared with; nan where there is none."""
    others = np.array(around, dtype=object)
    known = np.flatnonzero(~shapely.is_missing(others))
    shares = np.full(len(shapes), np.nan)
    shapely.prepare(others[known])
    covered = shapely.covers(others[known], shapes[known])
    shares[known[covered]] = 1.0
    rest = known[~covered]
    common = shapely.area(shapely.intersection(shapes[rest], others[rest]))
    shares[rest] = common / shapely.area(shapes[rest])
    return shares


def doubt_shift(
    raw: Shapes, declared: SourceCrs, around: Sequence[BaseGeometry | None]
) -> Doubt | None:
    """Ask when the file fits its surroundings clearly better as another of our systems."""
    others = np.array(around, dtype=object)
    known = np.flatnonzero(~shapely.is_missing(others))
    if declared.ours is None or not len(known):
        return None
    sample = known[:: max(1, len(known) // SAMPLE)]
    outside = {
        crs: _outside(SourceCrs(crs.value, crs).to_wgs84(raw[sample]), others[sample])
        for crs in (Crs.WGS84, Crs.GCJ02, Crs.BD09)
    }
    mine = outside[Crs.WGS84 if declared.ours is Crs.CGCS2000 else declared.ours]
    best = min(outside, key=outside.__getitem__)
    if mine < WORTH_ASKING or outside[best] > CLEARLY_BETTER * mine:
        return None
    metres, direction = _shift(raw[sample[0]], declared, best)
    return Doubt(
        "LOOKS_SHIFTED",
        f"this file looks like {best}: read as {declared.name}, {mine:.1%} of its area lies outside"
        f" the areas it belongs to, read as {best} only {outside[best]:.1%}; it lies about"
        f" {metres:.0f} m {direction} of where it should. Use --crs {best}, or --yes to load it as"
        f" {declared.name}.",
    )


def doubt_axes(raw: Shapes) -> Doubt | None:
    """Ask when latitude seems to come before longitude."""
    points = shapely.get_coordinates(raw)
    if not len(points):
        return None
    x, y = np.median(points, axis=0)
    impossible = abs(y) > 90 >= abs(x)  # noqa: PLR2004 degrees of latitude
    arctic = POLAR_CIRCLE < abs(y) <= 90 and abs(x) < POLAR_CIRCLE  # noqa: PLR2004
    if not (impossible or arctic):
        return None
    return Doubt(
        "LOOKS_SWAPPED",
        f"latitude seems to come before longitude (the first number is about {x:.2f}, the second"
        f" {y:.2f}). Use --swap-axes, or --yes to load it as it is.",
    )


def doubt_overlaps(shapes: Shapes, labels: Sequence[str]) -> Doubt | None:
    """Ask when areas of the file overlap by more than 5 % of the smaller one."""
    loose = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    one, other = shapely.STRtree(shapes).query(shapes[loose], predicate="intersects")
    one = loose[one]
    once = one < other
    both = shapely.area(shapely.intersection(shapes[one[once]], shapes[other[once]]))
    smaller = np.minimum(shapely.area(shapes[one[once]]), shapely.area(shapes[other[once]]))
    bad = np.flatnonzero(both > OVERLAP_SHARE * smaller)
    if not len(bad):
        return None
    worst = bad[int(np.argmax(both[bad] / smaller[bad]))]
    first, second = labels[one[once][worst]], labels[other[once][worst]]
    return Doubt(
        "OVERLAP",
        f"{len(bad)} pairs of areas overlap by more than {OVERLAP_SHARE:.0%}; the worst are {first}"
        f" and {second} ({both[worst] / smaller[worst]:.0%} of the smaller one). Mend the file, or"
        " use --yes: a point in two areas goes to the smaller code.",
    )


def _outside(shapes: Shapes, others: Shapes) -> float:
    """The share of the area of all shapes that lies outside the shapes they belong to."""
    valid = shapely.make_valid(shapes)
    common = shapely.area(shapely.intersection(valid, others)).sum()
    return float(1 - common / max(shapely.area(valid).sum(), 1e-30))


def _shift(shape: BaseGeometry, declared: SourceCrs, better: Crs) -> tuple[float, str]:
    """How far and in which direction a shape lies from where the better system puts it."""
    here = declared.to_wgs84(np.array([shape]))[0].centroid
    there = SourceCrs(better.value, better).to_wgs84(np.array([shape]))[0].centroid
    vertical = "north" if here.y > there.y else "south"
    horizontal = "east" if here.x > there.x else "west"
    return distance_m(here.x, here.y, there.x, there.y), f"{vertical}-{horizontal}"


def _by_code(areas: AreaQuerySet) -> dict[str, BaseGeometry]:
    rows = list(areas.annotate(wkb=AsWKB("geom")).values_list("code", "wkb"))
    shapes = shapely.from_wkb([bytes(wkb) for _, wkb in rows])
    return dict(zip([code for code, _ in rows], shapes, strict=True))


def _children(codes: set[str]) -> Mapping[str, BaseGeometry]:
    """The union of the areas directly below each code."""
    rows = Area.objects.current().filter(parent_code__in=codes).annotate(wkb=AsWKB("geom"))
    shapes: dict[str, list[BaseGeometry]] = {}
    for parent, wkb in rows.values_list("parent_code", "wkb"):
        shapes.setdefault(parent, []).append(shapely.from_wkb(bytes(wkb)))
    return {parent: shapely.union_all(found) for parent, found in shapes.items()}
