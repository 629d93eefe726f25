"""Mends polygons where that is safe, and says why where it is not (pure)."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Shapes = NDArray[np.object_]

POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7
METRES_PER_DEGREE = 111_000.0
SLIVER_M2 = 1.0
SAFE_CHANGE = 0.01
"""A self-crossing is mended when it moves at most this share of the area."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is not taken: a stable code and a sentence."""

    code: str
    text: str


@dataclass(slots=True)
class Mended:
    """Shapes by row, with what was mended and what is refused; a refused row's shape is None."""

    shapes: Shapes
    repaired: dict[int, list[str]] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)

    def _refuse(self, row: int, code: str, text: str) -> None:
        self.refused[row] = Refusal(code, text)
        self.shapes[row] = None

    def _note(self, row: int, text: str) -> None:
        self.repaired.setdefault(row, []).append(text)


def mend(shapes: Shapes) -> Mended:
    """Mend shapes in WGS84 degrees: flat, polygonal, valid, without slivers below one m2."""
    result = Mended(shapely.force_2d(shapes))
    _refuse_unusable(result)
    _take_polygons_of_collections(result)
    for row in np.flatnonzero(~shapely.is_valid(result.shapes) & present(result.shapes)):
        _mend_invalid(result, int(row))
    _drop_slivers(result)
    return result


def present(shapes: Shapes) -> NDArray[np.bool_]:
    """Which rows have a shape."""
    there: NDArray[np.bool_] = ~shapely.is_missing(shapes)
    return there


def square_metres(shapes: Shapes) -> NDArray[np.float64]:
    """The rough area of shapes in degrees, good to a few per mille."""
    bounds = shapely.bounds(shapes)
    width = np.cos(np.radians((bounds[:, 1] + bounds[:, 3]) / 2))
    areas: NDArray[np.float64] = shapely.area(shapes) * METRES_PER_DEGREE**2 * width
    return areas


def _refuse_unusable(result: Mended) -> None:
    shapes = result.shapes
    kinds = shapely.get_type_id(shapes)
    points, owners = shapely.get_coordinates(shapes, return_index=True)
    broken = np.unique(owners[~np.isfinite(points).all(axis=1)])
    for row in np.flatnonzero(~present(shapes) | shapely.is_empty(shapes)):
        text = "it has no shape, or one with coordinates that are not numbers"
        result._refuse(int(row), "NO_GEOMETRY", text)
    for row in broken:
        text = "a coordinate is not a number, or not a longitude and latitude in the named system"
        result._refuse(int(row), "NOT_FINITE", text)
    for row in np.flatnonzero(~np.isin(kinds, (POLYGON, MULTIPOLYGON, COLLECTION))):
        if int(row) not in result.refused:
            text = f"it is a {shapes[row].geom_type}, not an area"
            result._refuse(int(row), "NOT_AN_AREA", text)


def _take_polygons_of_collections(result: Mended) -> None:
    kinds = shapely.get_type_id(result.shapes)
    for row in np.flatnonzero(kinds == COLLECTION):
        polygons = _polygons(result.shapes[row])
        if polygons:
            result.shapes[row] = shapely.multipolygons(polygons)
            result._note(int(row), "only the areas of a mixed collection were taken")
        else:
            result._refuse(int(row), "NOT_AN_AREA", "it is a collection without an area")


def _mend_invalid(result: Mended, row: int) -> None:
    shape = result.shapes[row]
    why = shapely.is_valid_reason(shape)
    polygons = _polygons(shapely.make_valid(shape, method="structure", keep_collapsed=False))
    if not polygons:
        result._refuse(row, "NOT_AN_AREA", f"it encloses no area ({why})")
        return
    mended = shapely.union_all(polygons)
    separate = _polygons(shape)
    overlapping = len(separate) > 1 and all(part.is_valid for part in separate)
    if not overlapping and abs(mended.area - shape.area) > SAFE_CHANGE * mended.area:
        result._refuse(
            row, "SELF_CROSSING", f"its border crosses itself ({why}); draw that corner again"
        )
        return
    result.shapes[row] = mended
    result._note(row, "overlapping parts were joined" if overlapping else f"mended: {why}")


def _drop_slivers(result: Mended) -> None:
    rows = np.flatnonzero(present(result.shapes))
    parts, owners = shapely.get_parts(result.shapes[rows], return_index=True)
    tiny = square_metres(parts) < SLIVER_M2
    for position in np.unique(owners[tiny]):
        row, mine = int(rows[position]), owners == position
        kept = parts[mine & ~tiny]
        if len(kept):
            result.shapes[row] = shapely.multipolygons(kept)
            result._note(row, f"{int((mine & tiny).sum())} slivers below 1 m2 were dropped")
        else:
            result._refuse(row, "TOO_SMALL", "it is smaller than one square metre")


def _polygons(shape: BaseGeometry) -> list[BaseGeometry]:
    """The polygons in a shape, also of collections within collections."""
    flat = shapely.get_parts(shapely.get_parts(shape))
    return [part for part in flat if part.geom_type == "Polygon" and not part.is_empty]
