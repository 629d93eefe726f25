"""Cuts a community into unit grids (单元网格) of about the same size (domain.md 1.2; pure).

The lattice is the same for a whole region, so that the grids of neighbouring communities meet.
Slivers at the border join their neighbour; the grids of a community are a partition of it.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from gis.gridding.partition import faces, merge_small, reading_order
from gis.loading.repair import square_metres

Shapes = NDArray[np.object_]

MAX_CELLS = 999
"""Three digits number the grids of a community (domain.md 1.2.1)."""
SMALLEST_SHARE = 0.3
"""A piece below this share of a full grid joins its neighbour."""
ENLARGED = 1.03
METRES_PER_LAT_DEGREE = 110_574.0
METRES_PER_LON_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Cut:
    """The grids of a community in the order of their numbers, and the size they have in metres."""

    cells: Shapes
    size_m: float


def cut(community: BaseGeometry, size_m: float) -> Cut:
    """Cut a polygon in WGS84 degrees into grids of about `size_m`, larger where 999 do not do."""
    area = float(square_metres(np.array([community], dtype=object))[0])
    size = max(float(size_m), math.sqrt(area / MAX_CELLS))
    while True:
        cells = _cut_once(community, size)
        if len(cells) <= MAX_CELLS:
            return Cut(cells, size)
        size *= max(ENLARGED, math.sqrt(len(cells) / MAX_CELLS))


def steps(latitude: float, size_m: float) -> tuple[float, float]:
    """The width and height of a grid in degrees, the same within each degree of latitude."""
    width = METRES_PER_LON_DEGREE * math.cos(math.radians(math.floor(latitude) + 0.5))
    return size_m / width, size_m / METRES_PER_LAT_DEGREE


def _cut_once(community: BaseGeometry, size_m: float) -> Shapes:
    west, south, east, north = community.bounds
    width, height = steps((south + north) / 2, size_m)
    columns = np.arange(math.floor(west / width), math.ceil(east / width) + 1) * width
    rows = np.arange(math.floor(south / height), math.ceil(north / height) + 1) * height
    lattice = [LineString([(x, rows[0]), (x, rows[-1])]) for x in columns]
    lattice += [LineString([(columns[0], y), (columns[-1], y)]) for y in rows]
    pieces = faces([community.boundary, *lattice])
    shapely.prepare(community)
    pieces = pieces[shapely.contains(community, shapely.point_on_surface(pieces))]
    same = np.zeros(len(pieces), dtype=np.int64)
    cells, _ = merge_small(pieces, same, least=SMALLEST_SHARE * width * height)
    return cells[reading_order(cells, height)]
