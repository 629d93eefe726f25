"""Coordinate systems: domain.md 8.2 and 9.2 vectors, and properties over the whole country."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from gis import coords
from gis.coords import CoordinateError, Crs

ELLIPSOID = Geod(ellps="WGS84")
SHIFTED = st.sampled_from([Crs.GCJ02, Crs.BD09])
CHINA_LONS = st.floats(73.7, 135.0)
CHINA_LATS = st.floats(3.9, 53.5)

MEASURED = [
    ("Beijing", 116.397, 39.908, 556.1, 1379.5),
    ("Shanghai", 121.4737, 31.2304, 481.7, 1141.3),
    ("Wuhan", 114.305, 30.593, 586.6, 1208.8),
    ("Guangzhou", 113.264, 23.129, 621.2, 1268.3),
]


@pytest.mark.parametrize(("city", "lon", "lat", "gcj_m", "bd_m"), MEASURED)
def test_the_shift_is_the_one_measured(
    city: str, lon: float, lat: float, gcj_m: float, bd_m: float
) -> None:
    tolerance = 0.15 if city == "Beijing" else 9.0  # domain.md gives only Beijing's position
    for crs, metres in ((Crs.GCJ02, gcj_m), (Crs.BD09, bd_m)):
        shifted = coords.from_wgs84(lon, lat, crs)
        assert coords.distance_m(lon, lat, *shifted) == pytest.approx(metres, abs=tolerance)


@settings(deadline=None)
@given(lon=CHINA_LONS, lat=CHINA_LATS, crs=SHIFTED)
def test_there_and_back_is_exact_to_a_tenth_of_a_millimetre(
    lon: float, lat: float, crs: Crs
) -> None:
    back = coords.to_wgs84(*coords.from_wgs84(lon, lat, crs), crs)
    assert coords.distance_m(lon, lat, *back) < 1e-4


@settings(deadline=None)
@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90), crs=st.sampled_from(list(Crs)))
def test_far_outside_china_nothing_moves(lon: float, lat: float, crs: Crs) -> None:
    if -73 < lon < 73 or lon > 136:
        assert coords.from_wgs84(lon, lat, crs) == (lon, lat)
        assert coords.to_wgs84(lon, lat, crs) == (lon, lat)


@settings(deadline=None)
@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90))
def test_cgcs2000_is_wgs84_in_numbers(lon: float, lat: float) -> None:
    assert coords.to_wgs84(lon, lat, Crs.CGCS2000) == (lon, lat)
    assert coords.from_wgs84(lon, lat, Crs.CGCS2000) == (lon, lat)


@settings(deadline=None)
@given(
    points=st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=20),
    crs=st.sampled_from(list(Crs)),
)
def test_arrays_give_what_single_positions_give(
    points: list[tuple[float, float]], crs: Crs
) -> None:
    lons = np.array([lon for lon, _ in points], dtype=float)
    lats = np.array([lat for _, lat in points], dtype=float)
    there = np.column_stack(coords.from_wgs84_many(lons, lats, crs))
    back = np.column_stack(coords.to_wgs84_many(lons, lats, crs))
    for row, (lon, lat) in enumerate(points):
        assert there[row] == pytest.approx(coords.from_wgs84(lon, lat, crs), abs=1e-10)
        assert back[row] == pytest.approx(coords.to_wgs84(lon, lat, crs), abs=1e-10)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_refused(value: float) -> None:
    for position in ((value, 30.0), (120.0, value)):
        with pytest.raises(CoordinateError) as refused:
            coords.to_wgs84(*position, Crs.WGS84)
        assert refused.value.code == "NOT_FINITE"
    with pytest.raises(CoordinateError):
        coords.to_wgs84_many(np.array([120.0, value]), np.array([30.0, 30.0]), Crs.GCJ02)


@pytest.mark.parametrize(("lon", "lat"), [(180.001, 0), (-181, 0), (0, 90.5), (30.0, 120.0)])
def test_what_is_out_of_range_is_refused(lon: float, lat: float) -> None:
    for convert in (coords.to_wgs84, coords.from_wgs84):
        with pytest.raises(CoordinateError) as refused:
            convert(lon, lat, Crs.GCJ02)
        assert refused.value.code == "OUT_OF_RANGE"
    with pytest.raises(CoordinateError):
        coords.from_wgs84_many(np.array([lon]), np.array([lat]), Crs.WGS84)


@pytest.mark.parametrize("name", ["", "LOCAL", "wgs84", "EPSG:4326"])
def test_an_unknown_system_is_refused_and_not_guessed(name: str) -> None:
    with pytest.raises(CoordinateError) as refused:
        coords.parse_crs(name)
    assert refused.value.code == "UNKNOWN_CRS"
    with pytest.raises(CoordinateError):
        coords.to_wgs84(120, 30, name)  # type: ignore[arg-type]


def test_the_country_ends_where_the_domain_says() -> None:
    assert not coords.out_of_china(116.397, 39.908)
    assert coords.out_of_china(73.65, 39.0)
    assert coords.out_of_china(135.06, 39.0)
    assert coords.out_of_china(116.0, 3.85)
    assert coords.out_of_china(116.0, 53.56)


@settings(deadline=None)
@given(
    lon=st.floats(-170, 170),
    lat=st.floats(-80, 80),
    east=st.floats(-9, 9),
    north=st.floats(-9, 9),
)
def test_distances_agree_with_the_geodesic(
    lon: float, lat: float, east: float, north: float
) -> None:
    exact = ELLIPSOID.inv(lon, lat, lon + east, lat + north)[2]
    assert coords.distance_m(lon, lat, lon + east, lat + north) == pytest.approx(
        exact, rel=1e-5, abs=1e-6
    )


@settings(deadline=None)
@given(lon=CHINA_LONS, lat=CHINA_LATS)
def test_a_place_is_no_distance_from_itself(lon: float, lat: float) -> None:
    assert coords.distance_m(lon, lat, lon, lat) == 0
