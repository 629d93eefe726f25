"""Source systems of files: ours, EPSG's, and what is refused."""

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from gis.coords import CoordinateError, Crs, from_wgs84
from gis.loading.reproject import parse_source_crs

POINT = np.array([shapely.Point(114.06, 22.54)])


def moved(name: str, x: float, y: float) -> tuple[float, float]:
    point = parse_source_crs(name).to_wgs84(np.array([shapely.Point(x, y)]))[0]
    return point.x, point.y


@pytest.mark.parametrize("name", ["WGS84", "wgs84", "EPSG:4326", "CGCS2000", "epsg:4490", "WGS-84"])
def test_wgs84_and_cgcs2000_are_taken_as_they_are(name: str) -> None:
    assert moved(name, 114.06, 22.54) == (114.06, 22.54)


@pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])
def test_shifted_systems_are_shifted_back(crs: Crs) -> None:
    shifted = from_wgs84(114.06, 22.54, crs)
    assert moved(crs.value, *shifted) == pytest.approx((114.06, 22.54), abs=1e-9)
    assert moved("GCJ-02", *from_wgs84(114.06, 22.54, Crs.GCJ02)) == pytest.approx((114.06, 22.54))


def test_a_projected_chinese_system_is_unprojected_in_the_order_lon_lat() -> None:
    there = Transformer.from_crs(4490, 4547, always_xy=True).transform(114.06, 22.54)
    source = parse_source_crs("EPSG:4547")
    assert moved("EPSG:4547", *there) == pytest.approx((114.06, 22.54), abs=1e-9)
    assert source.note == ""


def test_another_datum_is_shifted_with_a_word_of_warning() -> None:
    assert "another datum" in parse_source_crs("EPSG:4214").note


@pytest.mark.parametrize("name", ["", "LOCAL", "EPSG:999999", "+proj=longlat", "4326"])
def test_an_unknown_system_is_refused(name: str) -> None:
    with pytest.raises(CoordinateError) as refused:
        parse_source_crs(name)
    assert refused.value.code == "UNKNOWN_CRS"


def test_positions_that_cannot_be_come_out_as_infinite() -> None:
    assert moved("WGS84", 500000.0, 2500000.0) == (np.inf, np.inf)
    assert np.isinf(moved("EPSG:4547", 1e30, 1e30)).all()


def test_borders_that_were_shared_stay_shared() -> None:
    left, right = shapely.box(114, 22, 114.1, 22.1), shapely.box(114.1, 22, 114.2, 22.1)
    both = parse_source_crs("GCJ02").to_wgs84(np.array([left, right]))
    assert shapely.coverage_is_valid(both)
