"""Gives communities their unit grids: cuts them, codes them, closes the ones they replace."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.db import transaction
from shapely.geometry.base import BaseGeometry

from gis import locator
from gis.areas import AreaChanges, NewArea, write_areas
from gis.bulk import multipolygon_ewkb
from gis.gridding.cells import MAX_CELLS, Cut, cut
from gis.models import Area, AreaQuerySet, Level

WHOLE_STREET = "999"
"""The community that stands for a street without communities; no real one has this number."""
SAY_EVERY = 50


@dataclass(frozen=True, slots=True)
class GridWish:
    """What the operator asked for; `prefix` limits it to codes that begin so."""

    size_m: float
    valid_from: date
    prefix: str = ""
    from_streets: bool = False
    replace: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class GridReport:
    """What became of the communities."""

    cut: int = 0
    kept: int = 0
    surveyed: int = 0
    cells: int = 0
    enlarged: list[tuple[str, float]] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    stand_ins: int = 0
    changes: AreaChanges | None = None


@dataclass(slots=True)
class _Held:
    """The grids that a community has, and the highest number it ever gave."""

    shapes: dict[str, bytes] = field(default_factory=dict)
    surveyed: bool = False
    highest: int = 0


@dataclass(frozen=True, slots=True)
class _Community:
    code: str
    name: str
    shape: BaseGeometry


@transaction.atomic
def load_cells(wish: GridWish, *, say: Callable[[str], None]) -> GridReport:
    """Cut every community that has no grids; with `replace` also those whose grids are synthetic.

    Surveyed grids are never touched. A replaced grid is closed and its code never used again
    (domain.md 1.2). A second run changes nothing.
    """
    report = GridReport()
    stand_ins = _stand_ins(wish) if wish.from_streets else []
    report.stand_ins = len(stand_ins)
    communities = [*_read(_level(wish, Level.COMMUNITY)), *stand_ins]
    held = _held(wish)
    new: list[NewArea] = [_stand_in_area(street) for street in stand_ins]
    closing: list[str] = []
    for number, community in enumerate(communities, start=1):
        mine = held.get(community.code, _Held())
        if mine.surveyed or (mine.shapes and not wish.replace):
            report.surveyed += mine.surveyed
            report.kept += not mine.surveyed
            continue
        _cut_community(community, mine, wish, report, new, closing)
        if number % SAY_EVERY == 0:
            say(f"  {number:,} of {len(communities):,} communities, {report.cells:,} grids")
    if not wish.dry_run and new:
        report.changes = _write(new, closing, wish)
    return report


def _cut_community(
    community: _Community,
    held: _Held,
    wish: GridWish,
    report: GridReport,
    new: list[NewArea],
    closing: list[str],
) -> None:
    """Add the new grids of a community and the codes to close; nothing where nothing changes."""
    grids = cut(community.shape, wish.size_m)
    bodies = multipolygon_ewkb(grids.cells, 4326)
    if sorted(bodies) == sorted(held.shapes.values()):
        report.kept += 1
        return
    if held.highest + len(bodies) > MAX_CELLS and held.highest:
        report.full.append(community.code)
        return
    _note(community, grids, wish, report)
    closing += held.shapes
    for number, body in enumerate(bodies, start=held.highest + 1):
        code = f"{community.code}{number:03d}"
        new.append(
            NewArea(code, Level.CELL, f"{number:03d}号网格", community.code, body, synthetic=True)
        )


def _note(community: _Community, grids: Cut, wish: GridWish, report: GridReport) -> None:
    report.cut += 1
    report.cells += len(grids.cells)
    if grids.size_m > wish.size_m:
        report.enlarged.append((f"{community.code} {community.name}", grids.size_m))


def _write(new: list[NewArea], closing: list[str], wish: GridWish) -> AreaChanges:
    Area.objects.current().filter(code__in=closing).update(valid_to=wish.valid_from)
    transaction.on_commit(locator.expire)
    return write_areas(new, valid_from=wish.valid_from, source=f"grid {wish.size_m:g} m")


def _level(wish: GridWish, level: Level) -> AreaQuerySet:
    return Area.objects.current().filter(level=level, code__startswith=wish.prefix)


def _read(areas: AreaQuerySet) -> Iterator[_Community]:
    rows = areas.annotate(wkb=AsWKB("geom")).order_by("code")
    for code, name, wkb in rows.values_list("code", "name", "wkb"):
        yield _Community(code, name, shapely.from_wkb(bytes(wkb)))


def _stand_ins(wish: GridWish) -> list[_Community]:
    """One community for each street that has none."""
    with_communities = set(_level(wish, Level.COMMUNITY).values_list("parent_code", flat=True))
    return [
        _Community(f"{street.code}{WHOLE_STREET}", street.name, street.shape)
        for street in _read(_level(wish, Level.STREET))
        if street.code not in with_communities
    ]


def _stand_in_area(street: _Community) -> NewArea:
    body = multipolygon_ewkb(np.array([street.shape], dtype=object), 4326)[0]
    parent = street.code.removesuffix(WHOLE_STREET)
    return NewArea(street.code, Level.COMMUNITY, street.name, parent, body, synthetic=True)


def _held(wish: GridWish) -> dict[str, _Held]:
    """What each community has and had."""
    held: dict[str, _Held] = {}
    cells = Area.objects.filter(level=Level.CELL, code__startswith=wish.prefix)
    for code, parent in cells.values_list("code", "parent_code"):
        mine = held.setdefault(parent, _Held())
        mine.highest = max(mine.highest, int(code[len(parent) :]))
    rows = cells.current().annotate(wkb=AsWKB("geom"))
    for code, parent, synthetic, wkb in rows.values_list("code", "parent_code", "synthetic", "wkb"):
        held[parent].shapes[code] = _tagged(wkb)
        held[parent].surveyed |= not synthetic
    return held


def _tagged(wkb: bytes | memoryview) -> bytes:
    """The EWKB of a stored shape, to be compared with a new one."""
    return multipolygon_ewkb(np.array([shapely.from_wkb(bytes(wkb))], dtype=object), 4326)[0]
