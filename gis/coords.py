"""Coordinate systems: WGS84, CGCS2000, GCJ02 and BD09, in degrees, always in the order lon, lat.

GCJ-02 and BD-09 are undone by iteration, exact to well under a millimetre; the one-step inverse
found in most snippets errs by up to 2 m (domain.md 8.2). CGCS2000 equals WGS84 numerically
(domain.md 8.2: the ellipsoids differ in the flattening only). Unknown systems are refused.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", float, NDArray[np.float64])

SEMI_MAJOR_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
BD09_FACTOR = math.pi * 3000.0 / 180.0
WGS84_A_M = 6378137.0
WGS84_F = 1 / 298.257223563
CHINA_LON = (73.66, 135.05)
CHINA_LAT = (3.86, 53.55)
CHINA_MARGIN = 0.05
"""Degrees beyond the box within which a shifted position may have come from inside."""
MAX_LON, MAX_LAT = 180.0, 90.0
ITERATIONS = 12
CONVERGED_DEGREES = 1e-12
SAME_PLACE_RADIANS = 1e-10


class Crs(StrEnum):
    """A coordinate system that a sender may state."""

    WGS84 = "WGS84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


@dataclass(frozen=True)
class Maths(Generic[Number]):
    """The functions that the formulas need, for floats or for arrays."""

    sin: Callable[[Number], Number]
    cos: Callable[[Number], Number]
    sqrt: Callable[[Number], Number]
    fabs: Callable[[Number], Number]
    atan2: Callable[[Number, Number], Number]


ON_FLOATS = Maths[float](math.sin, math.cos, math.sqrt, math.fabs, math.atan2)
ON_ARRAYS = Maths[Floats](np.sin, np.cos, np.sqrt, np.fabs, np.arctan2)


class CoordinateError(ValueError):
    """A position that cannot be used; `code` is NOT_FINITE, OUT_OF_RANGE or UNKNOWN_CRS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse_crs(text: str) -> Crs:
    """The system of that name; raises CoordinateError UNKNOWN_CRS, for nothing is guessed."""
    try:
        return Crs(text)
    except ValueError:
        known = ", ".join(Crs)
        message = f"unknown coordinate system {text!r}; known are {known}"
        raise CoordinateError("UNKNOWN_CRS", message) from None


def check_position(lon: float, lat: float) -> None:
    """Raise CoordinateError unless both are finite and lie in +-180 and +-90 degrees."""
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise CoordinateError("NOT_FINITE", f"the position {lon}, {lat} is not a pair of numbers")
    if abs(lon) > MAX_LON or abs(lat) > MAX_LAT:
        raise CoordinateError(
            "OUT_OF_RANGE", f"the position {lon}, {lat} is not a longitude and a latitude"
        )


def out_of_china(lon: float, lat: float) -> bool:
    """True outside 73.66-135.05 E, 3.86-53.55 N, where GCJ-02 and BD-09 are not shifted."""
    return not (CHINA_LON[0] <= lon <= CHINA_LON[1] and CHINA_LAT[0] <= lat <= CHINA_LAT[1])


def to_wgs84(lon: float, lat: float, crs: Crs) -> tuple[float, float]:
    """WGS84 lon, lat in degrees of a position in `crs`; exact to well under a millimetre.

    Raises CoordinateError. Within some 1.5 km of the edge of `out_of_china` a shifted position
    may have two origins; the one inside is taken.
    """
    check_position(lon, lat)
    system = parse_crs(crs)
    if system in (Crs.WGS84, Crs.CGCS2000) or not _near_china(lon, lat):
        return lon, lat
    found_lon, found_lat = lon, lat
    for _ in range(ITERATIONS):
        there_lon, there_lat = _shifted(found_lon, found_lat, system, ON_FLOATS)
        step_lon, step_lat = there_lon - lon, there_lat - lat
        found_lon, found_lat = found_lon - step_lon, found_lat - step_lat
        if abs(step_lon) + abs(step_lat) < CONVERGED_DEGREES:
            break
    return (lon, lat) if out_of_china(found_lon, found_lat) else (found_lon, found_lat)


def from_wgs84(lon: float, lat: float, crs: Crs) -> tuple[float, float]:
    """Lon, lat in degrees, in `crs`, of a WGS84 position; raises CoordinateError."""
    check_position(lon, lat)
    system = parse_crs(crs)
    if system in (Crs.WGS84, Crs.CGCS2000) or out_of_china(lon, lat):
        return lon, lat
    return _shifted(lon, lat, system, ON_FLOATS)


def to_wgs84_many(lons: Floats, lats: Floats, crs: Crs) -> tuple[Floats, Floats]:
    """WGS84 arrays of arrays in `crs`, equal to `to_wgs84` of each; raises CoordinateError."""
    lons, lats = _checked_arrays(lons, lats)
    system = parse_crs(crs)
    if system in (Crs.WGS84, Crs.CGCS2000):
        return lons, lats
    near_lon = np.clip(lons, CHINA_LON[0] - CHINA_MARGIN, CHINA_LON[1] + CHINA_MARGIN)
    near_lat = np.clip(lats, CHINA_LAT[0] - CHINA_MARGIN, CHINA_LAT[1] + CHINA_MARGIN)
    found_lon, found_lat = near_lon, near_lat
    for _ in range(ITERATIONS):
        there_lon, there_lat = _shifted(found_lon, found_lat, system, ON_ARRAYS)
        step_lon, step_lat = there_lon - near_lon, there_lat - near_lat
        found_lon, found_lat = found_lon - step_lon, found_lat - step_lat
        if not lons.size or float((np.abs(step_lon) + np.abs(step_lat)).max()) < CONVERGED_DEGREES:
            break
    inside = _inside_china(found_lon, found_lat) & (near_lon == lons) & (near_lat == lats)
    return np.where(inside, found_lon, lons), np.where(inside, found_lat, lats)


