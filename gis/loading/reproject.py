"""Brings polygons from the coordinate system that was named to WGS84 lon, lat."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gis.coords import MAX_LAT, MAX_LON, CoordinateError, Crs, to_wgs84_many

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]

SAME_AS_WGS84 = (4326, 4490)
NAMES = {"EPSG:4326": Crs.WGS84, "EPSG:4490": Crs.CGCS2000}


@dataclass(frozen=True)
class SourceCrs:
    """A named system: one of ours, or any of EPSG's by a transformer."""

    name: str
    ours: Crs | None
    transformer: Transformer | None = None
    note: str = ""

    def to_wgs84(self, shapes: Shapes) -> Shapes:
        """The shapes in WGS84 degrees; positions that cannot be come out as infinite."""
        moved: Shapes = shapely.transform(shapes, self._points)
        return moved

    def _points(self, points: Floats) -> Floats:
        if self.transformer is not None:
            columns = self.transformer.transform(points[:, 0], points[:, 1])
            return _without_impossible(np.column_stack(columns))
        possible = _without_impossible(points)
        good = np.isfinite(possible).all(axis=1)
        columns = to_wgs84_many(points[good, 0], points[good, 1], self.ours or Crs.WGS84)
        possible[good] = np.column_stack(columns)
        return possible


def parse_source_crs(text: str) -> SourceCrs:
    """The system of a name: WGS84, CGCS2000, GCJ02, BD09 or EPSG:n.

    Raises CoordinateError UNKNOWN_CRS. Projected systems on CGCS2000 or WGS84 are only unprojected;
    another datum is shifted by PROJ, and the note says that its accuracy is not known.
    """
    name = text.strip().upper().replace("-", "")
    ours = NAMES.get(name) or next((crs for crs in Crs if crs.value == name), None)
    if ours is not None:
        return SourceCrs(ours.value, ours)
    try:
        if not name.startswith("EPSG:"):
            raise CRSError(name)
        system = CRS.from_user_input(name)
    except CRSError:
        known = ", ".join(Crs)
        message = f"unknown coordinate system {text!r}; name one of {known} or EPSG:n"
        raise CoordinateError("UNKNOWN_CRS", message) from None
    datum = system.geodetic_crs
    same = datum is not None and datum.to_epsg() in SAME_AS_WGS84
    target = datum if same and datum is not None else CRS.from_epsg(4326)
    note = "" if same else f"{name} lies on another datum; the accuracy of the shift is not known"
    return SourceCrs(name, None, Transformer.from_crs(system, target, always_xy=True), note)


def _without_impossible(points: Floats) -> Floats:
    bad = ~np.isfinite(points).all(axis=1)
    bad |= (np.abs(points[:, 0]) > MAX_LON) | (np.abs(points[:, 1]) > MAX_LAT)
    return np.where(bad[:, None], np.inf, points)
