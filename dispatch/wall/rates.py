"""Rates and rankings of the wall, by what was closed in the period (domain.md 1.9, 2.6, 7.4).

A case counts on the day it is closed, never on the day it was made: leaving cases open improves
no rate. Units and districts are compared, people never (domain.md 5.6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from dispatch.fields import Satisfaction
from dispatch.lifecycle import State

LOOP: tuple[tuple[str, tuple[State, ...]], ...] = (
    ("COLLECT", (State.REGISTERED, State.VERIFYING, State.PENDING_FILING)),
    ("ACCEPT", (State.PENDING_DISPATCH,)),
    ("DISPATCH", (State.PENDING_SIGN, State.RETURN_REVIEW, State.ARBITRATION)),
    ("HANDLE", (State.PROCESSING, State.SUSPENDED)),
    ("CHECK", (State.PENDING_CHECK, State.CHECKING)),
    ("EVALUATE", (State.PENDING_CALLBACK,)),
)
"""The closed loop: at which step a case waits in which state. In order."""
COEFFICIENTS = {
    Satisfaction.VERY_SATISFIED: 1.0,
    Satisfaction.SATISFIED: 1.0,
    Satisfaction.BASICALLY: 0.8,
    Satisfaction.DISSATISFIED: 0.0,
    Satisfaction.VERY_DISSATISFIED: 0.0,
}
"""What an answer is worth (domain.md 2.6)."""
MOST_STAYS = 5000


@dataclass(frozen=True, slots=True)
class Rate:
    """A share (0 to 1; None without any case) and how many cases it speaks of."""

    share: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one district or unit closed its cases in a period and in the period before."""

    code: str
    name: str
    on_time: Rate
    before: Rate


@dataclass(frozen=True, slots=True)
class Stay:
    """How long cases stayed at a step: the median in seconds, over n stays that ended."""

    step: str
    median_s: float
    n: int


_CLOSED = """
SELECT DISTINCT ON (e.case_id) e.case_id, e.at, e.payload ->> 'close_type' AS kind
FROM dispatch_event e
WHERE e.topic = 'case.closed' AND e.at > %s AND e.at <= %s AND e.seq IS NOT NULL
  AND e.district = ANY(%s) ORDER BY e.case_id, e.id DESC
"""
_CLOSING = f"""
WITH closed AS ({_CLOSED}), judged AS (
  SELECT closed.case_id, closed.kind, c.rework_count,
         bool_or(b.solved = 'YES') AND NOT bool_or(b.solved IN ('NO', 'PARTIAL')) AS solved
  FROM closed JOIN dispatch_case c ON c.id = closed.case_id
  LEFT JOIN dispatch_intake i ON i.case_id = c.id
  LEFT JOIN dispatch_callback b ON b.intake_id = i.id AND b.solved IN ('YES', 'NO', 'PARTIAL')
  GROUP BY 1, 2, 3)
SELECT count(*), count(*) FILTER (WHERE kind <> 'OVERTIME'), count(solved),
       count(*) FILTER (WHERE solved AND rework_count = 0) FROM judged
"""
_SIGNED = """
SELECT count(*), count(*) FILTER (WHERE t.state = 'MET')
FROM dispatch_event e JOIN dispatch_timer t
  ON t.case_id = e.case_id AND t.stage = 'SIGN' AND t.ended_at = e.at
     AND t.state IN ('MET', 'MISSED')
WHERE e.topic = 'case.signed' AND e.at > %s AND e.at <= %s AND e.seq IS NOT NULL
  AND e.district = ANY(%s)
"""
_CONTENT = """
WITH asked AS (
  SELECT DISTINCT e.case_id FROM dispatch_event e
  WHERE e.topic IN ('case.closed', 'case.called_back') AND e.at > %s AND e.at <= %s
    AND e.seq IS NOT NULL AND e.district = ANY(%s))
SELECT b.satisfaction, count(*) FROM asked JOIN dispatch_intake i ON i.case_id = asked.case_id
JOIN dispatch_callback b ON b.intake_id = i.id AND b.at > %s AND b.at <= %s
WHERE b.satisfaction <> '' GROUP BY 1
"""
_RANKED = f"""
WITH closed AS ({_CLOSED})
SELECT {{code}}, {{name}},
       count(*) FILTER (WHERE closed.at > %s),
       count(*) FILTER (WHERE closed.at > %s AND kind <> 'OVERTIME'),
       count(*) FILTER (WHERE closed.at <= %s),
       count(*) FILTER (WHERE closed.at <= %s AND kind <> 'OVERTIME')
FROM closed JOIN dispatch_case c ON c.id = closed.case_id {{join}} GROUP BY 1, 2
"""
_BY_DISTRICT = _RANKED.format(code="c.district_code", name="''", join="")
_BY_UNIT = _RANKED.format(
    code="u.code", name="u.name", join="JOIN accounts_unit u ON u.id = c.lead_unit_id"
)
_STAYS = """
WITH step(state, n) AS (SELECT * FROM unnest(%s::text[], %s::int[])),
departed AS (
  SELECT e.id, e.case_id, e.at, s.n FROM dispatch_event e
  JOIN step s ON s.state = e.from_state LEFT JOIN step t ON t.state = e.to_state
  WHERE e.at > %s AND e.at <= %s AND e.seq IS NOT NULL AND e.district = ANY(%s)
    AND t.n IS DISTINCT FROM s.n ORDER BY e.at DESC LIMIT %s)
SELECT departed.n, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM departed.at - entered.at))
FROM departed CROSS JOIN LATERAL (
  SELECT p.at FROM dispatch_event p JOIN step q ON q.state = p.to_state AND q.n = departed.n
  LEFT JOIN step f ON f.state = p.from_state
  WHERE p.case_id = departed.case_id AND p.id < departed.id AND f.n IS DISTINCT FROM q.n
  ORDER BY p.id DESC LIMIT 1) entered
GROUP BY departed.n
"""


