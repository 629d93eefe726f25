"""Looks for open cases that may be the same thing, over all three lines (domain.md 4.2)."""

import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from dispatch import catalogue, matching
from dispatch.lifecycle import State

IN_RECEIPT = 5
CANDIDATES = 40
BUCKET_DEGREES = 0.002
METRES_PER_DEGREE = 110_574.0
LOCK_BASE = 0x5241444152 << 16
LOCK_SLOTS = 4093


@dataclass(frozen=True, slots=True)
class Probe(matching.Voice):
    """Where and what to look for."""

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


class Candidate(NamedTuple):
    """An open case in the neighbourhood, as the look-up reads it, not yet judged."""

    case_no: str
    line: str
    state: str
    title: str
    category: str
    created_at: datetime
    accuracy_m: float
    component_id: str
    lon: float
    lat: float


_SELECT = """
SELECT case_no, line, state, title, category_code, created_at, accuracy_m, component_id,
       ST_X(location), ST_Y(location)
FROM dispatch_case
"""
_NEWEST = "ORDER BY created_at DESC, id DESC"
_LOOK = f"""
{_SELECT} WHERE is_open AND family = %s AND location && ST_MakeEnvelope(%s, %s, %s, %s, 4326)
  AND created_at >= %s {_NEWEST} LIMIT %s
"""
_LOOK_MANY = f"""
SELECT near.n, found.* FROM unnest(
  %s::int[], %s::text[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::timestamptz[]
) AS near(n, family, west, south, east, north, since)
CROSS JOIN LATERAL (
  {_SELECT} WHERE is_open AND family = near.family
    AND location && ST_MakeEnvelope(near.west, near.south, near.east, near.north, 4326)
    AND created_at >= near.since {_NEWEST} LIMIT %s
) AS found
"""
_LOCK = "SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k;"


def look(probe: Probe, *, limit: int, lock: bool = False) -> list[Hit]:
    """The likeliest open cases, best first: one round trip, an index on (family, place).

    With `lock` the neighbourhood is first locked until the end of the transaction, so that of
    eight reports at once each later one sees the earlier (architecture.md 7).
    """
    radius, hours = catalogue.current().duplicate_rule(probe.family)
    box = envelope(probe, radius)
    since = probe.at - timedelta(hours=hours)
    params: list[Any] = [probe.family, *box, since, CANDIDATES]
    if lock:
        params.insert(0, sorted(slots(probe.family, *box)))
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + _LOOK if lock else _LOOK, params)
        candidates = [Candidate(*row) for row in cursor.fetchall()]
    return best(probe, candidates)[:limit]


def look_many(probes: Sequence[Probe]) -> list[list[Candidate]]:
    """The newest candidates of each probe, in one round trip; `best` judges them.

    Locks all the neighbourhoods until the end of the transaction, in the one order that everybody
    keeps. Probes of one place and family share a search, so a place that a thousand voices name
    costs no more than one.
    """
    since: dict[tuple[Any, ...], datetime] = {}
    boxes = [_search(probe, since) for probe in probes]
    places = list(since)
    found: list[list[Candidate]] = [[] for _ in places]
    columns = [list(column) for column in zip(*places, strict=True)] or [[]] * 5
    locks = sorted(set().union(*(slots(*place) for place in places)))
    numbered: list[Any] = [list(range(len(places))), *columns, list(since.values())]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + _LOOK_MANY, [locks, *numbered, CANDIDATES])
        for n, *row in cursor.fetchall():
            found[n].append(Candidate(*row))
    of_place = dict(zip(places, found, strict=True))
    return [of_place[box] for box in boxes]


def _search(probe: Probe, since: dict[tuple[Any, ...], datetime]) -> tuple[Any, ...]:
    """The family and envelope of a probe; notes in `since` how far back that search goes."""
    radius, hours = catalogue.current().duplicate_rule(probe.family)
    box = (probe.family, *envelope(probe, radius))
    oldest = probe.at - timedelta(hours=hours)
    since[box] = min(since.get(box, oldest), oldest)
    return box


def best(probe: Probe, candidates: Iterable[Candidate]) -> list[Hit]:
    """The candidates that are alike enough to be suggested, best first."""
    radius, hours = catalogue.current().duplicate_rule(probe.family)
    judged = (judge(probe, one, radius, hours) for one in candidates)
    hits = [hit for hit in judged if hit and hit.likeness.score >= matching.SUGGEST]
    hits.sort(key=lambda hit: (-hit.likeness.score, hit.case_no))
    return hits


def judge(probe: Probe, candidate: Candidate, radius: int, hours: int) -> Hit | None:
    """A candidate as a hit, or None when it is out of reach."""
    case_no, line, state, title, category, created_at, accuracy, component, lon, lat = candidate
    same_component = bool(probe.component_id) and component == probe.component_id
    likeness = matching.likeness(
        probe,
        matching.Voice(lon, lat, accuracy, category, probe.family, created_at, title),
        radius_m=radius,
        window_hours=hours,
    )
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


def squares(west: float, south: float, east: float, north: float) -> Iterator[tuple[int, int]]:
    """The squares of BUCKET_DEGREES (about 200 m) that an envelope touches: column, row."""
    for column in range(math.floor(west / BUCKET_DEGREES), math.floor(east / BUCKET_DEGREES) + 1):
        for row in range(
            math.floor(south / BUCKET_DEGREES), math.floor(north / BUCKET_DEGREES) + 1
        ):
            yield column, row


def slots(family: str, west: float, south: float, east: float, north: float) -> set[int]:
    """Lock keys of the squares that the envelope touches; take them in ascending order.

    There are LOCK_SLOTS keys in all: a wide envelope or a batch of a thousand voices must not
    fill PostgreSQL's lock table. Two squares that share a key wait for each other, nothing worse.
    """
    salt = zlib.crc32(family.encode())
    return {
        LOCK_BASE + (salt + column * 400_009 + row) % LOCK_SLOTS
        for column, row in squares(west, south, east, north)
    }
