"""load_cells: grids for communities, numbered by the standard, closed codes never used again."""

from datetime import date
from io import StringIO

import numpy as np
import pytest
import shapely
from django.core.management import CommandError, call_command

from gis import locator
from gis.models import Area, Level
from tests.app.gis_data import add_area, square

pytestmark = pytest.mark.django_db


def run(*options: str) -> str:
    out = StringIO()
    call_command("load_cells", "--from-communities", *options, stdout=out, no_color=True)
    return out.getvalue()


@pytest.fixture
def communities(db: None) -> None:
    add_area("339901", Level.DISTRICT, "云中区", square(0, 0, 10, 10))
    add_area("339901001", Level.STREET, "望江街道", square(0, 0, 10, 10), "339901")
    add_area("339901001001", Level.COMMUNITY, "春晓社区", square(0, 0, 5, 10), "339901001")
    add_area("339901001002", Level.COMMUNITY, "和睦社区", square(5, 0, 10, 10), "339901001")


def open_cells() -> dict[str, bytes]:
    areas = Area.objects.current().filter(level=Level.CELL)
    return {area.code: bytes(area.geom.wkb) for area in areas}


def test_communities_are_cut_into_synthetic_grids(communities: None) -> None:
    assert "2 communities cut into" in run()
    cells = Area.objects.filter(level=Level.CELL)
    assert 90 <= cells.count() <= 130
    assert all(cell.synthetic and cell.code.startswith(cell.parent_code) for cell in cells)
    first = cells.get(code="339901001001001")
    assert first.name == "001号网格"
    assert first.area_m2 == pytest.approx(10_000, rel=0.5)


def test_every_point_of_a_community_has_one_grid(communities: None) -> None:
    run("--size", "150")
    random = np.random.default_rng(2)
    points = random.uniform((120.0, 30.0), (120.01, 30.01), (2000, 2))
    corners = np.array([(120.0, 30.0), (120.005, 30.0), (120.01, 30.01), (120.005, 30.005)])
    lons, lats = np.vstack([points, corners]).T
    found = locator.refresh().locate_many(lons, lats)
    assert all(place and place.cell_code for place in found)
    cells = [shapely.from_wkb(body) for body in open_cells().values()]
    assert shapely.coverage_is_valid(np.array(cells))


def test_a_second_run_changes_nothing(communities: None) -> None:
    run()
    before = open_cells()
    said = run()
    assert "0 communities cut into 0 grids" in said
    assert "2 have synthetic grids already" in said
    assert "Nothing changed." in said
    assert "Nothing changed." in run("--replace")
    assert open_cells() == before


def test_replaced_grids_are_closed_and_the_new_ones_have_new_codes(communities: None) -> None:
    run("--size", "200", "--valid-from", "2026-01-01")
    old = set(open_cells())
    run("--size", "100", "--replace", "--valid-from", "2026-05-01")
    new = set(open_cells())
    assert not old & new
    assert Area.objects.get(code=min(old)).valid_to == date(2026, 5, 1)
    assert locator.snapshot_on(date(2026, 4, 1)).locate(120.001, 30.001)
    numbers = sorted(int(code[12:]) for code in new if code.startswith("339901001001"))
    highest = max(int(code[12:]) for code in old if code.startswith("339901001001"))
    assert numbers == list(range(highest + 1, highest + 1 + len(numbers)))


def test_surveyed_grids_are_never_touched(communities: None) -> None:
    box = square(0, 0, 5, 10)
    add_area("339901001001001", Level.CELL, "老网格", box, "339901001001")
    said = run("--replace")
    assert "1 have surveyed ones" in said
    assert [code for code in open_cells() if code.startswith("339901001001")] == ["339901001001001"]


def test_a_community_without_free_numbers_keeps_its_grids(communities: None) -> None:
    add_area("339901001001999", Level.CELL, "", square(0, 0, 5, 10), "339901001001")
    Area.objects.filter(code="339901001001999").update(synthetic=True)
    said = run("--replace")
    assert "339901001001 has no 999 numbers left" in said
    assert "339901001001999" in open_cells()


def test_streets_without_communities_get_one_that_stands_for_them(db: None) -> None:
    add_area("339901001", Level.STREET, "望江街道", square(0, 0, 10, 10), "339901")
    with pytest.raises(CommandError, match="no communities to cut"):
        run()
    said = run("--from-streets")
    assert "1 streets have no communities" in said
    community = Area.objects.get(level=Level.COMMUNITY)
    assert (community.code, community.name, community.synthetic) == (
        "339901001999",
        "望江街道",
        True,
    )
    located = locator.refresh().locate(120.005, 30.005)
    assert located is not None
    assert located.cell_code.startswith("339901001999")
    assert "Nothing changed." in run("--from-streets")


def test_a_large_community_says_that_its_grids_are_larger(db: None) -> None:
    add_area("339901001001", Level.COMMUNITY, "大社区", square(0, 0, 60, 60), "339901001")
    said = run()
    assert "339901001001 大社区 would need more than 999 grids: they measure" in said
    assert len(open_cells()) <= 999


def test_the_cut_can_be_limited_and_tried(communities: None) -> None:
    assert "Dry run" in run("--dry-run")
    assert not open_cells()
    run("--within", "339901001002")
    assert {code[:12] for code in open_cells()} == {"339901001002"}


@pytest.mark.parametrize("size", ["5", "9999", "0"])
def test_a_size_that_makes_no_sense_is_refused(communities: None, size: str) -> None:
    with pytest.raises(CommandError, match="--size"):
        run("--size", size)