def rates(districts: Sequence[str], *, since: datetime, until: datetime) -> dict[str, Rate]:
    """Closed in time, signed in time, content citizens, solved at once: by the period's endings.

    SOLVED_ONCE: of the closed cases whose citizens answered, those with only "solved" and no
    rework. CONTENT: the sum of coefficients over answered call-backs.
    """
    span: list[Any] = [since, until, list(districts)]
    closed, in_time, answered, at_once = _one(_CLOSING, span)
    signed, met = _one(_SIGNED, span)
    with connection.cursor() as cursor:
        cursor.execute(_CONTENT, [*span, since, until])
        grades = dict(cursor.fetchall())
    worth = sum(COEFFICIENTS[Satisfaction(grade)] * n for grade, n in grades.items())
    return {
        "CLOSED_IN_TIME": _rate(in_time, closed),
        "SIGNED_IN_TIME": _rate(met, signed),
        "CONTENT": _rate(worth, sum(grades.values())),
        "SOLVED_ONCE": _rate(at_once, answered),
    }


def standings(
    districts: Sequence[str], *, by_unit: bool, since: datetime, middle: datetime, until: datetime
) -> list[Standing]:
    """Closed in time per district or leading unit, from `middle` on, and from `since` to it."""
    sql = _BY_UNIT if by_unit else _BY_DISTRICT
    with connection.cursor() as cursor:
        cursor.execute(sql, [since, until, list(districts), *[middle] * 4])
        rows = cursor.fetchall()
    return [
        Standing(code, name, _rate(good, n), _rate(good_before, n_before))
        for code, name, n, good, n_before, good_before in rows
    ]


def stays(districts: Sequence[str], *, since: datetime, until: datetime) -> list[Stay]:
    """How long the cases that left a step in the period had stayed there (the newest 5,000)."""
    pairs = [(state.value, n) for n, (_, states) in enumerate(LOOP) for state in states]
    states, numbers = [state for state, _ in pairs], [n for _, n in pairs]
    with connection.cursor() as cursor:
        cursor.execute(_STAYS, [states, numbers, since, until, list(districts), MOST_STAYS])
        return [Stay(LOOP[n][0], float(median), count) for n, count, median in cursor.fetchall()]


def _rate(good: float, n: int) -> Rate:
    return Rate(good / n if n else None, n)


def _one(sql: str, params: list[Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
