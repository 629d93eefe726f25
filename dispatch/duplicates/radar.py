"""Looks for cases that may be the same thing, over all three lines (domain.md 4.2).

Found by place, by what a voice names (component, device, application, road, estate), by who calls,
and by an accepted area incident: all in one statement. `dispatch/matching.py` judges.
"""

import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from accounts.prepared import execute_prepared
from dispatch import catalogue, matching
from dispatch.lifecycle import State
from dispatch.matching import STRONG, Likeness, MatchRule

IN_RECEIPT = 5
CANDIDATES = 40
BUCKET_DEGREES = 0.002
METRES_PER_DEGREE = 110_574.0
LOCK_BASE = 0x5241444152 << 16
LOCK_SLOTS = 4093
EVER = datetime(2000, 1, 1, tzinfo=UTC)
AT_PLACE, BY_KEY, CALLER, INCIDENT, ENDED = "", "KEY", "CALLER", "INCIDENT", "ENDED"
"""The ways in which a case is found."""
PERSONAL = frozenset({"SAME_CALLER", "SAME_APPLICATION"})
"""Reasons that say something of a person: told only to who may see the case."""
STANDING = frozenset({State.SUSPENDED.value, State.ARBITRATION.value})
"""States in which a case takes no voice by itself."""


@dataclass(frozen=True, slots=True)
class Probe(matching.Voice):
    """Where and what to look for. `callers` are keyed hashes of phones, empty for who hides."""

    component_id: str = ""
    callers: tuple[str, ...] = ()
    district: str = ""
    community: str = ""

    @property
    def districts(self) -> list[str]:
        """Where what it names may lie: its district and the queue of those without; all if unknown.

        One name means many roads in one city, so a name alone does not cross a border.
        """
        nowhere = f"{settings.CITY_CODE}00"
        return [self.district, nowhere] if self.district not in {"", nowhere} else []

    @property
    def rule(self) -> MatchRule:
        """The rule of its category."""
        return catalogue.current().duplicate_rule(self.category, self.family)


class Candidate(NamedTuple):
    """A case that the look-up found, in which way, not yet judged."""

    case_no: str
    line: str
    state: str
    title: str
    category: str
    created_at: datetime
    accuracy_m: float
    component_id: str
    lon: float | None
    lat: float | None
    family: str
    keys: Sequence[str]
    is_open: bool
    closed_at: datetime | None
    district: str
    sensitive: bool
    way: str = ""
    answer: str = ""
    incident: int | None = None
    auto_join: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A case that may be the same, and why. `answer` is what its citizens were told."""

    case_no: str
    line: str
    state: str
    title: str
    created_at: datetime
    same_component: bool
    likeness: Likeness
    category: str = ""
    district: str = ""
    sensitive: bool = False
    closed_at: datetime | None = None
    answer: str = ""
    incident: int | None = None
    incident_joins: bool = False

    @property
    def is_personal(self) -> bool:
        """True when naming the case says who called."""
        return bool(PERSONAL & set(self.likeness.reasons))

    @property
    def takes_voices(self) -> bool:
        """True when a rule may attach a voice to it."""
        return self.closed_at is None and self.state not in STANDING

    def as_dict(self) -> dict[str, Any]:
        """As the receipt names it."""
        body: dict[str, Any] = {
            "case_no": self.case_no,
            "score": self.likeness.score,
            "distance_m": self.likeness.distance_m,
            "reasons": list(self.likeness.reasons),
        }
        if self.incident:
            body["incident"] = {"id": self.incident, "answer": self.answer}
        return body


_COLUMNS = """c.case_no, c.line, c.state, c.title, c.category_code, c.created_at, c.accuracy_m,
       c.component_id, ST_X(c.location), ST_Y(c.location), c.family, c.match_keys, c.is_open,
       c.closed_at, c.district_code, c.sensitive"""
_PLAIN = "'' AS answer, NULL::bigint AS incident, false AS auto_join"
_SELECT = f"SELECT {_COLUMNS}, '{AT_PLACE}' AS way, {_PLAIN} FROM dispatch_case c"
_SELECT_KEY = f"SELECT {_COLUMNS}, '{BY_KEY}' AS way, {_PLAIN} FROM dispatch_case c"
_NEWEST = "ORDER BY c.created_at DESC, c.id DESC"
_NEWEST_AT_PLACE = "ORDER BY c.created_at <-> '2200-01-01T00:00:00Z'::timestamptz"
"""In the order of the radar's index: of 5,000 cases on one point only the newest 40 are read."""
_AT_PLACE = f"""({_SELECT}
 WHERE c.is_open AND c.family = %s AND c.location && ST_MakeEnvelope(%s, %s, %s, %s, 4326)
   AND c.created_at >= %s {_NEWEST_AT_PLACE} LIMIT {CANDIDATES})"""
