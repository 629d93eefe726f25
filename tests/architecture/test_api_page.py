"""docs/api.md names every door of the OpenAPI document, and no other, with a sentence each."""

import re
from pathlib import Path

from config.api_page import operations

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([A-Z]+) (/api/v1/\S+)` \| (.+) \|$", re.MULTILINE)
HOW = "run: manage.py api_page > docs/api.md"


def test_the_page_names_the_doors_of_the_openapi_document_with_what_they_do() -> None:
    told = {row.groups() for row in ROW.finditer((ROOT / "docs/api.md").read_text("utf-8"))}
    doors = {door for part in operations().values() for door in part}

    assert told == doors, HOW


def test_every_door_says_what_it_does_in_a_sentence() -> None:
    doors = [door for part in operations().values() for door in part]

    assert [door[:2] for door in doors if not re.match(r"[A-Z].{8,}", door[2])] == []


def test_every_code_that_the_page_names_stands_in_the_sources() -> None:
    told = (ROOT / "docs/api.md").read_text("utf-8")
    sources = "".join(
        path.read_text("utf-8")
        for app in ("accounts", "affairs", "config", "dispatch", "gis", "grid", "hotline", "screen")
        for path in (ROOT / app).rglob("*.py")
        if path.name != "api_page.py"
    )
    codes = set(re.findall(r"`([A-Z]{4,}(?:_[A-Z]+)*)`", told))

    assert codes
    assert {code for code in codes if f'"{code}"' not in sources} == set()
