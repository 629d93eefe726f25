"""The tile layer `cases`: open cases that the user may see, clustered below zoom 15."""

import hashlib
from datetime import datetime

from django.contrib.gis.geos import Polygon
from django.core.exceptions import EmptyResultSet
from django.db import connection

from accounts.models import User
from dispatch.models import Case
from dispatch.queries import heads_for

MOST_ZOOM = 22
SINGLE_FROM_ZOOM = 15
CLUSTERS_PER_SIDE = 6
MOST_POINTS = 5000
HALF_WORLD_M = 20037508.342789244
EARTH_RADIUS_M = 6378137.0


class TileError(Exception):
    """There is no tile of this address."""


_POINTS = """
SELECT ST_AsMVT(t, 'cases', 4096, 'geom') FROM (
  SELECT ST_AsMVTGeom(ST_Transform(c.location, 3857), ST_TileEnvelope(%s, %s, %s), 4096, 64, true)
           AS geom,
         c.case_no, c.line, c.state, c.priority, (c.due_at <= %s)::int AS overdue, 1 AS n
  FROM ({cases} LIMIT {most}) c) t
"""
_CLUSTERS = """
SELECT ST_AsMVT(t, 'cases', 4096, 'geom') FROM (
  SELECT ST_AsMVTGeom(ST_SetSRID(ST_Point(avg(p.x), avg(p.y)), 3857),
                      ST_TileEnvelope(%s, %s, %s), 4096, 64, true) AS geom,
         count(*) AS n, max(p.overdue) AS overdue, min(p.priority) AS priority,
         CASE WHEN count(*) = 1 THEN min(p.case_no) END AS case_no,
         CASE WHEN count(*) = 1 THEN min(p.line) END AS line,
         CASE WHEN count(*) = 1 THEN min(p.state) END AS state
  FROM (SELECT {radius} * radians(ST_X(c.location)) AS x,
               {radius} * ln(tan(pi() / 4 + radians(ST_Y(c.location)) / 2)) AS y,
               c.case_no, c.line, c.state, c.priority, (c.due_at <= %s)::int AS overdue
        FROM ({cases}) c) p
  GROUP BY floor(p.x / {size}), floor(p.y / {size})) t
"""
"""Projected by the formula of EPSG:3857: a fifth of ST_Transform's time over a whole city."""


def etag(user: User, z: int, x: int, y: int) -> str:
    """Changes with the feed of the user's districts and with what she may see."""
    scope = user.scope()
    parts = (
        z,
        x,
        y,
        sorted(heads_for(user).items()),
        scope.areas,
        scope.patrol_areas,
        sorted(scope.unit_ids),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def cases_tile(user: User, z: int, x: int, y: int, *, now: datetime) -> bytes:
    """The tile (MVT) of the open cases that the user may see. Raises TileError."""
    if not 0 <= z <= MOST_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise TileError(f"{z}/{x}/{y}")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) "
            "FROM ST_Transform(ST_TileEnvelope(%s, %s, %s), 4326) b",
            [z, x, y],
        )
        box = Polygon.from_bbox(cursor.fetchone())
        box.srid = 4326
        cases = (
            Case.objects.visible_to(user)
            .filter(is_open=True, location__bboverlaps=box)
            .values("case_no", "line", "state", "priority", "due_at", "location")
        )
        try:
            sql, params = cases.query.sql_with_params()
        except EmptyResultSet:
            return b""
        size = 2 * HALF_WORLD_M / 2**z / CLUSTERS_PER_SIDE
        shape = _POINTS if z >= SINGLE_FROM_ZOOM else _CLUSTERS
        sql = shape.format(cases=sql, most=MOST_POINTS, size=size, radius=EARTH_RADIUS_M)
        cursor.execute(sql, [z, x, y, now, *params])
        return bytes(cursor.fetchone()[0])