_BY_KEY = f"""({_SELECT_KEY}
 WHERE c.is_open AND c.match_keys <> '{{}}' AND c.match_keys && %s::varchar[]
   AND (c.match_keys && %s::varchar[] OR c.family = %s AND (%s OR c.district_code = ANY(%s)))
 {_NEWEST} LIMIT {CANDIDATES})"""
_OF_CALLER = f"""
SELECT {_COLUMNS}, '{CALLER}' AS way, {_PLAIN}
FROM dispatch_intake i JOIN dispatch_case c ON c.id = i.case_id
WHERE i.phone_index <> '' AND NOT i.confidential AND NOT i.anonymous"""
_BY_CALLER = f"""({_OF_CALLER}
   AND i.phone_index = ANY(%s) AND i.received_at >= %s AND (c.is_open OR c.closed_at >= %s)
 ORDER BY i.received_at DESC, i.id DESC LIMIT {CANDIDATES})"""
_TOLD = """coalesce((SELECT n.text FROM dispatch_note n WHERE n.case_id = c.id
  AND n.move IN ('submit_result', 'answer_directly') ORDER BY n.id DESC LIMIT 1), '')"""
_CLOSED = f"""(
SELECT {_COLUMNS}, '{ENDED}' AS way, {_TOLD} AS answer, NULL::bigint AS incident,
       false AS auto_join FROM dispatch_case c
 WHERE c.state = 'CLOSED' AND c.family = %s
   AND c.location && ST_MakeEnvelope(%s, %s, %s, %s, 4326)
   AND c.closed_at >= %s {_NEWEST} LIMIT {CANDIDATES})"""
_BY_INCIDENT = f"""(
SELECT {_COLUMNS}, '{INCIDENT}' AS way, n.answer, n.id AS incident, n.auto_join
FROM dispatch_incident n JOIN dispatch_case c ON c.id = n.primary_id
WHERE n.state = 'ACCEPTED' AND (%s OR n.district_code = ANY(%s)) AND n.family = %s AND c.is_open
  AND (n.spot = ANY(%s) OR ST_DWithin(n.centre::geography, ST_Point(%s, %s, 4326)::geography,
                                      n.radius_m)))"""
_LOCK = "SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k;"
Part = tuple[str, list[Any]]


def look(
    probe: Probe, *, limit: int, lock: bool = False, closed: bool = False, but: str = ""
) -> list[Hit]:
    """The likeliest cases, best first: one round trip, each way to find them by its index.

    With `lock` the neighbourhood is first locked until the end of the transaction, so that of
    eight reports at once each later one sees the earlier (architecture.md 7). With `closed` what
    was closed lately is named too. `but` is a case that is not its own twin.
    """
    statement, params = search_of(probe, closed=closed)
    if not statement:
        return []
    name = f"dispatch_radar_{zlib.crc32(statement.encode()):08x}"
    first = (_LOCK, [sorted(locks_of(probe))]) if lock else None
    with connection.cursor() as cursor:
        execute_prepared(cursor, statement, params, name=name, first=first)
        candidates = [Candidate(*row) for row in cursor.fetchall()]
    return best(probe, (one for one in candidates if one.case_no != but))[:limit]


def search_of(probe: Probe, *, closed: bool = False) -> Part:
    """The statement that finds the candidates of a probe, with its parameters; empty for none."""
    parts = [*_open_parts(probe, closed=closed), *(_closed_part(probe) if closed else ())]
    params = [value for _, values in parts for value in values]
    return " UNION ALL ".join(sql for sql, _ in parts), params


def _open_parts(probe: Probe, *, closed: bool) -> Iterator[Part]:
    """The ways in which a probe looks for open cases."""
    rule = probe.rule
    if box := envelope(probe, rule.radius_m):
        yield _AT_PLACE, [probe.family, *box, since(probe, rule)]
    if probe.keys:
        strong = [key for key in probe.keys if key.startswith(STRONG)]
        anywhere = not probe.districts
        yield _BY_KEY, [sorted(probe.keys), strong, probe.family, anywhere, probe.districts]
    if probe.callers:
        ago = probe.at - timedelta(days=rule.caller_days)
        ended = ago if closed else datetime.max.replace(tzinfo=UTC)
        yield _BY_CALLER, [list(probe.callers), ago, ended]
    yield from _incident_part(probe)


