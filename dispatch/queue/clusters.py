"""The map's view of a filter: cases by squares, so that half a million are as light as fifty."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import atan, degrees, exp, isfinite, pi
from typing import Any, Final

import numpy as np
from django.contrib.gis.geos import GEOSException, Polygon
from django.core.exceptions import EmptyResultSet
from django.db import connection

from accounts.models import User
from dispatch.board.counters import choice_of
from dispatch.board.current import board
from dispatch.board.opencases import Box, Mask, OpenCases, microseconds
from dispatch.models import Case
from dispatch.queries import SORTS, FilterError, QueueFilters, filtered
from dispatch.queue.batch import MOST_CASES

EARTH_RADIUS_M: Final = 6378137.0
MOST_SQUARES_A_SIDE: Final = 31
SMALLEST_SQUARE_M: Final = 1.0
HALF_WORLD_M: Final = 20037508.4
BOX_NUMBERS: Final = 4
FEWEST_CORNERS, MOST_CORNERS = 3, 80
Item = list[Any]

_SQUARES = """
WITH p AS (
  SELECT {radius} * radians(ST_X(c.location)) AS x,
         {radius} * ln(tan(pi() / 4 + radians(ST_Y(c.location)) / 2)) AS y,
         c.case_no, c.line, c.priority, (c.due_at <= %s)::int AS overdue
  FROM ({cases}) c WHERE c.location IS NOT NULL)
SELECT avg(x), avg(y), count(*), max(overdue), min(priority),
       CASE WHEN count(*) = 1 THEN min(case_no) END, CASE WHEN count(*) = 1 THEN min(line) END
FROM p WHERE x BETWEEN %s AND %s AND y BETWEEN %s AND %s
GROUP BY floor(x / %s), floor(y / %s)
"""
_EXTENT = """
SELECT min(ST_X(c.location)), min(ST_Y(c.location)), max(ST_X(c.location)), max(ST_Y(c.location)),
       count(*)
FROM ({cases}) c WHERE c.location IS NOT NULL
"""


def read_box(text: str) -> Box:
    """west,south,east,north in metres of EPSG:3857. Raises FilterError."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise FilterError("box", "west,south,east,north") from error
    if len(numbers) != BOX_NUMBERS or not all(abs(n) <= HALF_WORLD_M for n in numbers):
        raise FilterError("box", "west,south,east,north")
    west, south, east, north = numbers
    if west > east or south > north:
        raise FilterError("box", "west,south,east,north")
    return west, south, east, north


def read_size(text: str) -> float:
    """The side of a square in metres. Raises FilterError."""
    try:
        size = float(text)
    except ValueError as error:
        raise FilterError("size", "metres") from error
    if not 0 < size <= HALF_WORLD_M:
        raise FilterError("size", "metres")
    return size


def inside(user: User, *, filters: QueueFilters, lasso: str) -> list[dict[str, Any]]:
    """The cases of a filter inside a hand-drawn outline (lon,lat;lon,lat;... in WGS84).

    At most as many as a batch takes, in the order of the list. Raises FilterError.
    """
    try:
        corners = [tuple(map(float, pair.split(","))) for pair in lasso.split(";")]
        outline = Polygon([*corners, corners[0]], srid=4326)
    except (ValueError, TypeError, GEOSException) as error:
        raise FilterError("lasso", "lon,lat;lon,lat;...") from error
    if not FEWEST_CORNERS <= len(corners) <= MOST_CORNERS or any(
        not isfinite(number) for corner in corners for number in corner
    ):
        raise FilterError("lasso", "lon,lat;lon,lat;...")
    area = outline if outline.valid else outline.buffer(0)
    cases = filtered(Case.objects.visible_to(user), filters).filter(location__within=area)
    rows = cases.order_by(*SORTS[filters.sort]).values("case_no", "version", "title")
    return [dict(row) for row in rows[:MOST_CASES]]


