"""Tiles: what they show, to whom, and that they are not sent twice."""

import gzip
import math
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.gis.geos import Point
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve, reverse

from gis import tiles
from gis.models import Area, BaseFeature
from gis.tiles import TileAddress, TileError
from tests.app.gis_data import square_city
from tests.app.mvt import decode

pytestmark = pytest.mark.django_db
EVERYWHERE = ["3399"]


@dataclass
class Viewer:
    """A signed-in user as far as the views look at one."""

    prefixes: list[str] = field(default_factory=lambda: ["3399"])
    is_authenticated: bool = True

    def area_prefixes(self) -> list[str]:
        return self.prefixes


def address_of(lon: float, lat: float, zoom: int) -> TileAddress:
    side = 1 << zoom
    radians = math.radians(lat)
    row = (1 - math.asinh(math.tan(radians)) / math.pi) / 2 * side
    return TileAddress(zoom, int((lon + 180) / 360 * side), int(row))


def layers(layer: str, zoom: int, prefixes: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The attributes of every feature, by layer, of the tile in the middle of the square city."""
    address = address_of(120.001, 30.001, zoom)
    return decode(tiles.tile(layer, address.z, address.x, address.y, prefixes=prefixes))


def get(path: str, user: object, **headers: str) -> HttpResponse:
    match = resolve(path, "gis.urls")
    request = RequestFactory().get(path, headers=headers)
    request.user = user  # type: ignore[assignment]
    response = match.func(request, *match.args, **match.kwargs)
    assert isinstance(response, HttpResponse)
    return response


def path_to(layer: str, zoom: int) -> str:
    address = address_of(120.001, 30.001, zoom)
    return reverse("map-tile", "gis.urls", args=[layer, address.z, address.x, address.y])


@pytest.mark.parametrize(
    ("zoom", "expected"),
    [
        (9, {"city", "districts"}),
        (10, {"city", "districts", "streets"}),
        (12, {"city", "districts", "streets", "communities"}),
    ],
)
def test_the_zoom_says_which_levels_are_drawn(zoom: int, expected: set[str]) -> None:
    square_city()
    assert set(layers("areas", zoom, EVERYWHERE)) == expected


def test_cells_are_drawn_from_zoom_13() -> None:
    square_city()
    assert layers("cells", 12, EVERYWHERE) == {}
    cells = layers("cells", 16, EVERYWHERE)["cells"]
    assert {cell["code"][12:] for cell in cells} == {"001", "002", "003", "004"}
    assert cells[0]["parent"] == "339901001001"


def test_a_user_sees_her_areas_and_the_outlines_above_them() -> None:
    square_city()
    mine = layers("areas", 12, ["339902"])
    assert [area["code"] for area in mine["districts"]] == ["339902"]
    assert [area["code"] for area in mine["city"]] == ["3399"]
    assert "streets" not in mine
    inspector = layers("areas", 12, ["339901001001"])
    assert {name: [area["code"] for area in found] for name, found in inspector.items()} == {
        "city": ["3399"],
        "districts": ["339901"],
        "streets": ["339901001"],
        "communities": ["339901001001"],
    }


def test_cells_of_another_district_are_not_drawn() -> None:
    square_city()
    assert layers("cells", 16, ["339902"]) == {}
    assert layers("cells", 16, ["33990100100"]) != {}


def test_without_prefixes_nothing_is_drawn() -> None:
    square_city()
    assert layers("areas", 12, []) == {}
    assert layers("cells", 16, []) == {}


def test_a_closed_version_is_not_drawn() -> None:
    square_city()
    Area.objects.filter(level="CELL").update(valid_to="2024-01-01")
    assert layers("cells", 16, EVERYWHERE) == {}


def test_the_base_map_is_for_everyone_and_leaves_out_what_is_too_small() -> None:
    here = Point(120.001, 30.001, srid=4326).transform(3857, clone=True)
    assert isinstance(here, Point)
    block = here.buffer(30)
    BaseFeature.objects.create(layer="buildings", name="", min_zoom=14, geom=block)
    BaseFeature.objects.create(layer="pois", name="市民中心", kind="gov", geom=here)
    BaseFeature.objects.create(
        layer="roads", name="秋涛路", kind="local", min_zoom=12, geom=block.boundary
    )
    assert set(layers("base", 11, [])) == {"pois"}
    drawn = layers("base", 14, [])
    assert drawn["pois"] == [{"name": "市民中心", "kind": "gov"}]
    assert drawn["roads"] == [{"name": "秋涛路", "class": "local"}]
    assert drawn["buildings"] == [{}]


@pytest.mark.parametrize(
    ("zoom", "column", "row"), [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)]
)
def test_a_tile_outside_the_pyramid_is_refused(zoom: int, column: int, row: int) -> None:
    with pytest.raises(TileError) as refused:
        tiles.tile("areas", zoom, column, row, prefixes=EVERYWHERE)
    assert refused.value.code == "NO_SUCH_TILE"


def test_an_unknown_layer_is_refused() -> None:
    for ask in (
        lambda: tiles.tile("x", 1, 0, 0, prefixes=[]),
        lambda: tiles.etag("x", prefixes=[]),
    ):
        with pytest.raises(TileError) as refused:
            ask()
        assert refused.value.code == "NO_SUCH_LAYER"


def test_the_edges_of_a_tile_are_those_of_postgis() -> None:
    west, south, east, north = TileAddress(1, 1, 0).bounds()
    assert west == pytest.approx(-180 * 64 / 4096)
    assert east == pytest.approx(180 + 180 * 64 / 4096)
    assert south < 0 < north


def test_a_tile_is_sent_once_and_then_only_confirmed() -> None:
    square_city()
    first = get(path_to("cells", 16), Viewer())
    assert first.status_code == 200
    assert first["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert first["Cache-Control"] == "private, no-cache"
    again = get(path_to("cells", 16), Viewer(), if_none_match=first["ETag"])
    assert again.status_code == 304
    assert again.content == b""
    assert again["ETag"] == first["ETag"]


def test_the_tag_changes_with_the_data_and_with_the_areas_of_the_user() -> None:
    square_city()
    tag = tiles.etag("areas", prefixes=EVERYWHERE)
    assert tiles.etag("areas", prefixes=["339901"]) != tag
    assert tiles.etag("base", prefixes=["339901"]) == tiles.etag("base", prefixes=EVERYWHERE)
    Area.objects.filter(code="339901").update(name="新名字")
    assert tiles.etag("areas", prefixes=EVERYWHERE) != tag


def test_a_large_tile_is_compressed_for_who_can_read_it() -> None:
    square_city()
    for number in range(60):
        BaseFeature.objects.create(
            layer="pois",
            name=f"地点{number}",
            geom=Point(120.001, 30.001, srid=4326).transform(3857, clone=True),
        )
    packed = get(path_to("base", 14), Viewer(), accept_encoding="gzip")
    plain = get(path_to("base", 14), Viewer())
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert gzip.decompress(packed.content) == plain.content
    assert plain["Cache-Control"] == "private, max-age=3600"


def test_who_is_not_signed_in_or_has_no_area_gets_no_tile() -> None:
    assert get(path_to("base", 14), AnonymousUser()).status_code == 401
    assert get(path_to("base", 14), Viewer(prefixes=[])).status_code == 403


def test_a_tile_that_cannot_exist_is_not_found() -> None:
    response = get("/tiles/areas/2/9/0.mvt", Viewer())
    assert response.status_code == 404
    assert b"NO_SUCH_TILE" in response.content


@pytest.mark.parametrize(("zoom", "lat"), [(10, 3.9), (10, 30.0), (10, 53.5), (13, 53.5)])
def test_a_shape_taken_as_straight_lies_within_three_units_of_its_projection(
    zoom: int, lat: float
) -> None:
    address = address_of(120.001, lat, zoom)
    west, south, east, north = address.bounds(0)
    middle = f"ST_Point({(west + east) / 2}, {(south + north) / 2}, 4326)"
    straight = tiles.TILE_GEOMETRY_4326.format(geometry=middle)
    projected = tiles.TILE_GEOMETRY.format(geometry=f"ST_Transform({middle}, 3857)")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ST_Distance(ST_SetSRID({straight}, 0), ST_SetSRID({projected}, 0))",
            address.parameters(),
        )
        assert cursor.fetchone()[0] <= 3
