"""load_areas: any file, every fault named, all or nothing, and a second run changes nothing."""

import gzip
import json
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries
from shapely.geometry.base import BaseGeometry

from gis import locator
from gis.areas import AreaChanges, LaterVersionError, NewArea, write_areas
from gis.bulk import multipolygon_ewkb
from gis.coords import Crs, Floats, from_wgs84_many
from gis.models import Area, Level
from tests.app.gis_data import BOSTON, SHANGHAI, SHENZHEN, square

pytestmark = pytest.mark.django_db
needs_pack = pytest.mark.skipif(
    not SHENZHEN.exists(), reason="the developers' pack is not beside the repository"
)
Load = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path, settings: object) -> Load:
    """Run load_areas and return what it printed; refused rows go to a folder of the test."""
    settings.DATA_DIR = tmp_path / "data"  # type: ignore[attr-defined]

    def run(file: Path, *options: str, level: str = "district", crs: str = "WGS84") -> str:
        out = StringIO()
        call_command(
            "load_areas",
            str(file),
            *("--level", level, "--crs", crs, "--name-field", "name"),
            *(options or ("--code-field", "code")),
            stdout=out,
            no_color=True,
        )
        return out.getvalue()

    return run


def box(west: int, south: int, east: int, north: int) -> shapely.Polygon:
    shape = shapely.from_wkb(square(west, south, east, north))
    assert isinstance(shape, shapely.Polygon)
    return shape


def frame(*rows: tuple[str, str, BaseGeometry | None]) -> geopandas.GeoDataFrame:
    codes, names, shapes = zip(*rows, strict=True)
    return geopandas.GeoDataFrame(
        {"code": codes, "name": names}, geometry=list(shapes), crs="EPSG:4326"
    )


TWO = (("339901", "云中区", box(0, 0, 4, 4)), ("339902", "澜江区", box(4, 0, 8, 4)))


def write(path: Path, *rows: tuple[str, str, BaseGeometry | None]) -> Path:
    table = frame(*rows)
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.name.endswith(".geojson.gz"):
        path.write_bytes(gzip.compress(table.to_json().encode()))
    else:
        table.to_file(path)
    return path


def refusal_of(load: Load, file: Path, *options: str, **names: str) -> str:
    """The error that a load ends with; nothing may have been written."""
    before = Area.objects.count()
    with pytest.raises(CommandError) as refused:
        load(file, *options, **names)
    assert Area.objects.count() == before
    return str(refused.value)


@pytest.mark.parametrize(
    "name", ["a.geojson", "a.geojson.gz", "a.gpkg", "a.parquet", "a.shp", "a.shp.zip"]
)
def test_every_format_that_cities_have_is_read(load: Load, tmp_path: Path, name: str) -> None:
    assert "2 areas added" in load(write(tmp_path / name, *TWO))
    assert set(Area.objects.values_list("code", "name", "level")) == {
        ("339901", "云中区", "DISTRICT"),
        ("339902", "澜江区", "DISTRICT"),
    }
    area = Area.objects.get(code="339901")
    assert area.parent_code == "3399"
    assert area.area_m2 == pytest.approx(171_200, rel=0.01)
    assert (area.source, area.synthetic, area.valid_to) == (name, False, None)


def test_a_second_run_changes_nothing_and_says_so(load: Load, tmp_path: Path) -> None:
    file = write(tmp_path / "a.gpkg", *TWO)
    load(file)
    before = set(Area.objects.values_list("pk", "valid_from"))
    version = locator.refresh().version

    assert "Nothing changed: all 2 areas are as they were." in load(file)

    assert set(Area.objects.values_list("pk", "valid_from")) == before
    assert locator.refresh().version == version


