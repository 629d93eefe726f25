"""Districts, streets, communities and unit grids of the demo city, coded by the standard."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.demo import names
from gis.demo.shape import CENTRE, RIVER_X, RIVER_Y, STEP_M, Ground, river_y
from gis.gridding.partition import faces, merge_small, reading_order, shared_border, unite
from gis.models import Level

CITY_CODE, CITY_NAME = "3399", "云澜市"
DISTRICTS = (
    ("339901", "云中区", (-1200, 2600), True),
    ("339902", "澜江区", (-9300, 3200), True),
    ("339903", "东湖区", (8200, 4200), True),
    ("339904", "南屏区", (-7200, -6300), False),
    ("339905", "临港新区", (8600, -6300), False),
    ("339906", "高新区", (900, -5600), False),
)
"""Code, name, seed on the plane, north of the river. GB/T 2260 assigns no 3399."""
SEED = 7
GRID_M = 0.1
SMALLEST_CELL_M2 = 1500
REACH_M = 1500
"""The river and its tributary are cut into water cells of this length."""
BLOCKS_PER_COMMUNITY = 16
FEWEST_COMMUNITIES, MOST_COMMUNITIES = 2, 9
STORY_PLACE = Point(-1279, 1200)
"""In 春晓社区 of 望江街道, where the pictures of the design have their story."""

Shapes = NDArray[np.object_]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlaneArea:
    """One area with its polygon on the plane."""

    code: str
    level: str
    name: str
    shape: BaseGeometry


def hierarchy(ground: Ground, leaves: list[Polygon]) -> list[PlaneArea]:
    """Every area of the city: the unit grids are a partition, each level above is their union."""
    cells, water = _cells(ground, leaves)
    middles = shapely.get_coordinates(shapely.centroid(cells))
    community_codes = _community_codes(middles)
    wet_codes = _codes_of_water(water, cells, community_codes)
    cells = np.concatenate([cells, water])
    community_codes = [*community_codes, *wet_codes]
    codes = _cell_codes(cells, community_codes)
    areas = [
        PlaneArea(code, Level.CELL, f"{code[12:]}号网格", cell)
        for code, cell in zip(codes, cells, strict=True)
    ]
    communities = unite(cells, community_codes)
    streets = unite(cells, [code[:9] for code in community_codes])
    districts = unite(cells, [code[:6] for code in community_codes])
    areas += [
        PlaneArea(code, Level.DISTRICT, name, districts[code]) for code, name, _, _ in DISTRICTS
    ]
    areas += _named_streets(streets)
    areas += _named_communities(communities, {a.code: a.name for a in areas})
    city = shapely.coverage_union_all(cells)
    return [*areas, PlaneArea(CITY_CODE, Level.CITY, CITY_NAME, city)]


def _cells(ground: Ground, leaves: list[Polygon]) -> tuple[Shapes, Shapes]:
    """The cells on land in the order of the blocks, and the cells on the river."""
    lines: list[BaseGeometry] = [leaf.boundary for leaf in leaves]
    lines += [ground.land.boundary, ground.city.boundary, *_river_cuts(ground)]
    found = faces(lines, grid=GRID_M, longest=STEP_M)
    inner = shapely.point_on_surface(found)
    wet = shapely.contains(ground.flow, inner)
    block = np.full(len(found), len(leaves))
    positions, owners = shapely.STRtree(leaves).query(inner, predicate="within")
    block[positions] = owners
    order = np.lexsort((block, wet))
    cells, kinds = merge_small(found[order], wet[order].astype(np.int64), least=SMALLEST_CELL_M2)
    return cells[kinds == 0], cells[kinds == 1]


def _river_cuts(ground: Ground) -> Iterator[BaseGeometry]:
    """The middle of the river, and lines across the waters, as far as there is water."""
    yield LineString(np.column_stack([RIVER_X, RIVER_Y])).intersection(ground.flow)
    for x in range(int(RIVER_X[0]), int(RIVER_X[-1]), REACH_M):
        middle = river_y(x)
        across = LineString([(x, middle - 900), (x, middle + 900)])
        yield across.intersection(ground.flow)
    for y in range(1500, 15000, REACH_M):
        yield LineString([(0, y), (8000, y)]).intersection(ground.flow)


def _community_codes(middles: Floats) -> list[str]:
    """The community of each block: blocks cluster to streets within districts, then again."""
    draw = np.random.default_rng(SEED)
    codes = np.full(len(middles), "", dtype=object)
    district = _nearest_district(middles)
    for position, (district_code, _, _, _) in enumerate(DISTRICTS):
        mine = np.flatnonzero(district == position)
        count = len(_street_names(district_code))
        street, seeds = _cluster(middles[mine], count, 25, draw)
        rank = np.argsort(np.argsort(np.hypot(*(seeds - CENTRE).T)))
        for cluster in range(count):
            blocks = mine[street == cluster]
            wanted = len(blocks) // BLOCKS_PER_COMMUNITY
            wanted = max(FEWEST_COMMUNITIES, min(MOST_COMMUNITIES, wanted))
            community, _ = _cluster(middles[blocks], wanted, 15, draw)
            street_code = f"{district_code}{rank[cluster] + 1:03d}"
            _, dense = np.unique(community, return_inverse=True)
            codes[blocks] = [f"{street_code}{number + 1:03d}" for number in dense]
    return [str(code) for code in codes]


def _nearest_district(middles: Floats) -> Integers:
    """The nearest seed on the same side of the river."""
    north = middles[:, 1] > np.interp(middles[:, 0], RIVER_X, RIVER_Y)
    seeds = np.array([seed for _, _, seed, _ in DISTRICTS], dtype=float)
    sides = np.array([side for _, _, _, side in DISTRICTS])
    steps = middles[:, None] - seeds
    far = np.hypot(steps[..., 0], steps[..., 1] * 1.1)
    nearest: Integers = np.argmin(far + np.where(north[:, None] == sides, 0, 1e7), axis=1)
    return nearest


def _cluster(
    points: Floats, count: int, rounds: int, draw: np.random.Generator
) -> tuple[Integers, Floats]:
    """K-means: the cluster of each point and the middle of each cluster."""
    seeds = points[draw.choice(len(points), count, replace=False)]
    nearest = np.zeros(len(points), dtype=np.int64)
    for _ in range(rounds):
        nearest = ((points[:, None] - seeds[None]) ** 2).sum(-1).argmin(1)
        seeds = np.array(
            [
                points[nearest == k].mean(0) if (nearest == k).any() else seeds[k]
                for k in range(count)
            ]
        )
    return nearest, seeds


def _codes_of_water(water: Shapes, land: Shapes, land_codes: list[str]) -> list[str]:
    """The community with which each water cell has the longest border, else the nearest one."""
    tree = shapely.STRtree(land)
    codes = []
    for cell in water:
        lengths: Counter[str] = Counter()
        near = tree.query(cell, predicate="intersects")
        borders = shared_border(np.full(len(near), cell, dtype=object), land[near])
        for position, border in zip(near, borders, strict=True):
            lengths[land_codes[position]] += border
        nearest = land_codes[int(tree.nearest(cell))]
        codes.append(max(sorted(lengths), key=lengths.__getitem__, default=nearest))
    return codes


def _cell_codes(cells: Shapes, community_codes: list[str]) -> list[str]:
    keys = np.asarray(community_codes)
    codes = np.full(len(cells), "", dtype=object)
    for community in np.unique(keys):
        mine = np.flatnonzero(keys == community)
        for number, position in enumerate(mine[reading_order(cells[mine])], start=1):
            codes[position] = f"{community}{number:03d}"
    return [str(code) for code in codes]


def _street_names(district_code: str) -> list[str]:
    return names.STREETS[district_code].split()


def _named_streets(streets: dict[str, BaseGeometry]) -> list[PlaneArea]:
    """Streets by their rank from the middle of the city; the story's street has its name."""
    named = []
    for code, shape in streets.items():
        name = _street_names(code[:6])[int(code[6:]) - 1]
        if shape.contains(STORY_PLACE):
            name = names.STORY_STREET
        named.append(PlaneArea(code, Level.STREET, name, shape))
    return named


def _named_communities(
    communities: dict[str, BaseGeometry], street_names: dict[str, str]
) -> list[PlaneArea]:
    """Communities by a list of names; in towns (镇) every second one is a village (村)."""
    named = []
    for number, (code, shape) in enumerate(communities.items()):
        village = street_names[code[:9]].endswith("镇") and number % 2
        name = names.COMMUNITIES[number] + ("村" if village else "社区")
        if shape.contains(STORY_PLACE):
            name = names.STORY_COMMUNITY
        named.append(PlaneArea(code, Level.COMMUNITY, name, shape))
    return named
