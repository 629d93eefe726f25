"""Buildings of the inner city: blocks cut into plots, most of them built upon."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import shapely
from shapely import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.demo.hierarchy import PlaneArea
from gis.demo.shape import CENTRE, Ground, polygons

SEED = 20261124
BUILT_UP_M = 3300
PAVEMENT_M = 16
PLOT_M2, SMALLEST_GROUND_M2, SMALLEST_PLOT_M2 = 1500, 900, 60
HOUSE_FROM_BORDER_M = 6.5
SMALLEST_HOUSE_M2, LARGE_HOUSE_M2 = 120, 500
EMPTY_SHARE, CORNER_SHARE = 0.10, 0.3


@dataclass(frozen=True, slots=True)
class Plot:
    """A unit grid with the buildings that stand in it."""

    code: str
    buildings: list[Polygon]


def plots(ground: Ground, cells: list[PlaneArea], parks: Sequence[BaseGeometry]) -> list[Plot]:
    """The cells of the inner city with their buildings; none in parks or in the lake."""
    draw = random.Random(SEED)  # noqa: S311 a picture, not a secret
    core = Point(CENTRE).buffer(BUILT_UP_M)
    free = shapely.union_all([*parks, ground.lake, ground.flow])
    shapely.prepare([core, free])
    found = []
    for cell in cells:
        if cell.shape.centroid.within(core) and not free.intersects(cell.shape):
            yards = polygons(cell.shape.buffer(-PAVEMENT_M))
            houses = [house for yard in yards for house in _houses(yard, draw)]
            found.append(Plot(cell.code, houses))
    return found


def _houses(ground: Polygon, draw: random.Random) -> Iterator[Polygon]:
    """Plots of a block, each shrunk to a house: most are boxes, some L-shaped, some left out."""
    if ground.area < SMALLEST_GROUND_M2:
        return
    for plot in _halved(ground, draw):
        house = plot.buffer(-HOUSE_FROM_BORDER_M, join_style="mitre")
        if house.area < SMALLEST_HOUSE_M2 or draw.random() < EMPTY_SHARE:
            continue
        if draw.random() < CORNER_SHARE and house.area > LARGE_HOUSE_M2:
            west, south, east, north = house.bounds
            corner = box((west + east) / 2, (south + north) / 2, east + 1, north + 1)
            yield from _large(house.difference(corner))
        else:
            yield from _large(house)


def _large(house: BaseGeometry) -> list[Polygon]:
    return [part for part in polygons(house) if part.area > SMALLEST_HOUSE_M2]


def _halved(ground: Polygon, draw: random.Random) -> list[Polygon]:
    """Pieces of about a plot each, cut in two again and again."""
    stack, found = [ground], []
    while stack:
        piece = stack.pop()
        if piece.area < PLOT_M2 * draw.uniform(0.7, 1.6):
            found.append(piece)
            continue
        west, south, east, north = piece.bounds
        share = draw.uniform(0.4, 0.6)
        if east - west > north - south:
            x = west + (east - west) * share
            halves = (box(west, south, x, north), box(x, south, east, north))
        else:
            y = south + (north - south) * share
            halves = (box(west, south, east, y), box(west, y, east, north))
        for half in halves:
            stack += [
                part for part in polygons(piece.intersection(half)) if part.area > SMALLEST_PLOT_M2
            ]
    return found
