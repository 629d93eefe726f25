"""The ground of the demo city: outline, river, tributary, lake and ponds, in metres on a plane.

The plane is bent a little when it becomes longitude and latitude, so that straight roads curve.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

ORIGIN_LON, ORIGIN_LAT = 119.62, 29.86
METRES_PER_LON = 111320 * math.cos(math.radians(ORIGIN_LAT))
METRES_PER_LAT = 110850
TURN = math.radians(-9)
EARTH_RADIUS_M = 6378137.0
DECIMALS = 7
STEP_M = 180
"""Lines are bent at points this far apart."""
CENTRE = (-300.0, 700.0)
RIVER_X = np.linspace(-21000, 21000, 120)
RIVER_Y = -1500 + 2100 * np.sin(RIVER_X / 6400 + 0.4) + 700 * np.sin(RIVER_X / 2600 + 1.2)
RIVER_HALF_WIDTH = 330 + 150 * np.sin(RIVER_X / 5000 + 2) + 60 * np.sin(RIVER_X / 1700)


@dataclass(frozen=True)
class Ground:
    """Polygons on the plane; `flow` is the river and its tributary, which no block crosses."""

    city: BaseGeometry
    flow: BaseGeometry
    lake: BaseGeometry
    water: BaseGeometry
    land: BaseGeometry


def to_lonlat(points: Floats) -> Floats:
    """Longitude and latitude (degrees, WGS84) of points of the plane."""
    x, y = points[:, 0], points[:, 1]
    bent_x = x + 520 * np.sin(y / 5200 + 0.6) + 240 * np.sin(x / 3900 + y / 7100)
    bent_y = y + 460 * np.sin(x / 6100 + 1.1) + 180 * np.sin(x / 2900 - y / 5200)
    east = bent_x * math.cos(TURN) - bent_y * math.sin(TURN)
    north = bent_x * math.sin(TURN) + bent_y * math.cos(TURN)
    lonlat = np.column_stack(
        [ORIGIN_LON + east / METRES_PER_LON, ORIGIN_LAT + north / METRES_PER_LAT]
    )
    return np.round(lonlat, DECIMALS)


def to_mercator(points: Floats) -> Floats:
    """Web Mercator metres (EPSG:3857) of points of the plane."""
    lonlat = np.radians(to_lonlat(points))
    y = np.log(np.tan(math.pi / 4 + lonlat[:, 1] / 2))
    return EARTH_RADIUS_M * np.column_stack([lonlat[:, 0], y])


def river_y(x: float) -> float:
    """The middle of the river at an x."""
    return float(np.interp(x, RIVER_X, RIVER_Y))


def river_half_width(x: float) -> float:
    """Half the width of the river at an x."""
    return float(np.interp(x, RIVER_X, RIVER_HALF_WIDTH))


def from_centre(point: Point) -> float:
    """Metres from the middle of the town."""
    return math.hypot(point.x - CENTRE[0], point.y - CENTRE[1])


def polygons(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons in a geometry."""
    return [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and part]


def lines(geometry: BaseGeometry) -> list[LineString]:
    """The lines in a geometry."""
    return [part for part in shapely.get_parts(geometry) if isinstance(part, LineString) and part]


def ground() -> Ground:
    """The outline of the city and its waters."""
    city = _city()
    river, tributary, lake = _river(), _tributary(), _lake()
    island = _oval(-5500, 3150, 190, 120)
    ponds = [
        Point(9800, 4300).buffer(330),
        Point(-10500, -5200).buffer(420),
        Point(7600, -6600).buffer(260),
    ]
    flow = shapely.union_all([river, tributary])
    still = [lake.difference(island), *ponds]
    return Ground(
        city=city,
        flow=flow.intersection(city),
        lake=lake,
        water=shapely.union_all([flow, *still]).intersection(city.buffer(3000)),
        land=city.difference(flow),
    )


def _circle(steps: int) -> Floats:
    return np.linspace(0, 2 * math.pi, steps, endpoint=False)


def _oval(x: float, y: float, half_width: float, half_height: float) -> Polygon:
    turn = _circle(60)
    return Polygon(np.column_stack([x + half_width * np.cos(turn), y + half_height * np.sin(turn)]))


def _city() -> Polygon:
    turn = _circle(160)
    radius = 1 + 0.10 * np.sin(2 * turn + 0.5) + 0.07 * np.sin(3 * turn + 2)
    radius += 0.05 * np.sin(5 * turn + 1) + 0.03 * np.sin(9 * turn)
    radius += 0.015 * np.sin(17 * turn + 1)
    return Polygon(np.column_stack([16500 * radius * np.cos(turn), 11800 * radius * np.sin(turn)]))


def _river() -> BaseGeometry:
    low, high = RIVER_Y - RIVER_HALF_WIDTH, RIVER_Y + RIVER_HALF_WIDTH
    reaches = [
        Polygon(
            [
                (RIVER_X[i], low[i]),
                (RIVER_X[i + 1], low[i + 1]),
                (RIVER_X[i + 1], high[i + 1]),
                (RIVER_X[i], high[i]),
            ]
        ).buffer(12)
        for i in range(len(RIVER_X) - 1)
    ]
    return shapely.union_all(reaches)


def _tributary() -> BaseGeometry:
    y = np.linspace(15000, river_y(3200), 60)
    x = 3200 + 900 * np.sin(y / 2300) + 350 * np.sin(y / 900 + 1) + y * 0.08
    return LineString(np.column_stack([x, y])).buffer(95)


def _lake() -> Polygon:
    turn = _circle(60)
    wide = 1 + 0.22 * np.sin(2 * turn + 1) + 0.12 * np.sin(3 * turn)
    high = 1 + 0.2 * np.sin(3 * turn)
    x = -5600 + 1250 * wide * np.cos(turn)
    return Polygon(np.column_stack([x, 3300 + 880 * high * np.sin(turn)]))