def test_a_changed_boundary_is_a_new_version(load: Load, tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", *TWO), "--code-field", "code", "--valid-from", "2025-01-01")
    moved = write(tmp_path / "b.gpkg", ("339901", "云中区", box(0, 0, 3, 4)), TWO[1])

    said = load(moved, "--code-field", "code", "--valid-from", "2026-03-01")

    assert "0 areas added, 1 got a new version, 1 unchanged." in said
    old, new = Area.objects.filter(code="339901").order_by("valid_from")
    assert (old.valid_from, old.valid_to) == (date(2025, 1, 1), date(2026, 3, 1))
    assert (new.valid_from, new.valid_to) == (date(2026, 3, 1), None)
    assert locator.snapshot_on(date(2026, 2, 28)).locate(120.0035, 30.001) is not None
    assert locator.snapshot_on(date(2026, 3, 1)).locate(120.0035, 30.001) is None


def test_a_correction_on_the_same_day_is_made_in_place(load: Load, tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", *TWO))
    load(write(tmp_path / "b.gpkg", ("339901", "云中新区", TWO[0][2])))
    assert Area.objects.get(code="339901").name == "云中新区"


def test_a_version_from_a_later_day_is_not_overwritten(load: Load, tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", *TWO), "--code-field", "code", "--valid-from", "2026-01-01")
    moved = write(tmp_path / "b.gpkg", ("339901", "云中区", box(0, 0, 3, 4)))
    refusal = refusal_of(load, moved, "--code-field", "code", "--valid-from", "2025-01-01")
    assert "339901 already has a version from a later day" in refusal


def test_a_dry_run_writes_nothing(load: Load, tmp_path: Path) -> None:
    said = load(write(tmp_path / "a.gpkg", *TWO), "--code-field", "code", "--dry-run")
    assert "Dry run: nothing was written." in said
    assert not Area.objects.exists()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "cannot be read"),
        ("hello", "cannot be read"),
        ('{"type":"FeatureCollection","features":[]}', "is empty"),
        ('{"type":"FeatureCollection","features":[{"type":"Feature","geom', "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused(
    load: Load, tmp_path: Path, content: str, word: str
) -> None:
    file = tmp_path / "a.geojson"
    file.write_text(content)
    refusal = refusal_of(load, file)
    assert word in refusal
    assert "a.geojson" in refusal
    assert "Nothing was written" in refusal


def test_a_missing_file_is_named(load: Load, tmp_path: Path) -> None:
    assert "there is no file" in refusal_of(load, tmp_path / "none.gpkg")


def test_a_table_without_shapes_is_refused(load: Load, tmp_path: Path) -> None:
    frame(*TWO).drop(columns="geometry").to_csv(tmp_path / "a.csv")
    assert "without shapes" in refusal_of(load, tmp_path / "a.csv")


def test_a_wrong_column_is_answered_with_the_right_ones(load: Load, tmp_path: Path) -> None:
    refusal = refusal_of(load, write(tmp_path / "a.gpkg", *TWO), "--code-field", "nr")
    assert "no column 'nr'" in refusal
    assert "code, name" in refusal


def test_a_file_with_several_layers_asks_which(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    for layer in ("one", "two"):
        frame(*TWO).to_file(file, layer=layer)
    assert "2 layers (one, two)" in refusal_of(load, file)
    assert "2 areas added" in load(file, "--code-field", "code", "--layer", "two")


def test_names_in_another_encoding_are_noticed(load: Load, tmp_path: Path) -> None:
    frame(*TWO).to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    assert "--encoding GBK" in refusal_of(load, tmp_path / "a.shp")
    load(tmp_path / "a.shp", "--code-field", "code", "--encoding", "GBK")
    assert Area.objects.get(code="339902").name == "澜江区"


@pytest.mark.parametrize("crs", ["LOCAL", "GCJ", "EPSG:1", ""])
def test_an_unknown_system_is_refused(load: Load, tmp_path: Path, crs: str) -> None:
    assert "unknown coordinate system" in refusal_of(
        load, write(tmp_path / "a.gpkg", *TWO), crs=crs
    )


FAULTS = [
    (("", "某区", box(0, 0, 4, 4)), "NO_CODE"),
    (("33990", "某区", box(0, 0, 4, 4)), "CODE_LENGTH"),
    (("33990x", "某区", box(0, 0, 4, 4)), "CODE_NOT_DIGITS"),
    (("339902", "某区", box(0, 0, 4, 4)), "DUPLICATE_CODE"),
    (("339903", "", box(0, 0, 4, 4)), "NO_NAME"),
    (("339903", "某区", None), "NO_GEOMETRY"),
    (("339903", "某区", shapely.Polygon()), "NO_GEOMETRY"),
    (
        (
            "339903",
            "某区",
            shapely.Polygon([(120, 30), (120.01, 30.01), (120.01, 30), (120, 30.01)]),
        ),
        "SELF_CROSSING",
    ),
]


@pytest.mark.parametrize(
    ("row", "code"), FAULTS, ids=[code + str(n) for n, (_, code) in enumerate(FAULTS)]
)
def test_a_faulty_row_is_refused_with_its_reason_and_kept(
    load: Load, tmp_path: Path, row: tuple[str, str, BaseGeometry | None], code: str
) -> None:
    file = write(tmp_path / "a.gpkg", TWO[1], row)
    assert "Rows were refused; nothing was written." in refusal_of(load, file)

    said = load(file, "--code-field", "code", "--skip-refused", "--yes")

    assert "1 good" in said
    assert f"refused row 2 {row[1] or row[0]}: " in said
    assert f"[{code}]" in said
    assert list(Area.objects.values_list("code", flat=True)) == ["339902"]
    kept = json.loads((tmp_path / "data/refused/a.gpkg.refused.geojson").read_text())
    assert kept["features"][0]["properties"]["reason"] == code
    assert kept["features"][0]["properties"]["row"] == 2


def test_coordinates_that_are_no_numbers_are_refused(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    file.write_text(frame(*TWO).to_json().replace("120.004, 30.0]", "NaN, 30.0]", 1))
    with pytest.raises(CommandError):
        load(file)
    kept = json.loads((tmp_path / "data/refused/a.geojson.refused.geojson").read_text())
    assert "not numbers" in kept["features"][0]["properties"]["text"]
    assert kept["features"][0]["geometry"] is None


def test_metres_called_degrees_are_refused(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    frame(*TWO).to_crs("EPSG:4549").to_file(file)
    with pytest.raises(CommandError):
        load(file)
    assert "2 areas added" in load(file, crs="EPSG:4549")
    shape = shapely.from_wkb(bytes(Area.objects.get(code="339901").geom.wkb))
    assert shape.hausdorff_distance(TWO[0][2]) < 1e-8


def test_open_rings_are_closed(load: Load, tmp_path: Path) -> None:
    ring = [[120, 30], [120.004, 30], [120.004, 30.004], [120, 30.004]]
    feature = {
        "type": "Feature",
        "properties": {"code": "339901", "name": "云中区"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert "rings that were not closed have been closed" in load(file)


def test_what_was_mended_is_said(load: Load, tmp_path: Path) -> None:
    touching = shapely.MultiPolygon([box(0, 0, 2, 4), box(1, 0, 4, 4)])
    said = load(write(tmp_path / "a.gpkg", ("339901000000", "云中区", touching)))
    assert "repaired row 1: overlapping parts were joined; code 339901000000 shortened" in said


def test_a_row_outside_its_parent_is_refused(load: Load, tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", *TWO))
    streets = write(
        tmp_path / "b.gpkg",
        ("339901001", "望江街道", box(0, 0, 2, 4)),
        ("339901002", "春江街道", box(5, 0, 7, 4)),
        ("339905001", "港城街道", box(2, 0, 4, 4)),
    )
    said = load(streets, "--code-field", "code", "--skip-refused", level="street")
    assert "refused row 2 春江街道: only 0% of it lies inside its district 339901" in said
    assert "refused row 3 港城街道: its district 339905 is not there" in said
    assert Area.objects.filter(level=Level.STREET).count() == 1


def test_latitude_before_longitude_is_questioned(load: Load, tmp_path: Path) -> None:
    swapped = [(c, n, shapely.transform(s, lambda points: points[:, ::-1])) for c, n, s in TWO]
    file = write(tmp_path / "a.gpkg", *swapped)
    assert "Stopped in doubt" in refusal_of(load, file)
    assert "2 areas added" in load(file, "--code-field", "code", "--swap-axes")
    assert Area.objects.get(code="339901").geom.extent == pytest.approx((120, 30, 120.004, 30.004))


def test_areas_that_overlap_are_questioned(load: Load, tmp_path: Path) -> None:
    file = write(tmp_path / "a.gpkg", TWO[0], ("339902", "澜江区", box(2, 0, 8, 4)))
    with pytest.raises(CommandError, match="in doubt"):
        load(file)
    assert "2 areas added" in load(file, "--code-field", "code", "--yes")


@pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])
def test_a_shifted_file_that_calls_itself_wgs84_is_questioned(
    load: Load, tmp_path: Path, crs: Crs
) -> None:
    load(write(tmp_path / "a.gpkg", ("339901", "云中区", box(0, 0, 60, 60))))

    def shifted(points: Floats) -> Floats:
        return np.column_stack(from_wgs84_many(points[:, 0], points[:, 1], crs))

    def shift(shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, shifted)

    halves = [
        ("339901001", "甲街道", box(0, 0, 30, 60)),
        ("339901002", "乙街道", box(30, 0, 60, 60)),
    ]
    file = write(tmp_path / "b.gpkg", *[(code, name, shift(s)) for code, name, s in halves])

    with pytest.raises(CommandError, match="in doubt"):
        load(file, level="street")
    assert "2 areas added" in load(file, level="street", crs=crs.value)
    assert "Nothing changed" in load(file, level="street", crs=crs.value)


def test_a_doubt_can_be_overruled(load: Load, tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", ("339901", "云中区", box(0, 0, 60, 60))))
    shifted = shapely.transform(box(0, 0, 30, 60), lambda p: p + np.array([0.0047, -0.0024]))
    file = write(tmp_path / "b.gpkg", ("339901001", "甲街道", shifted))
    said = load(file, "--code-field", "code", "--yes", level="street")
    assert "1 areas added" in said


def test_codes_are_counted_where_a_file_has_none(load: Load, tmp_path: Path) -> None:
    file = write(tmp_path / "a.gpkg", *TWO)
    load(file, "--number-from", "250101")
    assert sorted(Area.objects.values_list("code", "name")) == [
        ("250101", "云中区"),
        ("250102", "澜江区"),
    ]
    assert "Nothing changed" in load(file, "--number-from", "250101")
    with pytest.raises(CommandError, match="6 digits"):
        load(file, "--number-from", "25")


def test_codes_are_given_within_the_areas_above(load: Load, tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", *TWO))
    streets = [
        ("", "西街道", box(0, 0, 2, 4)),
        ("", "东街道", box(2, 0, 4, 4)),
        ("", "江街道", box(4, 0, 8, 4)),
    ]
    file = write(tmp_path / "b.gpkg", *streets)
    load(file, "--number-within-parents", level="street")
    assert set(Area.objects.filter(level="STREET").values_list("code", "name")) == {
        ("339901001", "西街道"),
        ("339901002", "东街道"),
        ("339902001", "江街道"),
    }
    assert "Nothing changed" in load(file, "--number-within-parents", level="street")


def test_a_closed_cell_code_is_never_used_again(load: Load, tmp_path: Path) -> None:
    file = write(tmp_path / "a.gpkg", ("339901001001001", "", box(0, 0, 1, 1)))
    load(file, level="cell")
    Area.objects.update(valid_to=date(2030, 1, 1))
    with pytest.raises(CommandError):
        load(file, level="cell")
    assert "CODE_CLOSED" in (tmp_path / "data/refused/a.gpkg.refused.geojson").read_text()


@needs_pack
def test_shenzhen_as_received_is_caught_and_its_converted_copy_passes(load: Load) -> None:
    load(SHENZHEN / "districts_wgs84.geojson.gz")
    received = SHENZHEN / "streets_as_received_GCJ02_tagged4326.geojson.gz"
    out = StringIO()
    options = ("--level", "street", "--name-field", "NAME", "--number-within-parents")

    with pytest.raises(CommandError, match="in doubt"):
        call_command("load_areas", str(received), *options, "--crs", "WGS84", stdout=out)
    assert "this file looks like GCJ02" in out.getvalue()
    assert "m south-east of where it should" in out.getvalue()
    assert not Area.objects.filter(level="STREET").exists()

    assert "74 areas added" in load(SHENZHEN / "streets_wgs84.geojson.gz", level="street")
    assert "Nothing changed" in load(SHENZHEN / "streets_wgs84.geojson.gz", level="street")


@needs_pack
def test_shanghai_in_cgcs2000_and_boston_without_codes_are_loaded(load: Load) -> None:
    out = StringIO()
    shanghai = SHANGHAI / "districts_EPSG4490_GS2024-0650.geojson.gz"
    fields = ("--level", "district", "--code-field", "县代码", "--name-field", "县名")
    call_command("load_areas", str(shanghai), *fields, "--crs", "EPSG:4490", stdout=out)
    assert "16 areas added" in out.getvalue()
    assert Area.objects.get(code="310107").name == "普陀区"

    boston = BOSTON / "neighborhoods.geojson.gz"
    fields = ("--level", "district", "--number-from", "250101", "--name-field", "neighborhood")
    call_command("load_areas", str(boston), *fields, "--crs", "WGS84", stdout=out)
    assert Area.objects.filter(code__startswith="2501").count() == 24
    located = locator.refresh().locate(-71.0603, 42.3554)
    assert located is not None
    assert located.district_name


def test_writing_takes_few_queries_however_many_areas(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    shapes = [box(n % 50, n // 50, n % 50 + 1, n // 50 + 1) for n in range(500)]
    wkbs = multipolygon_ewkb(np.array(shapes, dtype=object), 4326)
    areas = [
        NewArea(f"339901001001{n:03d}", Level.CELL, "", "339901001001", wkb)
        for n, wkb in enumerate(wkbs, start=1)
    ]
    with django_assert_max_num_queries(15):
        changes = write_areas(areas, valid_from=date(2026, 1, 1), source="test")
    assert changes == AreaChanges(500, 0, 0)
    with pytest.raises(LaterVersionError):
        write_areas(areas[:1], valid_from=date(2025, 1, 1), source="test")
