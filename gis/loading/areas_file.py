"""Loads areas from a file: mends row by row, asks when in doubt, writes all or nothing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from django.db import transaction
from shapely.geometry.base import BaseGeometry

from gis import locator
from gis.areas import AreaChanges, NewArea, write_areas
from gis.bulk import multipolygon_ewkb
from gis.loading import coding, plausibility
from gis.loading.numbering import number_within_parents
from gis.loading.plausibility import Doubt, Shapes
from gis.loading.reading import Rows
from gis.loading.repair import Mended, Refusal, mend, present
from gis.loading.reproject import SourceCrs
from gis.models import Area, Level

LEAST_INSIDE = 0.5
"""A row that lies mostly outside its parent is refused."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked for."""

    level: Level
    crs: SourceCrs
    valid_from: date
    source: str
    swap_axes: bool = False
    number_from: str = ""
    within_parents: bool = False
    skip_refused: bool = False
    despite_doubts: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Report:
    """What became of a file; rows count from 1 as people do."""

    rows: int
    repaired: dict[int, list[str]] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changes: AreaChanges | None = None
    refused_file: Path | None = None


class ImportStoppedError(Exception):
    """Nothing was written; `report` says what was refused (REFUSED) or doubtful (DOUBTFUL)."""

    def __init__(self, code: str, report: Report) -> None:
        super().__init__(code)
        self.code = code
        self.report = report


def load_areas(rows: Rows, wish: Wish, *, say: Callable[[str], None], keep: Path) -> Report:
    """Take a file's rows into the areas, or nothing at all; raises ImportStoppedError.

    `say` hears about each stage; refused rows are kept as GeoJSON in the folder `keep`.
    """
    report = Report(len(rows), notes=list(rows.notes))
    raw = _swapped(rows.shapes) if wish.swap_axes else rows.shapes
    _note_crs(rows, wish, report)
    say(f"Checking {len(rows):,} rows ...")
    mended = mend(wish.crs.to_wgs84(shapely.force_2d(raw)))
    report.repaired, report.refused = mended.repaired, mended.refused
    coded = _coded(rows, wish, mended, report)
    above = _check_parents(coded, mended, wish, report)
    for row in report.refused:
        report.labels[row] = rows.names[row] or coded[row].code
    good = [row for row in range(len(rows)) if row not in report.refused]
    _doubt(raw, mended.shapes, coded, good, wish, report, above)
    if report.refused:
        report.refused_file = _keep_refused(rows, report, keep, wish.source)
    _stop_if_needed(report, wish, len(good))
    if not wish.dry_run:
        say(f"Writing {len(good):,} areas ...")
        report.changes = _write(rows, mended.shapes, coded, good, wish)
    return report


def _swapped(shapes: Shapes) -> Shapes:
    swapped: Shapes = shapely.transform(shapes, lambda points: points[:, ::-1])
    return swapped


def _note_crs(rows: Rows, wish: Wish, report: Report) -> None:
    if rows.own_crs:
        report.notes.append(f"the file says it is {rows.own_crs}; read as {wish.crs.name}")
    if wish.crs.note:
        report.notes.append(wish.crs.note)


def _coded(rows: Rows, wish: Wish, mended: Mended, report: Report) -> list[coding.Coded]:
    """Codes and parents; rows whose code or name cannot be taken are refused."""
    codes = rows.codes
    if wish.number_from:
        codes = coding.number_from(wish.number_from, len(rows))
    if wish.within_parents:
        codes = number_within_parents(rows.names, mended.shapes, wish.level)
    coded = coding.check_codes(codes, rows.names, rows.parents, wish.level)
    for row, (raw, one) in enumerate(zip(codes, coded, strict=True)):
        if one.refusal and row not in report.refused:
            report.refused[row] = one.refusal
        elif one.code != raw:
            report.repaired.setdefault(row, []).append(f"code {raw} shortened to {one.code}")
    closed = _closed_cells([one.code for one in coded]) if wish.level == Level.CELL else set()
    for row, one in enumerate(coded):
        if one.code in closed and row not in report.refused:
            text = f"its code {one.code} was closed; a closed cell code is never used again"
            report.refused[row] = Refusal("CODE_CLOSED", text)
    return coded


