"""Real records through the real door: Boston's 311 requests, Shenzhen's streets, Guang'an's items.

The data lie beside the repository and never in it; where they are absent the tests are skipped.
The full run and its figures stand in docs/replay.md.
"""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from affairs.models import ServiceItem
from config.replay.mapping import read_mapping
from config.replay.rows import Item, RowReader
from config.replay.tables import open_table
from dispatch import catalogue
from dispatch.bulk import submit_many
from dispatch.duplicates import radar
from dispatch.models import Case, Event, Intake, Line, Timer
from dispatch.seeding import load_catalogue
from dispatch.voices import NewIntake, Position, Receipt
from gis import locator
from gis.bulk import copy_rows
from gis.coords import Crs, from_wgs84
from tests.app.gis_data import BOSTON, PACK, SHENZHEN
from tests.app.replay_files import figures, replay
from tests.app.test_bulk import both_ways
from tests.city import NOW

REQUESTS = BOSTON / "requests_2011H2.parquet"
MAPPING = Path(__file__).parent / "data" / "boston_311.toml"
DEFAULT_POINT = ("--where", "latitude=42.3594", "--where", "longitude=-71.0587")
JUDGE = """
SELECT (SELECT min(code) FROM citygis_area WHERE level = 'DISTRICT' AND ST_Covers(geom, p.geom))
FROM boston_point AS p ORDER BY n
"""
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PACK.exists(), reason="the developers' pack is not beside the repo"),
]


