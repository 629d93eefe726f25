"""The places that an operator may type in the demo city: addresses, estates, services."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from gis.demo import names
from gis.demo.buildings import Plot
from gis.demo.hierarchy import STORY_PLACE, PlaneArea
from gis.demo.scenery import NamedRoad
from gis.demo.shape import from_centre
from gis.models import Level

SEED = 20261123
NUMBERED_WITHIN_M = 4000
NUMBER_EVERY_M = 45
HOUSE_BESIDE_ROAD_M = 18
ESTATE_SHARE = 0.3
FEWEST_BUILDINGS, BUILDINGS_SHOWN = 6, 40
STORY_NUMBERS = 40


@dataclass(frozen=True, slots=True)
class PlanePlace:
    """One place on the plane."""

    name: str
    kind: str
    point: Point


def places(areas: list[PlaneArea], roads: list[NamedRoad], plots: list[Plot]) -> list[PlanePlace]:
    """All places; an address may come twice where two lanes have one name."""
    found = [PlanePlace(name, kind, Point(x, y)) for name, kind, x, y in names.LANDMARKS]
    found += _services(areas)
    found += _road_numbers(roads)
    found += _crossings(roads)
    found += _estates(areas, plots)
    return found


def _services(areas: list[PlaneArea]) -> Iterator[PlanePlace]:
    """What each street and each community has."""
    draw = random.Random(SEED)  # noqa: S311 a picture, not a secret
    wanted = {Level.STREET: names.STREET_PLACES, Level.COMMUNITY: names.COMMUNITY_PLACES}
    for area in areas:
        short = area.name.removesuffix("社区") if area.level == Level.COMMUNITY else area.name
        for pattern, kind in wanted.get(Level(area.level), ()):
            yield PlanePlace(pattern.format(short), kind, _somewhere(area.shape, draw))
        if area.name == names.STORY_COMMUNITY:
            for name, kind in names.STORY_PLACES:
                yield PlanePlace(name, kind, _somewhere(area.shape, draw))


def _road_numbers(roads: list[NamedRoad]) -> Iterator[PlanePlace]:
    """Numbers along the named roads of the inner city: odd on the left, even on the right."""
    for road in roads:
        middle = shapely.line_interpolate_point(road.line, 0.5, normalized=True)
        if not road.name or from_centre(middle) > NUMBERED_WITHIN_M:
            continue
        length = shapely.length(road.line)
        count = max(int(length / NUMBER_EVERY_M), 2)
        if road.name == names.STORY_ROAD:
            count = max(count, STORY_NUMBERS)
        for number in range(1, count + 1):
            side = HOUSE_BESIDE_ROAD_M if number % 2 else -HOUSE_BESIDE_ROAD_M
            point = _beside(road.line, length * number / (count + 1), side)
            yield PlanePlace(f"{road.name}{number}号", "address", point)


def _beside(line: LineString, along: float, side: float) -> Point:
    """A point at a distance along a line, `side` metres to its left."""
    here = shapely.get_coordinates(shapely.line_interpolate_point(line, [along, along + 1]))
    step = here[1] - here[0]
    length = float(np.hypot(*step)) or 1.0
    return Point(here[0][0] - step[1] / length * side, here[0][1] + step[0] / length * side)


def _crossings(roads: list[NamedRoad]) -> Iterator[PlanePlace]:
    """Where two named roads that are no lanes meet."""
    big = [road for road in roads if road.name and road.kind != "local"]
    lines = np.array([road.line for road in big], dtype=object)
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    for first, second in zip(one.tolist(), other.tolist(), strict=True):
        if first < second and big[first].name != big[second].name:
            meeting = shapely.point_on_surface(lines[first].intersection(lines[second]))
            name = f"{big[first].name}与{big[second].name}路口"
            yield PlanePlace(name, "crossing", meeting)


def _estates(areas: list[PlaneArea], plots: list[Plot]) -> Iterator[PlanePlace]:
    """Housing estates with their numbered buildings; the story's cell is 景芳三区."""
    draw = random.Random(SEED)  # noqa: S311 a picture, not a secret
    shapes = {area.code: area.shape for area in areas if area.level == Level.CELL}
    free = [first + last for last in names.ESTATE_LAST for first in names.ESTATE_FIRST]
    free.remove(names.STORY_ESTATE)
    draw.shuffle(free)
    for plot in plots:
        story = shapes[plot.code].contains(STORY_PLACE)
        if not story and (
            not free or len(plot.buildings) < FEWEST_BUILDINGS or draw.random() > ESTATE_SHARE
        ):
            continue
        name = names.STORY_ESTATE if story else free.pop()
        yield PlanePlace(name, "estate", shapely.point_on_surface(shapes[plot.code]))
        for number, building in enumerate(plot.buildings[:BUILDINGS_SHOWN], start=1):
            yield PlanePlace(f"{name}{number}幢", "building", shapely.point_on_surface(building))


def _somewhere(shape: BaseGeometry, draw: random.Random) -> Point:
    """A point inside a shape, not always the middle."""
    west, south, east, north = shape.bounds
    for _ in range(50):
        point = Point(draw.uniform(west, east), draw.uniform(south, north))
        if shape.contains(point):
            return point
    return shapely.point_on_surface(shape)
