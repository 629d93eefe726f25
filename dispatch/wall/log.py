"""The log as the wall reads it: transitions to be added up, and steps to be played again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from dispatch import catalogue
from dispatch.wall.scope import Heads
from gis import locator

OTHER_CATEGORY = "OTHER_CATEGORY"
"""Stands for the state of a case under the category that it left or came from."""


class Transition(NamedTuple):
    """So many cases went from a state to another in a span of the log."""

    district: str
    bucket: datetime
    line: str
    category: str
    from_state: str
    to_state: str
    n: int


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one case; of a sensitive one neither the number nor the place is told."""

    district: str
    seq: int
    at: str
    created_at: str
    topic: str
    case_no: str
    line: str
    priority: int
    category: str
    street: str
    street_code: str
    from_state: str
    to_state: str
    lon: float | None
    lat: float | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


_CHANGES = f"""
WITH changed AS (
  SELECT e.district, to_timestamp(floor(extract(epoch FROM at) / %s) * %s) AS bucket, line,
         category, coalesce(payload ->> 'from_category', category) AS before, from_state, to_state
  FROM {{source}}
)
SELECT district, bucket, line, category, from_state, to_state, count(*) FROM (
  SELECT district, bucket, line, category, from_state, to_state FROM changed
  WHERE before = category AND from_state <> to_state
  UNION ALL
  SELECT district, bucket, line, before, from_state, '{OTHER_CATEGORY}' FROM changed
  WHERE before <> category AND from_state <> ''
  UNION ALL
  SELECT district, bucket, line, category,
         CASE WHEN from_state = '' THEN '' ELSE '{OTHER_CATEGORY}' END, to_state FROM changed
  WHERE before <> category
) moved GROUP BY 1, 2, 3, 4, 5, 6
"""
_BY_SEQ = _CHANGES.format(
    source="unnest(%s::text[], %s::bigint[], %s::bigint[]) AS d(district, after, upto)"
    " CROSS JOIN LATERAL (SELECT * FROM dispatch_event x WHERE x.district = d.district"
    " AND x.seq > d.after AND x.seq <= d.upto OFFSET 0) e"
)
"""OFFSET 0 keeps the planner from reading the whole log where it cannot know the numbers."""
_BY_TIME = _CHANGES.format(
    source="unnest(%s::text[], %s::bigint[]) AS d(district, upto) JOIN dispatch_event e"
    " ON e.district = d.district AND e.seq <= d.upto WHERE e.at > %s AND e.at <= %s"
)
_COLUMNS = """
e.id, e.district, e.seq, e.at, c.created_at, e.topic, e.case_no, e.line, e.priority, e.category,
c.street_code, e.from_state, e.to_state, c.sensitive,
round((ST_X(c.location) * 2000)::numeric) / 2000, round((ST_Y(c.location) * 2000)::numeric) / 2000
"""
_PLAY = f"""
SELECT {_COLUMNS} FROM dispatch_event e JOIN dispatch_case c ON c.id = e.case_id
WHERE e.district = ANY(%s) AND e.seq IS NOT NULL AND e.at >= %s AND e.at <= %s
  AND (e.at, e.id) > (%s, %s)
ORDER BY e.at, e.id LIMIT %s
"""
_LATEST = f"""
SELECT x.* FROM unnest(%s::text[], %s::bigint[]) AS d(district, after) CROSS JOIN LATERAL (
  SELECT {_COLUMNS} FROM dispatch_event e JOIN dispatch_case c ON c.id = e.case_id
  WHERE e.district = d.district AND e.seq > d.after ORDER BY e.seq DESC LIMIT %s) x
"""
NEWS_REACH = 5000
"""How many numbers back news are looked for: a storm of clocks must not make the search long."""
_NEWS = f"""
SELECT {_COLUMNS} FROM unnest(%s::text[]) AS d(district)
JOIN dispatch_feedhead h ON h.district = d.district CROSS JOIN LATERAL (
  SELECT n.* FROM dispatch_event n JOIN dispatch_case m ON m.id = n.case_id AND NOT m.sensitive
  WHERE n.district = d.district AND n.seq > h.seq - {NEWS_REACH} AND n.from_state <> n.to_state
  ORDER BY n.seq DESC LIMIT %s) e
JOIN dispatch_case c ON c.id = e.case_id
"""


def transitions(after: Heads, upto: Heads, *, bucket_s: int) -> list[Transition]:
    """What the numbers of each district after one and up to another moved, in buckets."""
    spans = [(d, after.get(d, 0), seq) for d, seq in upto.items() if seq > after.get(d, 0)]
    if not spans:
        return []
    columns = (list(column) for column in zip(*spans, strict=True))
    return _added(_BY_SEQ, [bucket_s, bucket_s, *columns])


def transitions_between(
    upto: Heads, *, since: datetime, until: datetime, bucket_s: int
) -> list[Transition]:
    """What happened after `since` and not after `until`, among the numbers up to `upto`."""
    return _added(_BY_TIME, [bucket_s, bucket_s, list(upto), list(upto.values()), since, until])


def _added(sql: str, params: list[Any]) -> list[Transition]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Transition(*row) for row in cursor.fetchall()]


def latest(after: Heads, *, most: int) -> list[Step]:
    """The newest steps of each district after its number, newest first, at most so many each."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [list(after), list(after.values()), most])
        steps = [_step(row) for row in cursor.fetchall()]
    return sorted(steps, key=lambda step: (step.at, step.seq), reverse=True)


def news(districts: Sequence[str], *, most: int) -> list[Step]:
    """The newest changes of state, newest first; none of a sensitive case, none of a clock."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, [list(districts), most])
        steps = [_step(row) for row in cursor.fetchall()]
    return sorted(steps, key=lambda step: (step.at, step.seq), reverse=True)[:most]


def steps_between(
    districts: Sequence[str], *, since: datetime, after_id: int, until: datetime, most: int
) -> tuple[list[Step], int]:
    """Steps in order of time, later than (`since`, `after_id`) up to `until`; the last one's id."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAY, [list(districts), since, until, since, after_id, most])
        rows = cursor.fetchall()
    return [_step(row) for row in rows], rows[-1][0] if rows else 0


def _step(row: tuple[Any, ...]) -> Step:
    _id, district, seq, at, created, topic, no, line, priority, code, street, *rest = row
    before, after, is_sensitive, lon, lat = rest
    category = catalogue.current().categories.get(code)
    name_of = locator.snapshot().name_of
    is_shown = not is_sensitive and lon is not None
    return Step(
        district=district,
        seq=seq,
        at=at.isoformat(),
        created_at=created.isoformat(),
        topic=topic,
        case_no="" if is_sensitive else no,
        line=line,
        priority=priority,
        category="" if is_sensitive else category.name if category else code,
        street=name_of(street) or name_of(district),
        street_code=street,
        from_state=before,
        to_state=after,
        lon=float(lon) if is_shown else None,
        lat=float(lat) if is_shown else None,
    )
