"""Unit grids are a partition of their community, of about the size asked for, numbered in order."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from gis.gridding.cells import MAX_CELLS, SMALLEST_SHARE, cut, steps
from gis.gridding.partition import faces, merge_small, reading_order, unite
from gis.loading.repair import square_metres

KILOMETRE = shapely.box(120.0, 30.0, 120.0104, 30.009)


def irregular(seed: int, corners: int) -> Polygon:
    """A star-shaped community of about a square kilometre, within one degree of latitude."""
    random = np.random.default_rng(seed)
    turns = np.sort(random.uniform(0, 2 * np.pi, corners))
    radius = random.uniform(0.002, 0.007, corners)
    return Polygon(np.column_stack([120 + radius * np.cos(turns), 30.5 + radius * np.sin(turns)]))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), corners=st.integers(5, 40), size=st.sampled_from([60, 100, 250])
)
def test_grids_leave_no_gap_and_do_not_overlap(seed: int, corners: int, size: int) -> None:
    community = irregular(seed, corners)
    if not community.is_valid or community.area < 1e-7:
        return
    cells = cut(community, size).cells
    assert shapely.coverage_is_valid(cells)
    union = shapely.coverage_union_all(cells)
    assert union.symmetric_difference(community).area < 1e-9 * community.area
    assert shapely.is_valid(cells).all()


def test_a_grid_has_about_the_size_asked_for() -> None:
    cells = cut(KILOMETRE, 100).cells
    assert 90 <= len(cells) <= 120
    assert np.median(square_metres(cells)) == pytest.approx(10_000, rel=0.05)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_sliver_is_left_that_has_a_neighbour(seed: int) -> None:
    community = irregular(seed, 12)
    if not community.is_valid:
        return
    cells = cut(community, 100).cells
    width, height = steps(30, 100)
    small = shapely.area(cells) < SMALLEST_SHARE * width * height
    for cell in cells[small]:
        others = shapely.intersection(cells, cell.boundary)
        assert shapely.length(others).sum() == pytest.approx(cell.boundary.length)


def test_numbers_run_west_to_east_and_north_to_south() -> None:
    cells = cut(KILOMETRE, 300).cells
    middles = shapely.get_coordinates(shapely.centroid(cells))
    rows = np.round((middles[:, 1].max() - middles[:, 1]) / steps(30, 300)[1])
    assert (np.diff(rows) >= 0).all()
    for row in np.unique(rows):
        assert (np.diff(middles[rows == row, 0]) > 0).all()


def test_a_community_that_needs_more_than_999_gets_larger_grids() -> None:
    wide = shapely.box(120, 30, 120.1, 30.09)
    result = cut(wide, 100)
    assert 600 < len(result.cells) <= MAX_CELLS
    assert result.size_m > 250


def test_a_community_smaller_than_a_grid_is_one_grid() -> None:
    tiny = shapely.box(120.00001, 30.00001, 120.0003, 30.0002)
    cells = cut(tiny, 100).cells
    assert len(cells) == 1
    assert cells[0].equals(tiny)


def test_the_same_community_is_always_cut_the_same_way() -> None:
    first, second = cut(irregular(5, 12), 100).cells, cut(irregular(5, 12), 100).cells
    assert shapely.equals_exact(first, second).all()


def test_neighbours_of_one_size_meet_on_the_same_lattice() -> None:
    left, right = (
        shapely.box(120, 30, 120.00512, 30.004),
        shapely.box(120.00512, 30, 120.01, 30.004),
    )
    cells = np.concatenate([cut(left, 100).cells, cut(right, 100).cells])
    assert shapely.coverage_is_valid(cells)


def test_a_hole_stays_a_hole_and_an_island_gets_its_own_grids() -> None:
    pond = shapely.box(120.004, 30.004, 120.006, 30.006)
    island = shapely.box(120.02, 30.0, 120.021, 30.001)
    community = KILOMETRE.difference(pond).union(island)
    cells = cut(community, 100).cells
    assert shapely.coverage_union_all(cells).symmetric_difference(community).area < 1e-15
    assert not shapely.intersects(cells, pond.buffer(-1e-6)).any()


def test_small_cells_join_the_neighbour_with_the_longest_border_of_their_owner() -> None:
    big, thin, other = shapely.box(0, 0, 4, 4), shapely.box(4, 0, 4.1, 4), shapely.box(4.1, 0, 8, 4)
    cells = np.array([big, thin, other], dtype=object)
    merged, owners = merge_small(cells, np.array([0, 1, 1]), least=1.0)
    assert len(merged) == 2
    assert owners.tolist() == [0, 1]
    assert merged[1].equals(thin.union(other))


def test_lines_enclose_faces_and_unions_keep_every_vertex() -> None:
    found = faces([shapely.box(0, 0, 2, 1).boundary, shapely.LineString([(1, -1), (1, 2)])])
    assert len(found) == 2
    united = unite(found, ["a", "a"])["a"]
    assert united.equals(shapely.box(0, 0, 2, 1))
    assert shapely.get_num_coordinates(united) == 7


def test_reading_order_without_a_lattice_counts_rows_from_the_north() -> None:
    cells = np.array(
        [shapely.box(x, y, x + 1, y + 1) for x in (1, 0) for y in (0, 1)], dtype=object
    )
    assert reading_order(cells).tolist() == [3, 1, 2, 0]
