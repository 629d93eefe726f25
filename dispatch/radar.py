"""Looks for open cases that may be the same thing, over all three lines (domain.md 4.2)."""

import math
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from dispatch import catalogue, matching
from dispatch.lifecycle import State

IN_RECEIPT = 5
CANDIDATES = 40
BUCKET_DEGREES = 0.002
METRES_PER_DEGREE = 110_574.0


@dataclass(frozen=True, slots=True)
class Probe:
    """Where and what to look for: degrees WGS84, metres, words."""

    lon: float
    lat: float
    accuracy_m: float
    category: str
    family: str
    at: datetime
    text: str
    component_id: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """An open case that may be the same, and why."""

    case_no: str
    line: str
    state: str
    title: str
    created_at: datetime
    same_component: bool
    likeness: matching.Likeness

    def as_dict(self) -> dict[str, Any]:
        """As the receipt names it."""
        return {
            "case_no": self.case_no,
            "score": self.likeness.score,
            "distance_m": self.likeness.distance_m,
            "reasons": list(self.likeness.reasons),
        }


_LOOK = """
SELECT case_no, line, state, title, category_code, created_at, accuracy_m, component_id,
       ST_X(location), ST_Y(location)
FROM dispatch_case
WHERE is_open AND family = %s
  AND location && ST_MakeEnvelope(%s, %s, %s, %s, 4326)
ORDER BY created_at DESC LIMIT %s
"""
_LOCK = "SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k;"


def look(probe: Probe, *, limit: int, lock: bool = False) -> list[Hit]:
    """The likeliest open cases, best first: one round trip, an index on (family, place).

    With `lock` the neighbourhood is first locked until the end of the transaction, so that of
    eight reports at once each later one sees the earlier (architecture.md 7).
    """
    radius, hours = catalogue.current().duplicate_rule(probe.family)
    west, south, east, north = envelope(probe, radius)
    sql = _LOOK
    params: list[Any] = [probe.family, west, south, east, north, CANDIDATES]
    if lock:
        sql, params = _LOCK + _LOOK, [buckets(probe.family, west, south, east, north), *params]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    hits = [hit for row in rows if (hit := judge(probe, row, radius, hours))]
    hits.sort(key=lambda hit: (-hit.likeness.score, hit.case_no))
    return hits[:limit]


def judge(probe: Probe, row: tuple[Any, ...], radius: int, hours: int) -> Hit | None:
    """A row of the look-up as a hit, or None when it is not alike enough."""
    case_no, line, state, title, category, created_at, accuracy, component, lon, lat = row
    same_component = bool(probe.component_id) and component == probe.component_id
    likeness = matching.likeness(
        matching.Voice(
            probe.lon, probe.lat, probe.accuracy_m, probe.category, probe.family, probe.at,
            probe.text,
        ),
        matching.Voice(lon, lat, accuracy, category, probe.family, created_at, title),
        radius_m=radius,
        window_hours=hours,
    )  # fmt: skip
    if likeness is None:
        return None
    if same_component:
        reasons = ("SAME_COMPONENT", *likeness.reasons)
        likeness = matching.Likeness(1.0, likeness.distance_m, reasons)
    can_join = same_component and state not in {State.SUSPENDED, State.ARBITRATION}
    return Hit(case_no, line, state, title, created_at, can_join, likeness)


def envelope(probe: Probe, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees around the probe, its accuracy included."""
    reach = radius_m + probe.accuracy_m
    lat = reach / METRES_PER_DEGREE
    lon = lat / max(0.01, math.cos(math.radians(probe.lat)))
    return probe.lon - lon, probe.lat - lat, probe.lon + lon, probe.lat + lat


def buckets(family: str, west: float, south: float, east: float, north: float) -> list[int]:
    """Lock keys of the squares (about 200 m) that the envelope touches, in one order for all."""
    salt = zlib.crc32(family.encode()) << 31
    return sorted(
        salt ^ (column * 400_009 + row) & 0x7FFFFFFF
        for column in range(
            math.floor(west / BUCKET_DEGREES), math.floor(east / BUCKET_DEGREES) + 1
        )
        for row in range(math.floor(south / BUCKET_DEGREES), math.floor(north / BUCKET_DEGREES) + 1)
    )