@pytest.fixture(autouse=True)
def _standard_city(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"
    load_catalogue()
    catalogue.refresh()


def load(file: Path, level: str, *options: str) -> str:
    """Load areas by the command that cities use; what it prints."""
    out = StringIO()
    call_command("load_areas", str(file), "--level", level, "--crs", "WGS84",
                 "--valid-from", "2000-01-01", *options, stdout=out)  # fmt: skip
    locator.refresh()
    return out.getvalue()


@pytest.fixture
def boston() -> None:
    """Boston's 24 neighbourhoods as districts 250101 to 250124."""
    printed = load(BOSTON / "neighborhoods.geojson.gz", "district",
                   "--number-from", "250101", "--name-field", "neighborhood")  # fmt: skip
    assert "24 areas added" in printed


def items() -> list[Item]:
    """Every request as the replay reads it."""
    mapping = read_mapping(MAPPING)
    table = open_table(REQUESTS, encoding="utf-8", delimiter=",")
    reader = RowReader(
        mapping, table.columns, line="", where={}, with_outcome=True, now=timezone.now()
    )
    read = (reader.item(n, row) for n, row in enumerate(table.rows(reader.columns), 1))
    return [item for item in read if item is not None]


def judged(points: Sequence[tuple[float, float]]) -> list[str | None]:
    """The district of each point by ST_Covers."""
    wkb = shapely.to_wkb(
        shapely.set_srid(shapely.points(np.array(points)), 4326), include_srid=True
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE boston_point (n int, geom geometry(Point, 4326))")
        copy_rows("boston_point", ("n", "geom"), enumerate(wkb))
        cursor.execute(JUDGE)
        answers = [code for (code,) in cursor.fetchall()]
        cursor.execute("DROP TABLE boston_point")
    return answers


@pytest.mark.usefixtures("boston")
def test_all_of_boston_maps_to_three_lines_and_every_point_to_postgis_district() -> None:
    voices = [item.voice for item in items()]
    assert all(isinstance(voice, NewIntake) for voice in voices)
    lines = Counter(voice.line.value for voice in voices if isinstance(voice, NewIntake))
    assert lines == {"HOTLINE": 28_136, "GRID": 17_925, "AFFAIRS": 12_190}
    positions = [v.position for v in voices if isinstance(v, NewIntake) and v.position]
    points = [(position.lon, position.lat) for position in positions]
    assert len(points) == 58_251
    places = sorted(set(points))
    lons, lats = np.array(places).T
    located = locator.locate_many(lons, lats)
    ours = [place.district_code if place else None for place in located]
    theirs = judged(places)
    assert ours == theirs
    district = dict(zip(places, theirs, strict=True))
    assert sum(district[point] is None for point in points) == 27
    singly = [locator.locate(*place) for place in places[::7]]
    assert singly == located[::7]


@pytest.mark.usefixtures("boston")
def test_the_first_weeks_of_boston_go_in_with_their_outcomes() -> None:
    printed = replay(REQUESTS, MAPPING, "--with-outcome", "--limit", "6000")
    counted = figures(printed)
    assert counted["rows in"] == 6000
    assert counted["cases"] == 5996
    assert counted["OUTSIDE_CITY"] == counted["refused"] == 4
    closed = Case.objects.filter(state="CLOSED")
    assert closed.count() == counted["closed as at the source"] > 5000
    assert {c for (c,) in closed.values_list("close_type").distinct()} == {"NORMAL", "OVERTIME"}
    assert Event.objects.count() == counted["cases"] + closed.count()
    assert not Timer.objects.filter(case__in=closed, state="RUNNING").exists()
    assert not Intake.objects.exclude(receipt__district__startswith="2501").exists()
    assert "replayed to its end" not in printed
    assert Case.objects.count() == Intake.objects.count() == 5996


@pytest.mark.usefixtures("boston")
def test_real_requests_leave_the_same_rows_at_once_and_one_at_a_time() -> None:
    voices = [
        (item.voice, item.opened) for item in items()[:400] if isinstance(item.voice, NewIntake)
    ]
    singly, at_once = both_ways(voices)
    assert at_once == singly


@pytest.mark.usefixtures("boston")
def test_the_default_point_of_boston_is_a_crowd_that_the_radar_bears() -> None:
    counted = figures(replay(REQUESTS, MAPPING, *DEFAULT_POINT))
    assert counted["rows in"] == counted["cases"] == 4775
    assert counted["voices with a duplicate candidate"] > 4000
    assert set(Case.objects.values_list("district_code", flat=True)) == {"250108"}
    crowded = Intake.objects.order_by("-received_at").values_list("receipt", flat=True)[:500]
    named = [len(receipt["duplicates"]) for receipt in crowded if receipt]
    assert max(named) == radar.IN_RECEIPT


def test_a_voice_in_each_street_of_shenzhen_stated_in_gcj02_arrives_in_that_street() -> None:
    fields = ("--code-field", "code", "--name-field", "name")
    assert "9 areas added" in load(SHENZHEN / "districts_wgs84.geojson.gz", "district", *fields)
    streets = SHENZHEN / "streets_wgs84.geojson.gz"
    assert "74 areas added" in load(streets, "street", *fields, "--parent-field", "parent")
    frame = geopandas.read_file(f"/vsigzip/{streets}")
    codes, voices = list(frame["code"]), []
    for point in frame.geometry.representative_point():
        lon, lat = from_wgs84(point.x, point.y, Crs.GCJ02)
        voice = NewIntake(
            line=Line.HOTLINE, channel="PHONE", kind="COMPLAINT", category="E0102",
            title="垃圾", occurred_at=NOW, position=Position(lon, lat, "GCJ02"),
        )  # fmt: skip
        voices.append((voice, NOW))
    receipts = submit_many(voices, by=None)
    assert all(isinstance(receipt, Receipt) for receipt in receipts)
    cases = Case.objects.order_by("pk")
    assert list(cases.values_list("street_code", flat=True)) == codes
    assert list(cases.values_list("district_code", flat=True)) == [code[:6] for code in codes]


def test_the_items_of_a_real_service_hall_load_once() -> None:
    file = PACK / "cn_service_items" / "guangan_511602_items.csv"
    out = StringIO()
    for _ in range(2):
        call_command("load_service_items", str(file), "--kind-code-field", "task_type", stdout=out)
    first, again = out.getvalue().splitlines()
    assert first == "added 1,135, changed 0, unchanged 0, refused 0"
    assert again == "added 0, changed 0, unchanged 1,135, refused 0"
    assert ServiceItem.objects.values("department").distinct().count() == 34