def _closed_cells(codes: Sequence[str]) -> set[str]:
    """Cell codes that had a version but have none in force (domain.md 1.2: never re-used)."""
    ended = Area.objects.filter(level=Level.CELL, valid_to__isnull=False)
    closed = set(ended.values_list("code", flat=True)) & set(codes)
    return closed - set(
        Area.objects.current().filter(code__in=closed).values_list("code", flat=True)
    )


def _check_parents(
    coded: Sequence[coding.Coded], mended: Mended, wish: Wish, report: Report
) -> dict[str, BaseGeometry]:
    """Refuse rows whose parent is not there or lies elsewhere; return the parents' shapes."""
    level_above = coding.PARENT_LEVELS[wish.level]
    above = plausibility.shapes_of({one.parent for one in coded}, level_above)
    required = wish.level != Level.DISTRICT and (
        above or Area.objects.current().filter(level=level_above).exists()
    )
    rows = [row for row in range(len(coded)) if row not in report.refused]
    around = [above.get(coded[row].parent) for row in rows]
    shares = plausibility.shares_inside(mended.shapes[rows], around)
    for row, shape, share in zip(rows, around, shares, strict=True):
        parent = coded[row].parent
        if shape is None and required:
            text = f"its {level_above.lower()} {parent} is not there; load that level first"
            report.refused[row] = Refusal("UNKNOWN_PARENT", text)
        elif share < LEAST_INSIDE:
            text = f"only {share:.0%} of it lies inside its {level_above.lower()} {parent}"
            report.refused[row] = Refusal("OUTSIDE_PARENT", text)
    return above


def _doubt(
    raw: Shapes,
    shapes: Shapes,
    coded: Sequence[coding.Coded],
    good: list[int],
    wish: Wish,
    report: Report,
    above: dict[str, BaseGeometry],
) -> None:
    """Ask about the file as a whole: axes, coordinate system, overlaps."""
    usable = np.flatnonzero(present(shapes)).tolist()
    axes = plausibility.doubt_axes(raw)
    around = plausibility.references(
        [coded[row].code for row in usable],
        [coded[row].parent for row in usable],
        wish.level,
        above,
    )
    shift = None if axes else plausibility.doubt_shift(raw[usable], wish.crs, around)
    overlaps = plausibility.doubt_overlaps(shapes[good], [coded[row].code for row in good])
    report.doubts = [doubt for doubt in (axes, shift, overlaps) if doubt]
    if all(shape is None for shape in around):
        report.notes.append("there is nothing to compare the position with yet")


def _stop_if_needed(report: Report, wish: Wish, good: int) -> None:
    if report.doubts and not wish.despite_doubts:
        raise ImportStoppedError("DOUBTFUL", report)
    if report.refused and (not wish.skip_refused or not good):
        raise ImportStoppedError("REFUSED", report)


@transaction.atomic
def _write(
    rows: Rows,
    shapes: Shapes,
    coded: Sequence[coding.Coded],
    good: list[int],
    wish: Wish,
) -> AreaChanges:
    bodies = multipolygon_ewkb(shapes[good], 4326)
    areas = (
        NewArea(coded[row].code, wish.level, rows.names[row], coded[row].parent, body)
        for row, body in zip(good, bodies, strict=True)
    )
    changes = write_areas(areas, valid_from=wish.valid_from, source=wish.source)
    transaction.on_commit(locator.expire)
    return changes


def _keep_refused(rows: Rows, report: Report, keep: Path, source: str) -> Path:
    """Write the refused rows with their reasons as GeoJSON, to be mended and loaded again."""
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / f"{source}.refused.geojson"
    features = []
    for row, refusal in sorted(report.refused.items()):
        properties = {
            "row": row + 1,
            "code": rows.codes[row],
            "name": rows.names[row],
            "reason": refusal.code,
            "text": refusal.text,
        }
        shape = rows.shapes[row]
        whole = shape is not None and bool(np.isfinite(shapely.get_coordinates(shape)).all())
        geometry = json.loads(shapely.to_geojson(shape)) if whole else None
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return path
