"""A small square city for the tests of gis, and where the developers' pack lies."""

from datetime import date
from pathlib import Path

import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon

from gis.models import Area, Level

PACK = Path(__file__).resolve().parents[3] / "shared" / "data"
SHENZHEN = PACK / "cn_shenzhen"
SHANGHAI = PACK / "cn_shanghai"
BOSTON = PACK / "us_boston_311"
DAY = date(2020, 1, 1)


def add_area(code: str, level: str, name: str, wkb: bytes, parent_code: str = "") -> Area:
    """One area in force since 2020."""
    geometry = GEOSGeometry(memoryview(wkb), srid=4326)
    if not isinstance(geometry, MultiPolygon):
        geometry = MultiPolygon(geometry, srid=4326)
    return Area.objects.create(
        code=code,
        level=level,
        name=name,
        parent_code=parent_code,
        geom=geometry,
        area_m2=1.0,
        valid_from=DAY,
    )


def square(west: int, south: int, east: int, north: int) -> bytes:
    """A rectangle in thousandths of a degree from 120 E, 30 N, as WKB."""
    box = shapely.box(120 + west / 1000, 30 + south / 1000, 120 + east / 1000, 30 + north / 1000)
    wkb: bytes = shapely.to_wkb(box)
    return wkb


def square_city() -> None:
    """Two districts; the first has a street, that a community, that four cells."""
    add_area("3399", Level.CITY, "云澜市", square(0, 0, 8, 4))
    add_area("339901", Level.DISTRICT, "云中区", square(0, 0, 4, 4), "3399")
    add_area("339902", Level.DISTRICT, "澜江区", square(4, 0, 8, 4), "3399")
    add_area("339901001", Level.STREET, "望江街道", square(0, 0, 4, 2), "339901")
    add_area("339901001001", Level.COMMUNITY, "春晓社区", square(0, 0, 2, 2), "339901001")
    cells = [(0, 1), (1, 1), (0, 0), (1, 0)]
    for number, (west, south) in enumerate(cells, start=1):
        box = square(west, south, west + 1, south + 1)
        add_area(f"339901001001{number:03d}", Level.CELL, "", box, "339901001001")
