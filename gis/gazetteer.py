"""Writes places with what the search needs: pinyin initials and pairs of characters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import shapely
from django.db import connection, transaction

from gis.bulk import Cell, copy_rows, ewkb
from gis.searchtext import grams_of, plain

NAME_LENGTH, ADDRESS_LENGTH, INITIALS_LENGTH, KIND_LENGTH = 120, 200, 60, 20
COLUMNS = (
    "name",
    "kind",
    "address",
    "folded",
    "initials",
    "grams",
    "location",
    "district_code",
    "source",
)
INCOMING = """
CREATE TEMP TABLE citygis_incoming_place (
    number serial, name text, kind text, address text, folded text, initials text, grams text[],
    location geometry(Point, 4326), district_code text, source text
) ON COMMIT DROP
"""
WRITE = """
INSERT INTO citygis_place AS held
    (name, kind, address, folded, initials, grams, location, district_code, source)
SELECT DISTINCT ON (name, address, district_code)
    name, kind, address, folded, initials, grams, location, district_code, source
FROM citygis_incoming_place ORDER BY name, address, district_code, number
ON CONFLICT (name, address, district_code) DO UPDATE
SET kind = EXCLUDED.kind, folded = EXCLUDED.folded, initials = EXCLUDED.initials,
    grams = EXCLUDED.grams, location = EXCLUDED.location, source = EXCLUDED.source
WHERE (held.kind, held.folded, held.initials, held.source)
    <> (EXCLUDED.kind, EXCLUDED.folded, EXCLUDED.initials, EXCLUDED.source)
   OR ST_AsBinary(held.location) <> ST_AsBinary(EXCLUDED.location)
   OR held.grams <> EXCLUDED.grams
RETURNING xmax = 0
"""


@dataclass(frozen=True, slots=True)
class NewPlace:
    """One place to write; the position is WGS84 in degrees."""

    name: str
    kind: str
    lon: float
    lat: float
    address: str = ""
    district_code: str = ""


@dataclass(frozen=True, slots=True)
class PlaceChanges:
    """How many places were new, how many changed, how many stayed or came twice in the list."""

    added: int
    changed: int
    unchanged: int


@cache
def _initials() -> Callable[[str], list[str]]:
    """The dictionaries take 57 MB: only a process that needs them reads them."""
    from pypinyin import Style, lazy_pinyin, load_single_dict

    load_single_dict({ord("幢"): "zhuàng"})
    return partial(lazy_pinyin, style=Style.FIRST_LETTER)


def initials_of(name: str) -> str:
    """The first letters of the pinyin of a name, with its digits: 秋涛路22号 gives qtl22h."""
    letters = _initials()(plain(name))
    kept = "".join(character for character in "".join(letters) if character.isalnum())
    return kept[:INITIALS_LENGTH]


@transaction.atomic
def write_places(places: Iterable[NewPlace], *, source: str) -> PlaceChanges:
    """Add or correct places; one is the same when name, address and district are the same."""
    listed = list(places)
    points = shapely.points([place.lon for place in listed], [place.lat for place in listed])
    rows = (
        _as_row(place, location, source)
        for place, location in zip(listed, ewkb(np.atleast_1d(points), 4326), strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.citygis_incoming_place")
        cursor.execute(INCOMING)
        copy_rows("citygis_incoming_place", COLUMNS, rows)
        cursor.execute(WRITE)
        new = [row[0] for row in cursor.fetchall()]
    added = sum(new)
    return PlaceChanges(added, len(new) - added, len(listed) - len(new))


def _as_row(place: NewPlace, location: bytes, source: str) -> tuple[Cell, ...]:
    name, address = place.name[:NAME_LENGTH], place.address[:ADDRESS_LENGTH]
    quoted = ",".join(
        '"' + gram.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for gram in grams_of(name, address)
    )
    return (
        name,
        place.kind[:KIND_LENGTH],
        address,
        plain(name),
        initials_of(name),
        "{" + quoted + "}",
        location,
        place.district_code,
        source[:200],
    )