def _incident_part(probe: Probe) -> Iterator[Part]:
    """The accepted incident that a probe lies in, where its district has one of the family."""
    live = catalogue.current().incidents
    places = probe.districts
    if any(family == probe.family and (not places or at in places) for at, family in live):
        spots = [key for key in probe.keys if key.startswith(matching.ESTATE)]
        if probe.community:
            spots.append(f"{matching.COMMUNITY}{probe.community}")
        yield _BY_INCIDENT, [not places, places, probe.family, spots, probe.lon, probe.lat]


def incidents(probe: Probe) -> list[Candidate]:
    """The primary cases of the incidents that a probe lies in; no query where there is none."""
    for sql, params in _incident_part(probe):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [Candidate(*row) for row in cursor.fetchall()]
    return []


def _closed_part(probe: Probe) -> Iterator[Part]:
    rule = probe.rule
    box = envelope(probe, rule.radius_m)
    if box and rule.closed_hours:
        yield _CLOSED, [probe.family, *box, probe.at - timedelta(hours=rule.closed_hours)]


def since(probe: Probe, rule: MatchRule) -> datetime:
    """How far back open cases count."""
    hours = rule.window_hours
    return EVER if hours is None else probe.at - timedelta(hours=hours)


def best(probe: Probe, candidates: Iterable[Candidate]) -> list[Hit]:
    """The candidates that are alike enough to be suggested, best first, an incident before all."""
    rule = probe.rule
    found: dict[str, list[Candidate]] = {}
    for one in candidates:
        found.setdefault(one.case_no, []).append(one)
    judged = (judge(probe, rows, rule) for rows in found.values())
    hits = [hit for hit in judged if hit and hit.likeness.score >= matching.SUGGEST]
    hits.sort(key=lambda hit: (not hit.incident, -hit.likeness.score, hit.case_no))
    return hits


def judge(probe: Probe, rows: Sequence[Candidate], rule: MatchRule) -> Hit | None:
    """A candidate, found in one way or several, as a hit; None when nothing speaks for it."""
    one = rows[0]
    incident = next((row for row in rows if row.incident), None)
    likeness = matching.compare(
        probe,
        matching.Voice(
            one.lon, one.lat, one.accuracy_m, one.category, one.family,
            one.created_at, one.title, frozenset(one.keys),
        ),
        rule,
        same_caller=any(row.way == CALLER for row in rows),
    )  # fmt: skip
    if incident:
        rest = likeness.reasons if likeness else ()
        far = likeness.distance_m if likeness else None
        likeness = Likeness(1.0, far, ("AREA_INCIDENT", *rest))
    if likeness is None:
        return None
    if not one.is_open:
        reasons = ("RECENTLY_CLOSED", *likeness.reasons)
        likeness = Likeness(likeness.score, likeness.distance_m, reasons)
    return Hit(
        case_no=one.case_no,
        line=one.line,
        state=one.state,
        title=one.title,
        created_at=one.created_at,
        same_component=bool({"SAME_COMPONENT", "SAME_DEVICE"} & set(likeness.reasons))
        and one.state not in STANDING,
        likeness=likeness,
        category=one.category,
        district=one.district,
        sensitive=one.sensitive,
        closed_at=None if one.is_open else one.closed_at,
        answer=incident.answer if incident else next((r.answer for r in rows if r.answer), ""),
        incident=incident.incident if incident else None,
        incident_joins=bool(incident and incident.auto_join),
    )


def envelope(probe: Probe, radius_m: float) -> tuple[float, float, float, float] | None:
    """West, south, east, north in degrees around the probe, its accuracy included; or nowhere."""
    if probe.lon is None or probe.lat is None:
        return None
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


def locks_of(probe: Probe) -> set[int]:
    """Lock keys of all that a probe looks for; take them in ascending order."""
    box = envelope(probe, probe.rule.radius_m)
    names = {*probe.keys, *probe.callers}
    by_name = {LOCK_BASE + zlib.crc32(name.encode()) % LOCK_SLOTS for name in names}
    return by_name | (slots(probe.family, *box) if box else set())


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
