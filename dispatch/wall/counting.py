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
WITH touched AS MATERIALIZED (
  SELECT DISTINCT e.case_id FROM dispatch_event e
  WHERE e.district = ANY(%s) AND e.at > %s AND e.from_state <> e.to_state)
SELECT street_code, sum(n)::bigint FROM (
  SELECT street_code, count(*) AS n FROM dispatch_case
  WHERE is_open AND district_code = ANY(%s) GROUP BY street_code
  UNION ALL
  SELECT c.street_code, -count(*) FROM touched t JOIN dispatch_case c ON c.id = t.case_id
  WHERE c.is_open GROUP BY c.street_code
  UNION ALL
  SELECT c.street_code, count(*) FROM touched t JOIN dispatch_case c ON c.id = t.case_id
  CROSS JOIN LATERAL (
    SELECT e.to_state FROM dispatch_event e
    WHERE e.case_id = c.id AND e.at <= %s ORDER BY e.id DESC LIMIT 1) e
  WHERE e.to_state = ANY(%s) GROUP BY c.street_code) moved
GROUP BY street_code HAVING sum(n) <> 0
"""
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
    chosen, open_states = list(districts), [state.value for state in OPEN]
    with connection.cursor() as cursor:
        cursor.execute(_STREETS_THEN, [chosen, at, chosen, at, open_states])
        return dict(cursor.fetchall())