def squares_of(
    user: User, *, filters: QueueFilters, box: Box, size: float, now: datetime
) -> list[Item]:
    """[lon, lat, cases, any overdue, highest priority, number and line of a single one].

    `size` is the side of a square in metres of EPSG:3857; too small ones grow, so that an answer
    is never longer than a screen can show.
    """
    side = max(size, SMALLEST_SQUARE_M, (box[3] - box[1]) / (MOST_SQUARES_A_SIDE - 1),
               (box[2] - box[0]) / (4 * MOST_SQUARES_A_SIDE))  # fmt: skip
    choose = _choice(user, filters)
    if choose is None or not board.is_ready():
        return _from_database(user, filters, box, side, now)
    found = board.read(lambda cases: cases.clusters(choose(cases), box, size=side, now=now))
    return [
        _item(c.x, c.y, c.n, c.overdue, c.priority, *(c.only[:2] if c.only else (None, None)))
        for c in found
    ]


def extent_of(user: User, *, filters: QueueFilters) -> dict[str, Any]:
    """How many cases of a filter have a place, and the box round them in degrees (or null)."""
    choose = _choice(user, filters)
    if choose is None or not board.is_ready():
        west, south, east, north, n = _asked(user, filters, _EXTENT, [])[0]
        return {"n": n, "box": [west, south, east, north] if n else None}

    def bounds(cases: OpenCases) -> dict[str, Any]:
        placed = choose(cases) & np.isfinite(cases["x"])
        x, y = cases["x"][placed], cases["y"][placed]
        if not x.size:
            return {"n": 0, "box": None}
        corners = (*_degrees(x.min(), y.min()), *_degrees(x.max(), y.max()))
        return {"n": int(x.size), "box": [float(c) for c in corners]}

    return board.read(bounds)


def _choice(user: User, filters: QueueFilters) -> Any:
    """How the board chooses the cases, limits of time included, or None for the database."""
    timeless = replace(filters, due_before=None, due_after=None, created_from=None)
    choose = choice_of(user.scope(), timeless)
    if choose is None:
        return None

    def chosen(cases: OpenCases) -> Mask:
        mask = choose(cases)
        if filters.due_before:
            mask = mask & (cases["due_at"] < microseconds(filters.due_before))
        if filters.due_after:
            mask = mask & (cases["due_at"] >= microseconds(filters.due_after))
        if filters.created_from:
            mask = mask & (cases["created_at"] >= microseconds(filters.created_from))
        return mask

    return chosen


def _from_database(
    user: User, filters: QueueFilters, box: Box, side: float, now: datetime
) -> list[Item]:
    west, south, east, north = box
    corners = (*_degrees(west, south), *_degrees(east, north))
    inside = replace(filters, bbox=corners)
    params = [west, east, south, north, side, side]
    return [_item(*row) for row in _asked(user, inside, _SQUARES, params, first=[now])]


def _asked(
    user: User, filters: QueueFilters, sql: str, params: Sequence[Any], first: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    cases = filtered(Case.objects.visible_to(user), filters).order_by()
    try:
        inner, given = cases.values(
            "case_no", "line", "priority", "due_at", "location"
        ).query.sql_with_params()
    except EmptyResultSet:
        return [(None, None, None, None, 0)] if sql is _EXTENT else []
    with connection.cursor() as cursor:
        cursor.execute(sql.format(cases=inner, radius=EARTH_RADIUS_M), [*first, *given, *params])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _item(
    x: float, y: float, n: int, overdue: int, priority: int, number: str | None, line: str | None
) -> Item:
    lon, lat = _degrees(x, y)
    return [round(lon, 6), round(lat, 6), n, overdue, priority, number, line]


def _degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude (WGS84) of metres in EPSG:3857."""
    return degrees(x / EARTH_RADIUS_M), degrees(2 * atan(exp(y / EARTH_RADIUS_M)) - pi / 2)
