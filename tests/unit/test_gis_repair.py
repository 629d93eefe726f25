"""What can be mended safely is mended, what cannot is refused with its place and reason."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.loading.repair import Mended, mend, square_metres

BLOCK = box(120.0, 30.0, 120.01, 30.01)
DEGREE_M = 1 / 111_000
with np.errstate(invalid="ignore"):
    BROKEN = Polygon([(120, 30), (121, np.nan), (121, 31)])


def mend_one(shape: BaseGeometry | None) -> Mended:
    return mend(np.array([shape], dtype=object))


def test_a_good_area_stays_as_it_is() -> None:
    result = mend_one(BLOCK)
    assert result.shapes[0].equals_exact(BLOCK)
    assert (result.repaired, result.refused) == ({}, {})


def test_a_bow_tie_is_refused_with_the_place_of_the_crossing() -> None:
    tie = Polygon([(120.0, 30.0), (120.01, 30.01), (120.01, 30.0), (120.0, 30.01)])
    refusal = mend_one(tie).refused[0]
    assert refusal.code == "SELF_CROSSING"
    assert "120.005 30.005" in refusal.text


def test_a_small_loop_in_the_border_is_mended() -> None:
    corners = [(120, 30), (120.01, 30), (120.01, 30.01)]
    crossing = [(120.0049, 30.01), (120.0051, 30.0102), (120.0051, 30.01)]
    loop = Polygon([*corners, *crossing, (120, 30.01)])
    result = mend_one(loop)
    assert result.refused == {}
    assert "mended" in result.repaired[0][0]
    assert result.shapes[0].is_valid


def test_parts_that_overlap_are_joined() -> None:
    other = box(120.005, 30.0, 120.015, 30.01)
    result = mend_one(MultiPolygon([BLOCK, other]))
    assert result.repaired[0] == ["overlapping parts were joined"]
    assert result.shapes[0].area == pytest.approx(BLOCK.union(other).area)


def test_slivers_are_dropped() -> None:
    sliver = box(120.02, 30.02, 120.02 + 0.5 * DEGREE_M, 30.02 + 0.5 * DEGREE_M)
    result = mend_one(MultiPolygon([BLOCK, sliver]))
    assert result.repaired[0] == ["1 slivers below 1 m2 were dropped"]
    assert result.shapes[0].equals(BLOCK)
    assert mend_one(sliver).refused[0].code == "TOO_SMALL"


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (None, "NO_GEOMETRY"),
        (Polygon(), "NO_GEOMETRY"),
        (Point(120, 30), "NOT_AN_AREA"),
        (LineString([(120, 30), (121, 30)]), "NOT_AN_AREA"),
        (GeometryCollection([Point(120, 30)]), "NOT_AN_AREA"),
        (Polygon([(120, 30), (121, 30), (120, 30)]), "NOT_AN_AREA"),
        (BROKEN, "NOT_FINITE"),
    ],
)
def test_what_is_no_area_is_refused(shape: BaseGeometry | None, code: str) -> None:
    result = mend_one(shape)
    assert result.refused[0].code == code
    assert result.shapes[0] is None


def test_only_the_areas_of_a_mixed_collection_are_taken() -> None:
    result = mend_one(GeometryCollection([Point(120, 30), BLOCK]))
    assert result.shapes[0].equals(BLOCK)
    assert "mixed collection" in result.repaired[0][0]


def test_heights_are_dropped() -> None:
    result = mend_one(shapely.force_3d(BLOCK, 12.0))
    assert not result.shapes[0].has_z


def test_one_bad_row_does_not_touch_its_neighbours() -> None:
    rows = np.array([BLOCK, None, box(120.01, 30.0, 120.02, 30.01)], dtype=object)
    result = mend(rows)
    assert set(result.refused) == {1}
    assert result.shapes[0] is not None
    assert result.shapes[2] is not None


@settings(deadline=None)
@given(
    points=st.lists(st.tuples(st.floats(120, 120.1), st.floats(30, 30.1)), min_size=4, max_size=9)
)
def test_whatever_comes_in_only_valid_areas_go_out(points: list[tuple[float, float]]) -> None:
    result = mend_one(Polygon(points))
    if 0 in result.refused:
        assert result.shapes[0] is None
    else:
        assert result.shapes[0].is_valid
        assert result.shapes[0].geom_type in ("Polygon", "MultiPolygon")


def test_square_metres_are_right_to_a_few_per_mille() -> None:
    side = square_metres(np.array([BLOCK]))[0]
    assert side == pytest.approx(1_069_600, rel=0.005)
