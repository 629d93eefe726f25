"""The bucket index answers what GEOS answers, for one point and for many."""

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gis.covering import Covering

SQUARES = [shapely.box(x, y, x + 1, y + 1) for y in range(3) for x in range(3)]
UNIT = st.floats(-0.5, 3.5)
ON_LINES = st.sampled_from([0.0, 0.5, 1.0, 2.0, 2.999999999, 3.0, 3.000000001])


def first_that_covers(polygons: Sequence[BaseGeometry], lon: float, lat: float) -> int:
    point = shapely.Point(lon, lat)
    return next((i for i, polygon in enumerate(polygons) if polygon.covers(point)), -1)


@settings(deadline=None)
@given(points=st.lists(st.tuples(UNIT | ON_LINES, UNIT | ON_LINES), min_size=1, max_size=30))
def test_one_and_many_give_the_first_polygon_that_covers(
    points: list[tuple[float, float]],
) -> None:
    covering = Covering(SQUARES)
    expected = [first_that_covers(SQUARES, *point) for point in points]

    assert [covering.find(*point) for point in points] == expected
    lons, lats = np.array(points).T
    assert covering.find_many(lons, lats).tolist() == expected


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_irregular_cells_with_a_hole_agree_with_geos(seed: int) -> None:
    random = np.random.default_rng(seed)
    seeds = shapely.multipoints(random.uniform(0, 1, (60, 2)))
    hole = shapely.Point(0.5, 0.5).buffer(0.2)
    diagram = shapely.get_parts(shapely.voronoi_polygons(seeds))
    cells = shapely.difference(diagram, hole)
    cells = cells[~shapely.is_empty(cells)]
    vertices = shapely.get_coordinates(cells)[:300]
    points = np.vstack([random.uniform(-0.5, 1.5, (300, 2)), vertices])
    covering = Covering(cells)

    found = covering.find_many(points[:, 0], points[:, 1])

    assert found.tolist() == [first_that_covers(list(cells), *point) for point in points]
    assert found.tolist() == [covering.find(float(lon), float(lat)) for lon, lat in points]


def test_a_corner_of_four_belongs_to_the_first_in_the_order() -> None:
    assert Covering(SQUARES).find(1.0, 1.0) == 0
    assert Covering(SQUARES[::-1]).find(1.0, 1.0) == 4


@pytest.mark.parametrize("polygons", [[], [shapely.box(1, 1, 2, 2)]])
def test_a_point_that_no_polygon_covers_has_no_answer(polygons: list[BaseGeometry]) -> None:
    covering = Covering(polygons)
    assert len(covering) == len(polygons)
    assert covering.find(0.0, 0.0) == -1
    assert covering.find_many(np.array([0.0, 5.0]), np.array([0.0, 5.0])).tolist() == [-1, -1]


def test_no_points_have_no_answers() -> None:
    assert Covering(SQUARES).find_many(np.array([]), np.array([])).tolist() == []
