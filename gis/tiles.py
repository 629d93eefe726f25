"""Vector tiles (MVT): administrative areas, unit grids, and our own base map.

Areas and cells are cut to the user's code prefixes (architecture.md 9); the base map is the same
for everyone. The case layer is dispatch's; it uses `TileAddress` and the SQL pieces below.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from gis.models import Topic

MAX_ZOOM = 22
EXTENT, BUFFER = 4096, 64
"""Units of a tile, and how far shapes reach over its edge so that lines join."""
MERCATOR_EDGE_M = 20037508.342789244
STREETS_FROM, COMMUNITIES_FROM, CELLS_FROM = 10, 12, 13
STRAIGHT_FROM = 10
ANCESTOR_LENGTHS = (4, 6, 9, 12)
VERSION_OF = {"areas": Topic.AREAS, "cells": Topic.AREAS, "base": Topic.BASE}
LAYERS = tuple(VERSION_OF)

TILE_GEOMETRY = (
    f"ST_AsMVTGeom({{geometry}}, ST_TileEnvelope(%(z)s, %(x)s, %(y)s), {EXTENT}, {BUFFER})"
)
"""The shape `geometry` (SQL, EPSG:3857) in tile units; needs the parameters of a TileAddress."""
TILE_GEOMETRY_4326 = (
    "ST_AsMVTGeom({geometry}, ST_MakeEnvelope(%(tile_west)s, %(tile_south)s, %(tile_east)s,"
    f" %(tile_north)s, 4326), {EXTENT}, {BUFFER})"
)
"""The same for a shape in EPSG:4326, taken as straight within the tile: from zoom 10 that errs by
at most three of its 4096 units, and it saves a projection that costs more than all the rest."""
TILE_BOX_3857 = "ST_MakeEnvelope(%(west_m)s, %(south_m)s, %(east_m)s, %(north_m)s, 3857)"
TILE_BOX_4326 = "ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
"""The tile with its buffer, for `geom && box` on an index."""

AREAS_SQL = """
WITH area AS MATERIALIZED (
    SELECT level, code, name, parent_code AS parent,
        {shape} AS geom
    FROM citygis_area
    WHERE geom && {box} AND level = ANY(%(levels)s)
      AND valid_from <= (now() AT TIME ZONE %(zone)s)::date
      AND (valid_to IS NULL OR valid_to > (now() AT TIME ZONE %(zone)s)::date)
      AND (code ^@ ANY(%(prefixes)s) OR code = ANY(%(ancestors)s))
)
SELECT string_agg(tile, '') FROM (
    SELECT ST_AsMVT(feature, %(names)s::json ->> area.level, {extent}, 'geom') AS tile
    FROM area, LATERAL (SELECT area.code, area.name, area.parent, area.geom) AS feature
    GROUP BY area.level
) AS layers
"""
FAR_SQL = AREAS_SQL.format(
    shape=TILE_GEOMETRY.format(geometry="ST_Transform(geom, 3857)"),
    box=TILE_BOX_4326,
    extent=EXTENT,
)
NEAR_SQL = AREAS_SQL.format(
    shape=TILE_GEOMETRY_4326.format(geometry="geom"), box=TILE_BOX_4326, extent=EXTENT
)
BASE_SQL = f"""
SELECT string_agg(tile, '') FROM (
    SELECT ST_AsMVT(feature, base.layer, {EXTENT}, 'geom') AS tile
    FROM citygis_basefeature AS base, LATERAL (
        SELECT {TILE_GEOMETRY.format(geometry="base.geom")} AS geom,
            CASE WHEN base.layer <> 'buildings' THEN base.name END AS name,
            CASE WHEN base.layer = 'roads' THEN base.kind END AS class,
            CASE WHEN base.layer = 'pois' THEN base.kind END AS kind
    ) AS feature
    WHERE base.geom && {TILE_BOX_3857} AND base.min_zoom <= %(z)s
    GROUP BY base.layer
) AS layers
"""
LAYER_NAMES = (
    '{"CITY": "city", "DISTRICT": "districts", "STREET": "streets",'
    ' "COMMUNITY": "communities", "CELL": "cells"}'
)


Parameters = dict[str, float | str | list[str]]


class TileError(ValueError):
    """No such tile; `code` is NO_SUCH_LAYER or NO_SUCH_TILE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class TileAddress:
    """A tile of the Web Mercator pyramid, y counted from the north; raises TileError."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        side = 1 << self.z if 0 <= self.z <= MAX_ZOOM else 0
        if not (0 <= self.x < side and 0 <= self.y < side):
            raise TileError("NO_SUCH_TILE", f"there is no tile {self.z}/{self.x}/{self.y}")

    def bounds_m(self, buffer: int = BUFFER) -> tuple[float, float, float, float]:
        """West, south, east, north in EPSG:3857 metres, with the buffer (units of the tile)."""
        size = 2 * MERCATOR_EDGE_M / (1 << self.z)
        reach = size * buffer / EXTENT
        west = self.x * size - MERCATOR_EDGE_M
        north = MERCATOR_EDGE_M - self.y * size
        return west - reach, north - size - reach, west + size + reach, north + reach

    def bounds(self, buffer: int = BUFFER) -> tuple[float, float, float, float]:
        """West, south, east, north in WGS84 degrees, with the buffer (units of the tile)."""
        west, south, east, north = self.bounds_m(buffer)
        degrees = 180 / MERCATOR_EDGE_M
        return west * degrees, _latitude(south), east * degrees, _latitude(north)

    def parameters(self) -> Parameters:
        """The parameters of the SQL pieces TILE_GEOMETRY... and TILE_BOX..."""
        edges = ("west", "south", "east", "north")
        found: Parameters = {"z": self.z, "x": self.x, "y": self.y}
        found |= zip((f"{edge}_m" for edge in edges), self.bounds_m(), strict=True)
        found |= zip(edges, self.bounds(), strict=True)
        found |= zip((f"tile_{edge}" for edge in edges), self.bounds(0), strict=True)
        return found


def tile(layer: str, z: int, x: int, y: int, *, prefixes: Sequence[str]) -> bytes:
    """The MVT bytes of a tile, b"" where there is nothing; raises TileError.

    `areas` and `cells` show what lies inside the code prefixes, and the outlines of the areas
    above them; without prefixes nothing. Layers in a tile: ui.md 2.
    """
    if layer not in VERSION_OF:
        raise TileError("NO_SUCH_LAYER", f"there is no layer {layer}")
    address = TileAddress(z, x, y)
    if layer == "base":
        return _run(BASE_SQL, address.parameters())
    levels = _levels(layer, z)
    if not prefixes or not levels:
        return b""
    parameters = address.parameters()
    parameters["levels"] = levels
    parameters["prefixes"] = list(prefixes)
    parameters["ancestors"] = ancestors(prefixes)
    parameters["names"] = LAYER_NAMES
    parameters["zone"] = settings.TIME_ZONE
    return _run(NEAR_SQL if z >= STRAIGHT_FROM else FAR_SQL, parameters)


def etag(layer: str, *, prefixes: Sequence[str]) -> str:
    """A weak tag that changes when the data, the day or the user's prefixes change."""
    if layer not in VERSION_OF:
        raise TileError("NO_SUCH_LAYER", f"there is no layer {layer}")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT number FROM citygis_dataversion WHERE topic = %s), 0),"
            " (now() AT TIME ZONE %s)::date",
            [VERSION_OF[layer].value, settings.TIME_ZONE],
        )
        version, day = cursor.fetchone()
    scope = "" if layer == "base" else f"{day}|" + "|".join(sorted(prefixes))
    digest = hashlib.sha256(f"{layer}|{version}|{scope}".encode()).hexdigest()
    return f'W/"{digest[:24]}"'


def ancestors(prefixes: Sequence[str]) -> list[str]:
    """The codes of the areas above the prefixes: their outlines may be seen."""
    above = {prefix[:length] for prefix in prefixes for length in ANCESTOR_LENGTHS}
    return sorted(code for code in above if code not in prefixes and code)


def _levels(layer: str, zoom: int) -> list[str]:
    if layer == "cells":
        return ["CELL"] if zoom >= CELLS_FROM else []
    levels = ["CITY", "DISTRICT"]
    if zoom >= STREETS_FROM:
        levels.append("STREET")
    if zoom >= COMMUNITIES_FROM:
        levels.append("COMMUNITY")
    return levels


def _run(sql: str, parameters: Parameters) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    return bytes(row[0]) if row and row[0] is not None else b""


def _latitude(north_m: float) -> float:
    return math.degrees(2 * math.atan(math.exp(north_m / 6378137.0)) - math.pi / 2)
