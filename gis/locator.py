"""In which unit grid, community, street and district a point lies, answered from memory.

A snapshot of the areas in force is kept by each process and read again when the areas change: a
database trigger moves `DataVersion`, which is looked at once a second at most. PostGIS's ST_Covers
is the judge in the tests. On a shared border the smallest code wins (domain.md 9.1, trap 23).
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from django.conf import settings
from django.contrib.gis.db.models.functions import AsWKB
from django.db import connection
from numpy.typing import NDArray

from gis.covering import Covering
from gis.models import CODE_LENGTHS, Area, Level, Topic

CHECK_SECONDS = 1.0
DEEPEST_FIRST = (Level.CELL, Level.COMMUNITY, Level.STREET, Level.DISTRICT, Level.CITY)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Located:
    """Where a point lies; a level that has no area there is ""."""

    city_code: str
    district_code: str = ""
    street_code: str = ""
    community_code: str = ""
    cell_code: str = ""
    district_name: str = ""
    street_name: str = ""
    community_name: str = ""


FIELDS = {
    Level.CITY: "city_code",
    Level.DISTRICT: "district_code",
    Level.STREET: "street_code",
    Level.COMMUNITY: "community_code",
    Level.CELL: "cell_code",
}
NAME_FIELDS = {
    Level.DISTRICT: "district_name",
    Level.STREET: "street_name",
    Level.COMMUNITY: "community_name",
}


class Snapshot:
    """The areas of one day and version, searchable by point. Never changes once made."""

    def __init__(self, rows: Sequence[tuple[str, str, str, str, bytes]], version: int) -> None:
        """Take rows of (code, level, name, parent_code, WKB), in any order."""
        self.version = version
        self._areas = {row[0]: row for row in rows}
        ordered = sorted(rows)
        self._levels: list[tuple[Covering, list[Located]]] = []
        for level in DEEPEST_FIRST:
            of_level = [row for row in ordered if row[1] == level]
            if of_level:
                polygons = shapely.from_wkb([row[4] for row in of_level])
                places = [self._located(row[0]) for row in of_level]
                self._levels.append((Covering(polygons), places))

    def locate(self, lon: float, lat: float) -> Located | None:
        """The deepest area that covers a WGS84 point, with all above it; None outside the city."""
        for covering, places in self._levels:
            position = covering.find(lon, lat)
            if position >= 0:
                return places[position]
        return None

    def locate_many(self, lons: Floats, lats: Floats) -> list[Located | None]:
        """`locate` of each WGS84 point, in degrees."""
        lons, lats = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        answers = np.full(len(lons), None, dtype=object)
        missing = np.arange(len(lons))
        for covering, places in self._levels:
            found = covering.find_many(lons[missing], lats[missing])
            hit = found >= 0
            answers[missing[hit]] = np.asarray(places, dtype=object)[found[hit]]
            missing = missing[~hit]
            if not len(missing):
                break
        located: list[Located | None] = answers.tolist()
        return located

    @property
    def is_empty(self) -> bool:
        """True where no areas are in force at all."""
        return not self._areas

    def name_of(self, code: str) -> str:
        """The name of an area, or "" where it is not in force."""
        area = self._areas.get(code)
        return area[2] if area else ""

    def _located(self, code: str) -> Located:
        """The chain from an area upwards: by parent_code where stated, else by the code itself."""
        chain: dict[str, str] = {"city_code": ""}
        below = DEEPEST_FIRST.index(Level(self._areas[code][1]))
        for step, level in enumerate(DEEPEST_FIRST[below:]):
            if step:
                area = self._areas.get(code)
                code = (area[3] if area else "") or code[: CODE_LENGTHS[level][0]]
            chain[FIELDS[level]] = code
            if level in NAME_FIELDS:
                chain[NAME_FIELDS[level]] = self.name_of(code)
        return Located(**chain)


def snapshot_on(day: date, version: int = 0) -> Snapshot:
    """Read the areas in force on a day, in one query."""
    areas = Area.objects.valid_on(day).annotate(wkb=AsWKB("geom"))
    rows = areas.values_list("code", "level", "name", "parent_code", "wkb")
    return Snapshot([(*row[:4], bytes(row[4])) for row in rows], version)


class _Keeper:
    """The current snapshot of this process and when it was last compared with the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._day: date | None = None
        self._checked = 0.0

    def current(self) -> Snapshot:
        """The snapshot in force; while one thread reads a newer one, the others use the old."""
        held = self._snapshot
        if held is not None and time.monotonic() - self._checked < CHECK_SECONDS:
            return held
        if held is not None and not self._lock.acquire(blocking=False):
            return held
        if held is None:
            self._lock.acquire()
        try:
            return self._compare(force=False)
        finally:
            self._lock.release()

    def expire(self) -> None:
        """Let the next question compare with the database, however soon it comes."""
        self._checked = -CHECK_SECONDS

    def refresh(self) -> Snapshot:
        """Compare with the database now."""
        with self._lock:
            return self._compare(force=True)

    def _compare(self, *, force: bool) -> Snapshot:
        held = self._snapshot
        if held is not None and not force and time.monotonic() - self._checked < CHECK_SECONDS:
            return held
        version, day = _version_and_day()
        if held is None or held.version != version or self._day != day:
            held = snapshot_on(day, version)
            self._snapshot, self._day = held, day
        self._checked = time.monotonic()
        return held


def _version_and_day() -> tuple[int, date]:
    """The version of the areas, and today by the database's clock in the city's time zone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT number FROM citygis_dataversion WHERE topic = %s),"
            " (now() AT TIME ZONE %s)::date",
            [Topic.AREAS.value, settings.TIME_ZONE],
        )
        version, day = cursor.fetchone()
    return version or 0, day


_keeper = _Keeper()


def snapshot() -> Snapshot:
    """The areas in force today; at most a second old."""
    return _keeper.current()


def refresh() -> Snapshot:
    """Read the areas again if they changed, without waiting for the next second's look."""
    return _keeper.refresh()


def expire() -> None:
    """Let the next question look whether the areas changed; for those who changed them."""
    _keeper.expire()


def locate(lon: float, lat: float) -> Located | None:
    """In which areas a WGS84 point lies today; None outside the city. About 3 microseconds."""
    return _keeper.current().locate(lon, lat)


def locate_many(lons: Floats, lats: Floats) -> list[Located | None]:
    """`locate` of each WGS84 point; millions a second."""
    return _keeper.current().locate_many(lons, lats)
