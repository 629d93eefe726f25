"""The areas of a wall: what it stands for, the parts it compares, and their shapes on the map."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from gis import locator

MOST_SHAPES = 3000
CITY_LENGTH, DISTRICT_LENGTH = 4, 6
UNPLACED = "00"
"""What follows a city's code where no district is known (dispatch/intake.py)."""
_CURRENT = "valid_from <= current_date AND (valid_to IS NULL OR valid_to > current_date)"
_PARTS = f"""
SELECT code, name, ST_X(p), ST_Y(p) FROM (
  SELECT code, name, ST_PointOnSurface(geom) AS p FROM citygis_area
  WHERE level = %s AND code ^@ %s AND {_CURRENT}) a ORDER BY code
"""
_BOX = f"""
SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) FROM (
  SELECT ST_Extent(geom) AS b FROM citygis_area
  WHERE level = 'DISTRICT' AND code ^@ %s AND {_CURRENT}) a
"""
_LEVELS = f"""
SELECT level, count(*) FROM citygis_area WHERE code ^@ %s AND {_CURRENT} GROUP BY level
"""
_SHAPES = f"""
SELECT code, ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, %s), 5)::json FROM citygis_area
WHERE level = %s AND code ^@ %s AND {_CURRENT} ORDER BY code
"""
_OUTLINE = f"""
SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(ST_Union(geom), %s), 5)::json FROM citygis_area
WHERE level = 'DISTRICT' AND code ^@ %s AND {_CURRENT}
"""
LENGTHS = {"CELL": 15, "COMMUNITY": 12, "STREET": 9, "DISTRICT": 6}
SIMPLER = {"CELL": 0.00005, "COMMUNITY": 0.0001, "STREET": 0.0002, "DISTRICT": 0.0005}
"""How far (degrees) a simplified border may lie off."""


@dataclass(frozen=True, slots=True)
class Part:
    """A district of a city or a street of a district, with a point inside it (WGS84)."""

    code: str
    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class WallArea:
    """What one wall stands for: a city (4 digits) or a district (6 digits)."""

    code: str

    @property
    def is_city(self) -> bool:
        """True for the view of all districts."""
        return len(self.code) == CITY_LENGTH

    @property
    def name(self) -> str:
        """The area's name."""
        return locator.snapshot().name_of(self.code)

    def parts(self) -> tuple[Part, ...]:
        """The areas that the wall labels: districts of a city, streets of a district."""
        return _parts(self.code, "DISTRICT" if self.is_city else "STREET", _version())

    def districts(self) -> list[str]:
        """The codes of the districts it covers."""
        return [part.code for part in self.parts()] if self.is_city else [self.code]

    def feeds(self) -> list[str]:
        """The districts, and for a city the cases of which no district is known yet."""
        return [*self.districts(), f"{self.code}{UNPLACED}"] if self.is_city else [self.code]

    def labelled(self, by_district: dict[str, int]) -> dict[str, int]:
        """The counts of a city's districts, and of no district yet where there is such a case."""
        known = {part.code: by_district.get(part.code, 0) for part in self.parts()}
        unplaced = f"{self.code}{UNPLACED}"
        n = by_district.get(unplaced, 0)
        return {**known, unplaced: n} if n else known

    def box(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north (WGS84), or None without any district."""
        return _box(self.code, _version())

    def density_length(self) -> int:
        """The code length of the finest areas that the map can shade, at most 3,000 of them."""
        return LENGTHS[_level(self.code, _version())]

    def shapes(self) -> dict[str, Any]:
        """GeoJSON of those areas, simplified, with their codes, and the outline of the whole."""
        return _shapes(self.code, _version())


def _version() -> int:
    return locator.snapshot().version


@lru_cache(64)
def _parts(code: str, level: str, _of: int) -> tuple[Part, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, [level, code])
        return tuple(Part(*row) for row in cursor.fetchall())


@lru_cache(64)
def _box(code: str, _of: int) -> tuple[float, float, float, float] | None:
    with connection.cursor() as cursor:
        cursor.execute(_BOX, [code])
        row = cursor.fetchone()
    return row if row and row[0] is not None else None


@lru_cache(64)
def _level(code: str, _of: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS, [code])
        counts = dict(cursor.fetchall())
    return next((level for level in LENGTHS if 0 < counts.get(level, 0) <= MOST_SHAPES), "DISTRICT")


@lru_cache(16)
def _shapes(code: str, of: int) -> dict[str, Any]:
    level = _level(code, of)
    with connection.cursor() as cursor:
        cursor.execute(_SHAPES, [SIMPLER[level], level, code])
        rows = cursor.fetchall()
        cursor.execute(_OUTLINE, [SIMPLER["COMMUNITY"], code])
        outline = cursor.fetchone()[0]
    features = [
        {"type": "Feature", "properties": {"code": found}, "geometry": geometry}
        for found, geometry in rows
    ]
    return {"type": "FeatureCollection", "features": features, "outline": outline}
