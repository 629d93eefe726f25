"""Places and areas over JSON."""

from typing import Any

import pytest
from ninja import NinjaAPI
from ninja.testing import TestClient
from ninja.testing.client import NinjaResponse

from gis import locator
from gis.api import router
from gis.coords import CoordinateError, Crs, from_wgs84
from gis.gazetteer import NewPlace, write_places
from tests.app.gis_data import square_city
from tests.app.test_gis_tiles import Viewer

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def client() -> TestClient:
    api = NinjaAPI(urls_namespace="gis-test")
    api.add_router("", router)
    api.exception_handler(CoordinateError)(
        lambda request, error: api.create_response(request, {"code": error.code}, status=422)
    )
    return TestClient(api)


def items(response: NinjaResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["items"]
    return found


@pytest.fixture(autouse=True)
def city(db: None) -> None:
    square_city()
    locator.refresh()
    write_places([NewPlace("秋涛路22号", "address", 120.001, 30.001, "", "339901")], source="t")


def test_a_point_is_located_in_the_system_it_is_given_in(client: TestClient) -> None:
    lon, lat = from_wgs84(120.0015, 30.0015, Crs.GCJ02)
    located = client.get(f"/locate?lon={lon}&lat={lat}&crs=GCJ02").json()
    assert located["cell_code"] == "339901001001002"
    assert located["community_name"] == "春晓社区"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lon=120.0015&lat=30.0015&crs=LOCAL", "UNKNOWN_CRS"),
        ("lon=nan&lat=30&crs=WGS84", "NOT_FINITE"),
        ("lon=30&lat=120&crs=WGS84", "OUT_OF_RANGE"),
        ("lon=0&lat=0&crs=WGS84", "OUTSIDE_CITY"),
    ],
)
def test_a_point_that_cannot_be_used_is_refused(client: TestClient, query: str, code: str) -> None:
    response = client.get(f"/locate?{query}")
    assert (response.status_code, response.json()["code"]) == (422, code)


def test_the_coordinate_system_must_be_stated(client: TestClient) -> None:
    assert client.get("/locate?lon=120.0015&lat=30.0015").status_code == 422


def test_places_are_suggested_within_the_users_areas(client: TestClient) -> None:
    found = items(client.get("/places?q=qtl", user=Viewer()))
    assert [place["name"] for place in found] == ["秋涛路22号"]
    assert found[0]["crs"] == "WGS84"
    assert items(client.get("/places?q=qtl", user=Viewer(prefixes=["339902"]))) == []
    assert items(client.get("/places?q=qtl", user=Viewer(is_authenticated=False))) == []


@pytest.mark.parametrize("limit", [0, 51, "x"])
def test_the_number_of_places_is_bounded(client: TestClient, limit: object) -> None:
    assert client.get(f"/places?q=qtl&limit={limit}", user=Viewer()).status_code == 422


def test_the_nearest_place_has_its_words(client: TestClient) -> None:
    found = items(client.get("/places/reverse?lon=120.001&lat=30.0015&crs=WGS84"))
    assert found[0]["direction"] == "N"
    assert found[0]["words"].startswith("秋涛路22号")
