"""Points of the map: where something stands open, without a house number or a name.

Places are moved to a raster of about fifty metres, so that no door can be told. Sensitive cases
(domain.md 2.8) never reach a wall.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from dispatch import catalogue
from dispatch.lifecycle import OPEN
from gis import locator

RASTER = 2000
"""Steps per degree: 0.0005 degrees, some 50 metres."""
OPEN_STATES = sorted(state.value for state in OPEN)


@dataclass(frozen=True, slots=True)
class Point:
    """One case as the wall may show it: what kind of thing, in which street, since when."""

    case_no: str
    district: str
    line: str
    state: str
    priority: int
    category: str
    street: str
    lon: float | None
    lat: float | None
    created_at: str
    voices: int
    unit: str
    due_at: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


_COLUMNS = """
c.case_no, c.district_code, c.line, {state}, {priority}, {category}, c.street_code,
round((ST_X(c.location) * {raster})::numeric) / {raster},
round((ST_Y(c.location) * {raster})::numeric) / {raster},
c.created_at, c.intakes_count, u.name, c.due_at
"""
_LIVE = _COLUMNS.format(
    state="c.state", priority="c.priority", category="c.category_code", raster=RASTER
)
_THEN = _COLUMNS.format(
    state="e.to_state", priority="e.priority", category="e.category", raster=RASTER
)
_NEWEST = f"""
SELECT x.* FROM unnest(%s::text[]) AS d(district) CROSS JOIN LATERAL (
  SELECT {_LIVE} FROM dispatch_case c LEFT JOIN accounts_unit u ON u.id = c.lead_unit_id
  WHERE c.district_code = d.district AND c.is_open AND NOT c.sensitive
  ORDER BY c.created_at DESC, c.id DESC LIMIT %s) x
"""
_EMERGENCIES = f"""
SELECT x.* FROM unnest(%s::text[]) AS d(district) CROSS JOIN LATERAL (
  SELECT {_LIVE} FROM dispatch_case c LEFT JOIN accounts_unit u ON u.id = c.lead_unit_id
  WHERE c.district_code = d.district AND c.is_open AND c.priority = 0 AND NOT c.sensitive
  ORDER BY c.created_at DESC, c.id DESC LIMIT %s) x
"""
_EMERGENCIES_IN_ALL = """
SELECT count(*) FROM dispatch_case
WHERE district_code = ANY(%s) AND is_open AND priority = 0 AND NOT sensitive
"""
_NAMED = f"""
SELECT {_LIVE} FROM dispatch_case c LEFT JOIN accounts_unit u ON u.id = c.lead_unit_id
WHERE c.case_no = ANY(%s) AND NOT c.sensitive
"""
_STATE_THEN = """
CROSS JOIN LATERAL (
  SELECT e.to_state, e.priority, e.category FROM dispatch_event e
  WHERE e.case_id = c.id AND e.at <= %s AND e.seq <= d.head ORDER BY e.id DESC LIMIT 1) e
"""
_PAST = f"""
SELECT x.* FROM unnest(%s::text[], %s::bigint[]) AS d(district, head) CROSS JOIN LATERAL (
  SELECT {_THEN} FROM dispatch_case c {_STATE_THEN}
  LEFT JOIN accounts_unit u ON false
  WHERE c.district_code = d.district AND c.created_at <= %s AND NOT c.sensitive
    AND (c.closed_at IS NULL OR c.closed_at > %s) AND e.to_state = ANY(%s)
  ORDER BY c.created_at DESC, c.id DESC LIMIT %s) x
"""
_PAST_EMERGENCIES = f"""
SELECT x.* FROM unnest(%s::text[], %s::bigint[]) AS d(district, head) CROSS JOIN LATERAL (
  SELECT {_THEN} FROM dispatch_case c {_STATE_THEN}
  LEFT JOIN accounts_unit u ON false
  WHERE c.district_code = d.district AND c.priority = 0 AND c.created_at <= %s
    AND NOT c.sensitive AND (c.closed_at IS NULL OR c.closed_at > %s)
    AND e.priority = 0 AND e.to_state = ANY(%s)
  ORDER BY c.created_at DESC, c.id DESC LIMIT %s) x
"""


def newest(districts: Sequence[str], *, most: int) -> list[Point]:
    """The newest open cases, at most so many, each district with the same share; newest first."""
    return _merged(_read(_NEWEST, [list(districts), _share(most, districts)]), most)


def emergencies(districts: Sequence[str], *, most: int) -> list[Point]:
    """Open cases of the highest urgency (特急), newest first."""
    return _merged(_read(_EMERGENCIES, [list(districts), most]), most)


def emergencies_in_all(districts: Sequence[str]) -> int:
    """How many there are, those that `emergencies` leaves out among them."""
    with connection.cursor() as cursor:
        cursor.execute(_EMERGENCIES_IN_ALL, [list(districts)])
        (count,) = cursor.fetchone()
    return int(count)


def named(case_nos: Sequence[str]) -> list[Point]:
    """The cases of these numbers, open or not."""
    return _read(_NAMED, [list(case_nos)]) if case_nos else []


def newest_at(heads: dict[str, int], *, at: datetime, most: int) -> list[Point]:
    """As `newest`, as it was at a past moment: the state of each case from the event log."""
    numbers = [list(heads), list(heads.values())]
    share = _share(most, heads)
    return _merged(_read(_PAST, [*numbers, at, at, at, OPEN_STATES, share]), most)


def emergencies_at(heads: dict[str, int], *, at: datetime, most: int) -> list[Point]:
    """As `emergencies`, as it was at a past moment."""
    numbers = [list(heads), list(heads.values())]
    found = _read(_PAST_EMERGENCIES, [*numbers, at, at, at, OPEN_STATES, most])
    return _merged(found, most)


def _share(most: int, districts: Collection[str]) -> int:
    return max(1, most // max(1, len(districts)))


def _merged(points: list[Point], most: int) -> list[Point]:
    points.sort(key=lambda point: (point.created_at, point.case_no), reverse=True)
    return points[:most]


def _read(sql: str, params: list[Any]) -> list[Point]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    categories, name_of = catalogue.current().categories, locator.snapshot().name_of
    points = []
    for (
        no,
        district,
        line,
        state,
        priority,
        code,
        street,
        lon,
        lat,
        created,
        voices,
        unit,
        due,
    ) in rows:
        category = categories.get(code)
        points.append(
            Point(
                no, district, line, state, priority, category.name if category else code,
                name_of(street) or name_of(district),
                None if lon is None else float(lon), None if lat is None else float(lat),
                created.isoformat(), voices, unit or "", due.isoformat(),
            )
        )  # fmt: skip
    return points
