"""Cuts the land into blocks, again and again in two; the cuts become the roads."""

import math
import random
from collections.abc import Iterator

import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from gis.demo.shape import CENTRE, Ground, lines, polygons, river_half_width, river_y

SEED = 20261121
SMALLEST_M2 = 1500
TOWN_RADIUS_M = 7000
SHORTEST_CUT_M = 60
SHORTEST_ROAD_M = 80
BRIDGES_X = (-12800, -8600, -5200, -2300, 300, 2600, 5600, 8900, 12500)
EXPRESS_BRIDGES_X = (-5200, 300, 8900)
RINGS = ((4300, "内环快速路", "express"), (8300, "绕城高速", "motorway"))
CLASS_BY_DEPTH = ((2, "express"), (5, "arterial"), (7, "secondary"))

Cut = tuple[LineString, int]
Road = tuple[LineString, str]


def blocks(ground: Ground) -> tuple[list[Polygon], list[Cut]]:
    """The blocks of the land, and each cut with how many cuts came before it."""
    draw = random.Random(SEED)  # noqa: S311 a picture, not a secret
    leaves: list[Polygon] = []
    cuts: list[Cut] = []
    for piece in polygons(ground.land):
        stack = [(piece, 0)]
        while stack:
            block, depth = stack.pop()
            if block.area < SMALLEST_M2:
                continue
            if block.area < _wanted_m2(block) * draw.uniform(0.75, 1.5):
                leaves.append(block)
                continue
            line = _cut_line(block, draw)
            stack += [(half, depth + 1) for half in polygons(split(block, line))]
            cuts += [(cut, depth) for cut in _long_lines(line.intersection(block), SHORTEST_CUT_M)]
    return leaves, cuts


def roads(ground: Ground, cuts: list[Cut]) -> list[Road]:
    """Roads with their class: cuts outside the lake, then the bridges."""
    shore, water = ground.lake.buffer(30), ground.lake.buffer(-20)
    found: list[Road] = []
    for cut, depth in cuts:
        if not cut.within(water):
            found += [(line, _road_class(depth)) for line in _long_lines(cut.difference(shore))]
    for x in BRIDGES_X:
        reach = river_half_width(x) + 900
        bridge = LineString([(x, river_y(x) - reach), (x, river_y(x) + reach)])
        found.append((bridge, "express" if x in EXPRESS_BRIDGES_X else "arterial"))
    return found


def ring_roads() -> Iterator[tuple[LineString, str, str]]:
    """The two rings: line, name, class."""
    for radius, name, road_class in RINGS:
        turns = [2 * math.pi * step / 179 for step in range(180)]
        yield LineString([_on_ring(radius, turn) for turn in turns]), name, road_class


def _on_ring(radius: float, turn: float) -> tuple[float, float]:
    x = CENTRE[0] + radius * 1.35 * math.cos(turn) * (1 + 0.04 * math.sin(3 * turn))
    y = CENTRE[1] + radius * math.sin(turn) * (1 + 0.05 * math.sin(2 * turn + 1))
    return x, y


def _wanted_m2(block: BaseGeometry) -> float:
    """Blocks grow from the middle of the town outwards."""
    middle = block.centroid
    away = math.hypot(middle.x - CENTRE[0], (middle.y - CENTRE[1]) * 1.15)
    return 42000 + (away / 1000) ** 2 * 9500 + (0 if away < TOWN_RADIUS_M else 130000)


def _cut_line(block: BaseGeometry, draw: random.Random) -> LineString:
    """A straight line across the longer side, not quite in the middle."""
    west, south, east, north = block.bounds
    share = draw.uniform(0.42, 0.58)
    if (east - west) * draw.uniform(0.9, 1.1) > north - south:
        x = west + (east - west) * share
        return LineString([(x, south - 50), (x, north + 50)])
    y = south + (north - south) * share
    return LineString([(west - 50, y), (east + 50, y)])


def _long_lines(geometry: BaseGeometry, least_m: float = SHORTEST_ROAD_M) -> list[LineString]:
    return [line for line in lines(geometry) if shapely.length(line) > least_m]


def _road_class(depth: int) -> str:
    return next((name for most, name in CLASS_BY_DEPTH if depth <= most), "local")
