"""The demo city keeps the rules of unit grids (domain.md 1.2) and is loaded once."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import pytest
import shapely
from django.db import connection, transaction
from pytest_django.plugin import DjangoDbBlocker
from shapely.geometry.base import BaseGeometry

from gis import locator
from gis.demo import names
from gis.demo.load import load_demo_city
from gis.models import Area, BaseFeature, Level, Place

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def city(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[str]]:
    """The demo city, loaded once for these tests and rolled back after them."""
    said: list[str] = []
    with django_db_blocker.unblock(), transaction.atomic():
        load_demo_city(now=NOW, say=said.append)
        yield said
        transaction.set_rollback(True)


def one_number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def shapes(level: str) -> dict[str, BaseGeometry]:
    areas = Area.objects.filter(level=level)
    return {area.code: shapely.from_wkb(bytes(area.geom.wkb)) for area in areas}


def test_the_city_has_all_five_levels(city: list[str]) -> None:
    counts = {level: Area.objects.filter(level=level).count() for level in Level.values}
    assert counts["CITY"] == 1
    assert counts["DISTRICT"] == 6
    assert counts["STREET"] == 39
    assert counts["COMMUNITY"] > 90
    assert counts["CELL"] > 1300
    assert any("unit grids" in line for line in city)


def test_every_code_begins_with_the_code_of_its_parent() -> None:
    lengths = {"CITY": 4, "DISTRICT": 6, "STREET": 9, "COMMUNITY": 12, "CELL": 15}
    codes = set(Area.objects.values_list("code", flat=True))
    for area in Area.objects.all():
        assert len(area.code) == lengths[area.level]
        if area.level != Level.CITY:
            assert area.code.startswith(area.parent_code)
            assert area.parent_code in codes


def test_no_real_city_is_meant() -> None:
    assert not Area.objects.exclude(code__startswith="3399").exists()
    real = "文晖 朝晖 武林 清波 长庆 西溪 三墩 笕桥 彭埠 九堡 闻堰 义蓬 西兴"
    streets = " ".join(names.STREETS.values())
    assert not [name for name in real.split() if name in streets]


def test_cells_leave_no_gap_and_do_not_overlap() -> None:
    cells = shapes("CELL")
    assert shapely.coverage_is_valid(np.array(list(cells.values())))
    city = next(iter(shapes("CITY").values()))
    assert shapely.union_all(list(cells.values())).equals(city)
    assert one_number("SELECT count(*) FROM citygis_area WHERE NOT ST_IsValid(geom)") == 0


@pytest.mark.parametrize(
    ("below", "above", "digits"),
    [("CELL", "COMMUNITY", 12), ("COMMUNITY", "STREET", 9), ("STREET", "DISTRICT", 6)],
)
def test_each_level_lies_within_the_one_above(below: str, above: str, digits: int) -> None:
    parents = shapes(above)
    for code, shape in shapes(below).items():
        assert parents[code[:digits]].covers(shape), code


def test_cells_are_numbered_north_to_south_and_west_to_east() -> None:
    cells = shapes("CELL")
    for community in {code[:12] for code in cells}:
        mine = [cells[code].centroid for code in sorted(cells) if code.startswith(community)]
        assert mine[0].y > mine[-1].y - 0.002, community
    numbers = sorted(code[12:] for code in cells if code.startswith("339901001003"))
    assert numbers == [f"{number:03d}" for number in range(1, len(numbers) + 1)]


def test_every_point_of_the_city_lies_in_one_cell() -> None:
    city = next(iter(shapes("CITY").values()))
    west, south, east, north = city.bounds
    random = np.random.default_rng(1)
    points = random.uniform((west, south), (east, north), (3000, 2))
    inside = points[shapely.intersects_xy(city, points[:, 0], points[:, 1])]

    found = locator.refresh().locate_many(inside[:, 0], inside[:, 1])

    assert len(inside) > 1500
    assert all(place and place.cell_code and place.community_name for place in found)


def test_the_places_of_the_pictures_are_there() -> None:
    snapshot = locator.refresh()
    for name in ("秋涛路22号", "景芳三区12幢"):
        place = Place.objects.get(name=name)
        located = snapshot.locate(place.location.x, place.location.y)
        assert located is not None
        assert located.district_name == "云中区"
        assert located.street_name == names.STORY_STREET
        assert located.community_name == names.STORY_COMMUNITY
        assert place.address == "云中区望江街道春晓社区"
    assert Place.objects.get(name="秋涛路22号").initials == "qtl22h"
    assert Place.objects.get(name="景芳三区12幢").initials == "jfsq12z"


def test_there_are_thousands_of_places_and_each_has_its_district() -> None:
    assert Place.objects.count() > 5000
    outside = [place for place in Place.objects.all() if not re.match("3399", place.district_code)]
    assert len(outside) < 20


def test_the_base_map_has_every_layer_of_the_style() -> None:
    layers = set(BaseFeature.objects.values_list("layer", flat=True))
    assert layers == {"city", "water", "green", "roads", "buildings", "pois", "rivername"}
    assert BaseFeature.objects.filter(layer="pois", kind="minor", min_zoom=15).count() > 500
    assert BaseFeature.objects.filter(layer="buildings", min_zoom__lt=14).count() == 0
    assert BaseFeature.objects.filter(layer="roads", kind="local", min_zoom__lt=12).count() == 0
    assert one_number("SELECT count(*) FROM citygis_basefeature WHERE NOT ST_IsValid(geom)") == 0


def test_a_second_load_changes_nothing() -> None:
    before = (Area.objects.count(), BaseFeature.objects.count(), Place.objects.count())
    said: list[str] = []
    load_demo_city(now=NOW, say=said.append)
    assert (Area.objects.count(), BaseFeature.objects.count(), Place.objects.count()) == before
    assert said == ["The demo city is already there."]

    assert set(Area.objects.values_list("valid_from", flat=True)) == {date(2021, 1, 1)}


def test_the_city_is_in_force_long_before_today() -> None:
    assert set(Area.objects.values_list("valid_from", flat=True)) == {date(2021, 1, 1)}
