"""Counters of the wall: from the tally, the due index and the open cases. No personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from dispatch.lifecycle import OPEN
from dispatch.wall.scope import Heads

SOON = timedelta(hours=2)
TallyKey = tuple[str, str, str, str]
"""District, line, category, state."""
_TALLY = """
SELECT h.district, h.seq, t.line, t.category, t.state, t.count
FROM dispatch_feedhead h LEFT JOIN dispatch_tally t ON t.district = h.district AND t.count > 0
WHERE h.district ^@ ANY(%s)
"""
_DUE = """
SELECT district_code, count(*) FILTER (WHERE due_at <= %s), count(*) FILTER (WHERE due_at > %s)
FROM dispatch_case
WHERE is_open AND district_code = ANY(%s) AND due_at <= %s GROUP BY district_code
"""
_DENSITY = """
SELECT left({column}, %s) AS code, count(*) FROM dispatch_case
WHERE is_open AND district_code = ANY(%s) AND NOT sensitive AND {column} <> ''
GROUP BY code ORDER BY count(*) DESC LIMIT %s
"""
_STREETS = """
SELECT street_code, count(*) FROM dispatch_case
WHERE is_open AND district_code = ANY(%s) GROUP BY street_code
"""
_STREETS_THEN = """
WITH moved AS MATERIALIZED (
  SELECT case_id, sum((from_state = ANY(%s))::int - (to_state = ANY(%s))::int) AS n
  FROM (SELECT * FROM dispatch_event WHERE at > %s AND from_state <> to_state OFFSET 0) e
  WHERE district = ANY(%s)
  GROUP BY case_id HAVING sum((from_state = ANY(%s))::int - (to_state = ANY(%s))::int) <> 0)
SELECT street_code, sum(n)::bigint FROM (
  SELECT street_code, count(*) AS n FROM dispatch_case
  WHERE is_open AND district_code = ANY(%s) GROUP BY street_code
  UNION ALL
  SELECT c.street_code, sum(m.n) FROM moved m CROSS JOIN LATERAL (
    SELECT street_code FROM dispatch_case WHERE id = m.case_id OFFSET 0) c
  GROUP BY c.street_code) counted
GROUP BY street_code HAVING sum(n) <> 0
"""
"""A case that was opened (ended) since counts one less (more) than now, whatever lies between:
the states of its events are a chain. OFFSET 0 keeps the planner to the events of the time and to
the cases that moved; it would read a district's whole log, or every case there is."""
COLUMNS = {6: "district_code", 9: "street_code", 12: "community_code"}


@dataclass(frozen=True, slots=True)
class TallyReading:
    """The tally and the numbers it is true for."""

    heads: Heads
    counts: dict[TallyKey, int]


def tally(prefixes: Sequence[str]) -> TallyReading:
    """Cases by district, line, category and state, and the heads: one statement's snapshot."""
    with connection.cursor() as cursor:
        cursor.execute(_TALLY, [list(prefixes)])
        rows = cursor.fetchall()
    return TallyReading(
        {row[0]: row[1] for row in rows},
        {(row[0], row[2], row[3], row[4]): row[5] for row in rows if row[2]},
    )


def due(districts: Sequence[str], *, now: datetime) -> dict[str, tuple[int, int]]:
    """Per district: cases past their nearest deadline, and cases due within two hours."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, now, list(districts), now + SOON])
        return {district: (over, soon) for district, over, soon in cursor.fetchall()}


def density(districts: Sequence[str], *, length: int, most: int) -> list[tuple[str, int]]:
    """Open cases per area of that code length, the fullest first; sensitive ones left out."""
    column = COLUMNS.get(length, "cell_code")
    with connection.cursor() as cursor:
        cursor.execute(_DENSITY.format(column=column), [length, list(districts), most])
        return list(cursor.fetchall())


def open_by_street(districts: Sequence[str]) -> dict[str, int]:
    """Open cases per street; "" holds those of no street."""
    with connection.cursor() as cursor:
        cursor.execute(_STREETS, [list(districts)])
        return dict(cursor.fetchall())


def open_by_street_at(districts: Sequence[str], *, at: datetime) -> dict[str, int]:
    """As `open_by_street` at a past moment: of now, with what changed since taken back."""
    chosen, both = list(districts), [sorted(state.value for state in OPEN)] * 2
    with connection.cursor() as cursor:
        cursor.execute(_STREETS_THEN, [*both, at, chosen, *both, chosen])
        return dict(cursor.fetchall())
