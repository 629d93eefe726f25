"""What our own base map of the demo city draws: water, green, roads, buildings and labels."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.demo import names
from gis.demo.blocks import Cut, ring_roads, roads
from gis.demo.buildings import Plot
from gis.demo.hierarchy import PlaneArea
from gis.demo.shape import STEP_M, Ground, polygons, river_y

SEED = 20261122
HOUSE_ROW_M = 25
GREEN_SHARE, LARGEST_GREEN_M2 = 0.035, 90000
LANE_NAMED_FROM_M = 300
ROAD_MIN_ZOOM = {"motorway": 0, "express": 0, "arterial": 0, "secondary": 11, "local": 12}
"""ui.md 2: no local road below zoom 12, no secondary one below 11."""
LANDMARK_MIN_ZOOM, BUILDING_MIN_ZOOM, MINOR_MIN_ZOOM, SMALL_PARK_MIN_ZOOM = 11, 14, 15, 12
SECTIONS = ("", "东段", "西段", "南段", "北段", "中段", "新段")


@dataclass(frozen=True, slots=True)
class Feature:
    """One drawn thing, on the plane."""

    layer: str
    shape: BaseGeometry
    name: str = ""
    kind: str = ""
    min_zoom: int = 0


@dataclass(frozen=True, slots=True)
class NamedRoad:
    """A road with its class and name, "" where it has none."""

    line: LineString
    kind: str
    name: str


def named_roads(ground: Ground, cuts: list[Cut], story: BaseGeometry) -> list[NamedRoad]:
    """Roads, the longest named first; the one that runs longest through `story` is 秋涛路."""
    draw = random.Random(SEED)  # noqa: S311 a picture, not a secret
    ordered = sorted(roads(ground, cuts), key=lambda road: -shapely.length(road[0]))
    big = [road for road in ordered if road[1] != "local"]
    labels = [_road_name(number) for number in range(len(big))]
    beside = story.buffer(HOUSE_ROW_M)
    within = [shapely.length(line.intersection(beside)) for line, _ in big]
    labels[int(np.argmax(within))] = names.STORY_ROAD
    found = [NamedRoad(line, kind, name) for (line, kind), name in zip(big, labels, strict=True)]
    for line, kind in ordered:
        if kind == "local":
            long = shapely.length(line) > LANE_NAMED_FROM_M
            found.append(NamedRoad(line, kind, _lane_name(draw) if long else ""))
    return found


def parks(ground: Ground, cells: list[PlaneArea]) -> list[Feature]:
    """The named parks, the shore of the lake, and a green block here and there."""
    draw = random.Random(SEED)  # noqa: S311 a picture, not a secret
    found = []
    for name, (x, y), radius in names.PARKS:
        middle = (x, river_y(x) + 700 if y is None else y)
        shape = _park_outline(middle, radius).difference(ground.flow).intersection(ground.city)
        found.append(Feature("green", shape, name))
    shore = ground.lake.buffer(260).difference(ground.lake)
    found.append(Feature("green", shore, names.LAKE_PARK))
    for cell in cells:
        if draw.random() < GREEN_SHARE and cell.shape.area < LARGEST_GREEN_M2:
            green = cell.shape.buffer(-25)
            found.append(Feature("green", green, min_zoom=SMALL_PARK_MIN_ZOOM))
    return [park for park in found if not park.shape.is_empty]


def features(
    ground: Ground, road_list: list[NamedRoad], green: list[Feature], plot_list: list[Plot]
) -> Iterator[Feature]:
    """Everything that is drawn, the labels last."""
    yield Feature("city", ground.city, "云澜市")
    for water in polygons(ground.water):
        yield Feature("water", water)
    yield from green
    for road in road_list:
        yield Feature("roads", road.line, road.name, road.kind, ROAD_MIN_ZOOM[road.kind])
    for line, name, kind in ring_roads():
        yield Feature("roads", line, name, kind)
    for plot in plot_list:
        for building in plot.buildings:
            yield Feature("buildings", building, min_zoom=BUILDING_MIN_ZOOM)
    for name, kind, x, y in names.LANDMARKS:
        yield Feature("pois", Point(x, y), name, kind, LANDMARK_MIN_ZOOM)
    xs = np.linspace(-9000, 9000, 60)
    label = LineString(np.column_stack([xs, [river_y(x) for x in xs]]))
    yield Feature("rivername", label, names.RIVER_LABEL)


def bent(feature: Feature) -> BaseGeometry:
    """The shape with enough points to be bent like the plane; buildings and points as they are."""
    if feature.layer in ("buildings", "pois"):
        return feature.shape
    return shapely.segmentize(feature.shape, STEP_M)


def _road_name(number: int) -> str:
    section = SECTIONS[number // len(names.ROADS) % len(SECTIONS)]
    return names.ROADS[number % len(names.ROADS)] + section


def _lane_name(draw: random.Random) -> str:
    return draw.choice(names.LANE_FIRST) + draw.choice(names.LANE_LAST)


def _park_outline(middle: tuple[float, float], radius: float) -> Polygon:
    x, y = middle
    turn = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    wide = 1.25 * radius * (1 + 0.18 * np.sin(2 * turn + x) + 0.1 * np.sin(5 * turn))
    high = 0.85 * radius * (1 + 0.15 * np.sin(3 * turn + y))
    return Polygon(np.column_stack([x + wide * np.cos(turn), y + high * np.sin(turn)]))