def from_wgs84_many(lons: Floats, lats: Floats, crs: Crs) -> tuple[Floats, Floats]:
    """Arrays in `crs` of WGS84 arrays, equal to `from_wgs84` of each; raises CoordinateError."""
    lons, lats = _checked_arrays(lons, lats)
    system = parse_crs(crs)
    if system in (Crs.WGS84, Crs.CGCS2000):
        return lons, lats
    inside = _inside_china(lons, lats)
    shifted_lon, shifted_lat = _shifted(lons, lats, system, ON_ARRAYS)
    return np.where(inside, shifted_lon, lons), np.where(inside, shifted_lat, lats)


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres between two WGS84 positions on the ellipsoid (Lambert), within 1e-5 of the geodesic.

    That is 2 mm in 1 km; PostGIS `geography` is the judge in the tests.
    """
    beta1 = math.atan((1 - WGS84_F) * math.tan(math.radians(lat1)))
    beta2 = math.atan((1 - WGS84_F) * math.tan(math.radians(lat2)))
    half_lat = (beta2 - beta1) / 2
    half_lon = math.radians(lon2 - lon1) / 2
    chord = math.hypot(
        math.sin(half_lat), math.sin(half_lon) * math.sqrt(math.cos(beta1) * math.cos(beta2))
    )
    angle = 2 * math.asin(min(1.0, chord))
    if angle < SAME_PLACE_RADIANS:
        return WGS84_A_M * angle
    middle = (beta1 + beta2) / 2
    along = (math.sin(middle) * math.cos(half_lat)) ** 2
    across = (math.cos(middle) * math.sin(half_lat)) ** 2
    far = max(1e-12, math.cos(angle / 2) ** 2)
    correction = (angle - math.sin(angle)) * along / far
    correction += (angle + math.sin(angle)) * across / math.sin(angle / 2) ** 2
    return WGS84_A_M * (angle - WGS84_F / 2 * correction)


def _checked_arrays(lons: Floats, lats: Floats) -> tuple[Floats, Floats]:
    lons, lats = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
    bad = ~(np.isfinite(lons) & np.isfinite(lats))
    bad |= (np.abs(lons) > MAX_LON) | (np.abs(lats) > MAX_LAT)
    if bad.any():
        first = int(np.argmax(bad))
        check_position(float(lons.flat[first]), float(lats.flat[first]))
    return lons, lats


def _near_china(lon: float, lat: float) -> bool:
    near_lon = CHINA_LON[0] - CHINA_MARGIN <= lon <= CHINA_LON[1] + CHINA_MARGIN
    return near_lon and CHINA_LAT[0] - CHINA_MARGIN <= lat <= CHINA_LAT[1] + CHINA_MARGIN


def _inside_china(lons: Floats, lats: Floats) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (lons >= CHINA_LON[0]) & (lons <= CHINA_LON[1])
    inside &= (lats >= CHINA_LAT[0]) & (lats <= CHINA_LAT[1])
    return inside


def _shifted(lon: Number, lat: Number, crs: Crs, on: Maths[Number]) -> tuple[Number, Number]:
    """GCJ-02 or BD-09 of WGS84 positions, also outside the country."""
    gcj_lon, gcj_lat = _wgs84_to_gcj02(lon, lat, on)
    return (gcj_lon, gcj_lat) if crs is Crs.GCJ02 else _gcj02_to_bd09(gcj_lon, gcj_lat, on)


def _wgs84_to_gcj02(lon: Number, lat: Number, on: Maths[Number]) -> tuple[Number, Number]:
    """The public GCJ-02 formula (domain.md 8.2: Krasovsky ellipsoid), without its bounding box."""
    sin, pi = on.sin, math.pi
    x, y = lon - 105.0, lat - 35.0
    root = on.sqrt(on.fabs(x))
    waves = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north = north + (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north = north + (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east = east + (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east = east + (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    phi = lat / 180 * pi
    bend = 1 - ECCENTRICITY_SQUARED * sin(phi) * sin(phi)
    meridian = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (bend * on.sqrt(bend))
    parallel = SEMI_MAJOR_M / on.sqrt(bend) * on.cos(phi)
    return lon + east * 180 / (parallel * pi), lat + north * 180 / (meridian * pi)


def _gcj02_to_bd09(lon: Number, lat: Number, on: Maths[Number]) -> tuple[Number, Number]:
    """The public BD-09 formula upon GCJ-02."""
    radius = on.sqrt(lon * lon + lat * lat) + 0.00002 * on.sin(lat * BD09_FACTOR)
    angle = on.atan2(lat, lon) + 0.000003 * on.cos(lon * BD09_FACTOR)
    return radius * on.cos(angle) + 0.0065, radius * on.sin(angle) + 0.006
