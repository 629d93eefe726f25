"""What an operator types finds the place; a point finds the nearest one."""

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis import places
from gis.gazetteer import NewPlace, PlaceChanges, write_places
from gis.models import Place

pytestmark = pytest.mark.django_db
EVERYWHERE = ["3399"]
ADDRESS = "云中区望江街道春晓社区"


@pytest.fixture(autouse=True)
def gazetteer(db: None) -> None:
    write_places(
        [
            *(
                NewPlace(f"秋涛路{n}号", "address", 119.61 + n / 1e4, 29.87, ADDRESS, "339901")
                for n in range(1, 31)
            ),
            NewPlace("景芳三区", "estate", 119.62, 29.88, ADDRESS, "339901"),
            NewPlace("景芳三区12幢", "building", 119.6201, 29.8801, ADDRESS, "339901"),
            NewPlace("秋涛公园", "park", 119.70, 29.90, "东湖区湖心街道", "339903"),
            NewPlace("新景芳菜场", "biz", 119.63, 29.88, ADDRESS, "339901"),
            NewPlace("12345 热线中心", "gov", 119.60, 29.86, "", ""),
        ],
        source="test",
    )


def names(text: str, prefixes: list[str] | None = None, limit: int = 5) -> list[str]:
    scope = EVERYWHERE if prefixes is None else prefixes
    return [hit.name for hit in places.suggest(text, prefixes=scope, limit=limit)]


def test_the_beginning_of_a_name_finds_it_the_shortest_first() -> None:
    assert names("景芳") == ["景芳三区", "景芳三区12幢", "新景芳菜场"]
    assert names("秋涛路2", limit=2) == ["秋涛路2号", "秋涛路20号"]


def test_blanks_and_full_width_digits_do_not_matter() -> None:
    assert names("秋涛路 ２２ 号") == ["秋涛路22号"]
    assert names("12345热线") == ["12345 热线中心"]


def test_pinyin_initials_find_a_name() -> None:
    assert names("jfsq") == ["景芳三区", "景芳三区12幢"]
    assert names("QTL22") == ["秋涛路22号"]


def test_every_word_must_be_in_the_name_or_the_address() -> None:
    assert names("春晓 三区") == ["景芳三区", "景芳三区12幢"]
    assert names("湖心 三区") == []


def test_a_long_address_typed_whole_finds_the_name_within_it() -> None:
    assert names("云中区望江街道秋涛路22号3单元501室") == ["秋涛路22号"]


def test_only_places_of_the_users_districts_are_found() -> None:
    assert names("秋涛公园", ["339901"]) == []
    assert names("秋涛公园", ["339903001"]) == ["秋涛公园"]
    assert names("12345", ["339901"]) == ["12345 热线中心"]
    assert names("秋涛", []) == []


@pytest.mark.parametrize("text", ["", "   ", "%", "_", "\0", "\ud800", "不存在"])
def test_what_fits_nothing_finds_nothing(text: str) -> None:
    assert names(text) == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters()))
def test_no_text_breaks_the_search(text: str) -> None:
    assert len(names(text)) <= 5


def test_the_nearest_place_is_said_with_metres_and_direction() -> None:
    with translation.override("zh-hans"):
        first, second = places.reverse(119.6201, 29.8804, limit=2)
    assert first.name == "景芳三区12幢"
    assert first.direction == "N"
    assert first.distance_m == pytest.approx(33, abs=1)
    assert first.words == "景芳三区12幢北约33米"
    assert second.name == "景芳三区"


@pytest.mark.parametrize(
    ("east", "north", "direction"), [(1, 1, "NE"), (1, 0, "E"), (0, -1, "S"), (-1, 1, "NW")]
)
def test_the_direction_is_that_of_the_compass(east: int, north: int, direction: str) -> None:
    hit = places.reverse(119.62 + east * 4e-5, 29.88 + north * 3.4e-5, limit=1)[0]
    assert (hit.name, hit.direction) == ("景芳三区", direction)


def test_at_the_place_itself_no_direction_is_said() -> None:
    assert places.reverse(119.62, 29.88, limit=1)[0].words == "景芳三区"


def test_distances_are_those_of_the_ellipsoid() -> None:
    hit = places.reverse(119.625, 29.885, limit=1)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Distance(ST_Point(%s, %s, 4326)::geography,"
            " ST_Point(119.625, 29.885, 4326)::geography)",
            [hit.lon, hit.lat],
        )
        assert hit.distance_m == pytest.approx(cursor.fetchone()[0])


def test_the_same_places_again_change_nothing_and_a_moved_one_is_moved() -> None:
    estate = NewPlace("景芳三区", "estate", 119.62, 29.88, ADDRESS, "339901")
    assert write_places([estate, estate], source="test") == PlaceChanges(0, 0, 2)
    moved = NewPlace("景芳三区", "estate", 119.63, 29.88, ADDRESS, "339901")
    assert write_places([moved], source="test") == PlaceChanges(0, 1, 0)
    assert Place.objects.get(name="景芳三区").location == Point(119.63, 29.88, srid=4326)


def test_no_places_are_no_work() -> None:
    assert write_places([], source="test") == PlaceChanges(0, 0, 0)


def test_names_with_quotes_and_backslashes_are_kept_as_they_are() -> None:
    odd = 'A"B\\C\t{D}\nE'
    write_places([NewPlace(odd, "biz", 119.6, 29.8)], source="test")
    assert Place.objects.filter(name=odd).count() == 1
    assert names('a"b\\c') == [odd]
