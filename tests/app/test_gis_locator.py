"""Point to grid: equal to ST_Covers, level by level, and fresh after a change."""

import threading
from datetime import date

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import connection

from gis import locator
from gis.models import Area, Level
from tests.app.gis_data import SHENZHEN, add_area, square_city

pytestmark = pytest.mark.django_db


def smallest_covering_code(points: np.ndarray, level: str) -> list[str]:
    """What PostGIS says: the smallest code whose polygon covers each point, or ""."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(min(area.code), '') FROM unnest(%s::float8[], %s::float8[])"
            " WITH ORDINALITY AS p(lon, lat, n) LEFT JOIN citygis_area AS area"
            " ON area.level = %s AND ST_Covers(area.geom, ST_Point(p.lon, p.lat, 4326))"
            " GROUP BY p.n ORDER BY p.n",
            [points[:, 0].tolist(), points[:, 1].tolist(), level],
        )
        return [row[0] for row in cursor.fetchall()]


def test_every_level_above_the_cell_is_named() -> None:
    square_city()
    located = locator.refresh().locate(120.0015, 30.0015)
    assert located is not None
    assert located.cell_code == "339901001001002"
    assert located.community_code == "339901001001"
    assert located.street_code == "339901001"
    assert located.district_code == "339901"
    assert located.city_code == "3399"
    assert located.community_name == "春晓社区"
    assert located.street_name == "望江街道"
    assert located.district_name == "云中区"


def test_the_deepest_level_there_is_answers() -> None:
    square_city()
    street_only = locator.refresh().locate(120.0035, 30.0005)
    assert street_only is not None
    assert (street_only.street_code, street_only.community_code) == ("339901001", "")
    district_only = locator.locate(120.0035, 30.0035)
    assert district_only is not None
    assert (district_only.district_code, district_only.street_code) == ("339901", "")
    assert locator.locate(121.0, 30.0) is None


def test_a_point_on_a_shared_border_belongs_to_the_smallest_code() -> None:
    square_city()
    on_the_border = locator.refresh().locate(120.001, 30.0015)
    assert on_the_border is not None
    assert on_the_border.cell_code == "339901001001001"


def test_a_stated_parent_wins_over_the_code() -> None:
    square_city()
    Area.objects.filter(code="339901001").update(parent_code="339902")
    located = locator.refresh().locate(120.0015, 30.0015)
    assert located is not None
    assert (located.street_code, located.district_code) == ("339901001", "339902")


def test_many_points_at_once_get_the_answers_of_single_points() -> None:
    square_city()
    random = np.random.default_rng(3)
    lons, lats = random.uniform(119.999, 120.005, 500), random.uniform(29.999, 30.005, 500)
    snapshot = locator.refresh()
    many = locator.locate_many(lons, lats)
    assert many == [snapshot.locate(lon, lat) for lon, lat in zip(lons, lats, strict=True)]
    assert None in many
    assert any(located and located.cell_code for located in many)


def test_cells_equal_what_postgis_covers() -> None:
    random = np.random.default_rng(11)
    seeds = shapely.multipoints(random.uniform((120, 30), (120.05, 30.05), (400, 2)))
    diagram = shapely.get_parts(shapely.voronoi_polygons(seeds))
    cells = shapely.set_precision(diagram, 1e-7)
    Area.objects.bulk_create(
        Area(
            code=f"339901001001{number:03d}",
            level=Level.CELL,
            name="",
            geom=MultiPolygon(GEOSGeometry(memoryview(cell.wkb), srid=4326)),
            area_m2=1.0,
            valid_from=date(2020, 1, 1),
        )
        for number, cell in enumerate(cells, start=1)
    )
    vertices = shapely.get_coordinates(cells)
    inside = random.uniform((119.99, 29.99), (120.06, 30.06), (4000, 2))
    points = np.vstack([vertices, inside])

    found = locator.refresh().locate_many(points[:, 0], points[:, 1])

    expected = smallest_covering_code(points, "CELL")
    assert len(points) > 6000
    assert [place.cell_code if place else "" for place in found] == expected


@pytest.mark.skipif(not SHENZHEN.exists(), reason="the developers' pack is not beside the repo")
def test_real_streets_equal_what_postgis_covers() -> None:
    import geopandas

    frame = geopandas.read_file(f"/vsigzip/{SHENZHEN / 'streets_wgs84.geojson.gz'}")
    code_field = next(name for name in frame.columns if name.lower() == "code")
    for code, geometry in zip(frame[code_field], frame.geometry, strict=True):
        add_area(str(code), Level.STREET, str(code), geometry.wkb)
    random = np.random.default_rng(5)
    west, south, east, north = frame.total_bounds
    vertices = shapely.get_coordinates(frame.geometry.to_numpy())
    points = np.vstack(
        [
            random.uniform((west, south), (east, north), (3000, 2)),
            vertices[random.choice(len(vertices), 2000, replace=False)],
        ]
    )

    found = locator.refresh().locate_many(points[:, 0], points[:, 1])

    codes = [place.street_code if place else "" for place in found]
    assert codes == smallest_covering_code(points, "STREET")


def test_a_new_boundary_is_seen_and_the_old_one_is_still_known_on_its_day() -> None:
    square_city()
    locator.refresh()
    old = Area.objects.get(code="339901001001002")
    old.valid_to = date(2026, 1, 1)
    old.save(update_fields=["valid_to"])

    after = locator.refresh().locate(120.0015, 30.0015)
    before = locator.snapshot_on(date(2025, 12, 31)).locate(120.0015, 30.0015)
    assert after is not None
    assert after.cell_code == ""
    assert before is not None
    assert before.cell_code == "339901001001002"


def test_a_snapshot_that_is_still_true_is_kept() -> None:
    square_city()
    first = locator.refresh()
    assert locator.refresh() is first
    assert locator.snapshot() is first


def test_an_emptied_table_is_seen() -> None:
    square_city()
    locator.refresh()
    Area.objects.all().delete()
    assert locator.refresh().locate(120.0015, 30.0015) is None


def test_threads_share_one_snapshot() -> None:
    square_city()
    snapshot = locator.refresh()
    random = np.random.default_rng(9)
    points = random.uniform((119.999, 29.999), (120.005, 30.005), (2000, 2)).tolist()
    expected = [snapshot.locate(*point) for point in points]
    wrong: list[object] = []

    def ask() -> None:
        answers = [snapshot.locate(*point) for point in points]
        if answers != expected:
            wrong.append(answers)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_name_is_known_by_code() -> None:
    square_city()
    assert locator.refresh().name_of("339901001") == "望江街道"
    assert locator.refresh().name_of("000000") == ""


def test_a_change_is_seen_at_the_next_look_and_at_once_by_who_made_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    square_city()
    locator.refresh()
    Area.objects.filter(code="339901").update(name="新名字")
    monkeypatch.setattr(locator, "CHECK_SECONDS", 3600.0)
    unseen = locator.locate(120.0035, 30.0035)
    locator.expire()
    seen = locator.locate(120.0035, 30.0035)
    assert unseen is not None
    assert seen is not None
    assert (unseen.district_name, seen.district_name) == ("云中区", "新名字")

    Area.objects.filter(code="339901").update(name="再改名")
    monkeypatch.setattr(locator, "CHECK_SECONDS", 0.0)
    next_look = locator.locate_many(np.array([120.0035]), np.array([30.0035]))[0]
    assert next_look is not None
    assert next_look.district_name == "再改名"


@pytest.mark.django_db(transaction=True)
def test_threads_that_find_no_snapshot_read_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    square_city()
    keeper = locator._Keeper()
    reads: list[date] = []
    read = locator.snapshot_on

    def counted(day: date, version: int = 0) -> locator.Snapshot:
        reads.append(day)
        return read(day, version)

    monkeypatch.setattr(locator, "snapshot_on", counted)
    found: list[locator.Snapshot] = []

    def ask() -> None:
        found.append(keeper.current())
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(reads) == 1
    assert len({id(snapshot) for snapshot in found}) == 1
    assert found[0].locate(120.0015, 30.0015) is not None


@pytest.mark.django_db(transaction=True)
def test_while_one_thread_reads_the_others_go_on_with_what_they_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    square_city()
    keeper = locator._Keeper()
    old = keeper.current()
    Area.objects.filter(code="339901").update(name="新名字")
    reading, go_on = threading.Event(), threading.Event()
    read = locator.snapshot_on

    def slow(day: date, version: int = 0) -> locator.Snapshot:
        reading.set()
        go_on.wait(10)
        return read(day, version)

    monkeypatch.setattr(locator, "snapshot_on", slow)
    keeper.expire()
    found: list[locator.Snapshot] = []

    def ask() -> None:
        found.append(keeper.current())
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    assert reading.wait(10)
    assert keeper.current() is old
    go_on.set()
    thread.join()
    assert found[0].name_of("339901") == "新名字"


@pytest.mark.django_db(transaction=True)
def test_a_truncated_table_has_a_version_of_its_own() -> None:
    square_city()
    before = locator.refresh()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE citygis_area, citygis_dataversion")
    after = locator.refresh()
    assert after.is_empty
    assert after.version > before.version
