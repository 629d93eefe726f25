"""load_places: a table of places, every fault named, all good rows or none."""

import gzip
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from gis.coords import Crs, distance_m, from_wgs84
from gis.models import Level, Place
from tests.app.gis_data import SHANGHAI, add_area, square, square_city

pytestmark = pytest.mark.django_db

HEADER = "name,lon,lat,address,kind"
GOOD = "秋涛路22号,120.001,30.001,望江街道,address"


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join([HEADER, *lines]).encode(encoding))
    return path


def run(file: Path, *options: str, crs: str = "WGS84") -> str:
    out = StringIO()
    fields = ("--address-field", "address", "--kind-field", "kind")
    call_command(
        "load_places", str(file), "--crs", crs, *fields, *options, stdout=out, no_color=True
    )
    return out.getvalue()


def test_places_are_taken_with_their_district(tmp_path: Path) -> None:
    square_city()
    assert "1 places added" in run(write(tmp_path / "a.csv", GOOD))
    place = Place.objects.get()
    assert (place.name, place.kind, place.address) == ("秋涛路22号", "address", "望江街道")
    assert (place.district_code, place.source) == ("339901", "a.csv")
    assert "0 places added, 0 changed, 1 unchanged" in run(tmp_path / "a.csv")


def test_positions_are_brought_to_wgs84(tmp_path: Path) -> None:
    lon, lat = from_wgs84(120.001, 30.001, Crs.BD09)
    run(write(tmp_path / "a.csv", f"某处,{lon!r},{lat!r},,"), crs="BD09")
    place = Place.objects.get().location
    assert distance_m(place.x, place.y, 120.001, 30.001) < 0.001


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (",120.001,30.001,,", "it has no name"),
        ("某处,,30.001,,", "not a pair of numbers"),
        ("某处,abc,30.001,,", "not a pair of numbers"),
        ("某处,nan,30.001,,", "not a pair of numbers"),
        ("某处,30.001,120.001,,", "not a longitude and a latitude"),
        ("某处,121.001,30.001,,", "outside the city"),
        ("某处", "not a pair of numbers"),
    ],
)
def test_a_faulty_row_is_refused_with_its_reason(tmp_path: Path, line: str, why: str) -> None:
    square_city()
    file = write(tmp_path / "a.csv", GOOD, line)
    with pytest.raises(CommandError, match="nothing was written"):
        run(file)
    assert not Place.objects.exists()
    said = run(file, "--skip-refused")
    assert f"refused row 2: {why}" in said or why in said
    assert Place.objects.count() == 1


def test_a_file_in_another_encoding_is_noticed(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", GOOD, encoding="gbk")
    with pytest.raises(CommandError, match="--encoding GBK"):
        run(file)
    assert "1 places added" in run(file, "--encoding", "GBK")


def test_a_packed_file_is_read_by_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(gzip.compress(f"\ufeff{HEADER}\n{GOOD}\n".encode()))
    assert "1 places added" in run(file)


@pytest.mark.parametrize(
    ("content", "word"), [(b"", "no column 'name'"), (HEADER.encode(), "is empty")]
)
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(CommandError, match=word):
        run(tmp_path / "a.csv")


def test_other_faults_of_the_command_line_are_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", GOOD)
    with pytest.raises(CommandError, match="there is no file"):
        run(tmp_path / "none.csv")
    with pytest.raises(CommandError, match="unknown coordinate system"):
        run(file, crs="LOCAL")
    with pytest.raises(CommandError, match="its columns are: name, lon"):
        run(file, "--name-field", "名称")
    with pytest.raises(CommandError, match="unknown encoding"):
        run(file, "--encoding", "klingon")
    (tmp_path / "cut.csv").write_bytes(gzip.compress(file.read_bytes())[:-12])
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "cut.csv")


@pytest.mark.skipif(not SHANGHAI.exists(), reason="the developers' pack is not beside the repo")
def test_the_places_of_shanghai_are_loaded() -> None:
    add_area("310101", Level.DISTRICT, "上海", square(200, 500, 2500, 2500))
    out = StringIO()
    options = ("--crs", "WGS84", "--address-field", "address", "--kind-field", "file")
    file = SHANGHAI / "poi_wgs84.csv.gz"
    call_command("load_places", str(file), *options, "--skip-refused", stdout=out)
    assert Place.objects.count() > 20_000
