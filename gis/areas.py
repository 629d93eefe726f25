"""Writes areas: a new code is a new row, a changed one a new version, the same one nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from gis.bulk import copy_rows

INCOMING = """
CREATE TEMP TABLE citygis_incoming (
    code text PRIMARY KEY, level text, name text, parent_code text,
    geom geometry(MultiPolygon, 4326), synthetic boolean
) ON COMMIT DROP
"""
COLUMNS = ("code", "level", "name", "parent_code", "geom", "synthetic")
LATER = """
SELECT held.code FROM citygis_incoming AS new
JOIN citygis_area AS held ON held.code = new.code AND held.valid_to IS NULL
WHERE held.valid_from > %s ORDER BY held.code LIMIT 1
"""
DROP_SAME = """
DELETE FROM citygis_incoming AS new USING citygis_area AS held
WHERE held.code = new.code AND held.valid_to IS NULL
  AND (held.level, held.name, held.parent_code, held.synthetic)
    = (new.level, new.name, new.parent_code, new.synthetic)
  AND ST_AsBinary(held.geom) = ST_AsBinary(new.geom)
"""
CLOSE = """
UPDATE citygis_area AS held SET valid_to = %s FROM citygis_incoming AS new
WHERE held.code = new.code AND held.valid_to IS NULL AND held.valid_from < %s
"""
CORRECT_TODAY = """
UPDATE citygis_area AS held
SET level = new.level, name = new.name, parent_code = new.parent_code, geom = new.geom,
    synthetic = new.synthetic, area_m2 = ST_Area(new.geom::geography), source = %s
FROM citygis_incoming AS new
WHERE held.code = new.code AND held.valid_to IS NULL
"""
ADD = """
INSERT INTO citygis_area
    (code, level, name, parent_code, geom, area_m2, valid_from, source, synthetic)
SELECT code, level, name, parent_code, geom, ST_Area(geom::geography), %s, %s, synthetic
FROM citygis_incoming AS new
WHERE NOT EXISTS (SELECT FROM citygis_area AS held WHERE held.code = new.code
                  AND held.valid_to IS NULL)
"""


class LaterVersionError(Exception):
    """An area is already in force from a later day than the one to write."""

    code = "LATER_VERSION"

    def __init__(self, area_code: str) -> None:
        super().__init__(f"area {area_code} already has a version from a later day")


@dataclass(frozen=True, slots=True)
class NewArea:
    """One area to write; `wkb` is the EWKB or WKB of a MultiPolygon in EPSG:4326."""

    code: str
    level: str
    name: str
    parent_code: str
    wkb: bytes
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class AreaChanges:
    """How many areas were new, got a new version, or stayed as they were."""

    added: int
    changed: int
    unchanged: int


@transaction.atomic
def write_areas(areas: Iterable[NewArea], *, valid_from: date, source: str) -> AreaChanges:
    """Bring the open versions to what is given, from a day on; areas not named stay untouched.

    A version that began on that very day is corrected in place. Raises LaterVersionError.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.citygis_incoming")
        cursor.execute(INCOMING)
        given = copy_rows("citygis_incoming", COLUMNS, map(_as_row, areas))
        cursor.execute("LOCK TABLE citygis_area IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(LATER, [valid_from])
        if later := cursor.fetchone():
            raise LaterVersionError(later[0])
        cursor.execute(DROP_SAME)
        unchanged = cursor.rowcount
        if unchanged == given:
            return AreaChanges(0, 0, unchanged)
        cursor.execute(CLOSE, [valid_from, valid_from])
        closed = cursor.rowcount
        cursor.execute(CORRECT_TODAY, [source])
        corrected = cursor.rowcount
        cursor.execute(ADD, [valid_from, source])
    changed = closed + corrected
    return AreaChanges(given - unchanged - changed, changed, unchanged)


def _as_row(area: NewArea) -> tuple[str, str, str, str, bytes, bool]:
    return area.code, area.level, area.name, area.parent_code, area.wkb, area.synthetic
