"""The tile layer `cases`: open cases that the user may see, clustered below zoom 15 (ADR 0013)."""

import hashlib
from datetime import datetime

from django.contrib.gis.geos import Polygon
from django.core.exceptions import EmptyResultSet
from django.db import connection

from accounts.models import User
from accounts.prepared import execute_prepared
from accounts.scope import Scope
from dispatch.board.current import board
from dispatch.models import Case
from dispatch.queries import heads_for

MOST_ZOOM = 22
SINGLE_FROM_ZOOM = 15
CLUSTERS_PER_SIDE = 6
MOST_POINTS = 5000
HALF_WORLD_M = 20037508.342789244


class TileError(Exception):
    """There is no tile of this address."""


class NotReadyError(Exception):
    """The open cases are being read: ask again in a moment."""


_POINTS = """
SELECT ST_AsMVT(t, 'cases', 4096, 'geom') FROM (
  SELECT ST_AsMVTGeom(ST_Transform(c.location, 3857), ST_TileEnvelope(%s, %s, %s), 4096, 64, true)
           AS geom,
         c.case_no, c.line, c.state, c.priority, (c.due_at <= %s)::int AS overdue, 1 AS n
  FROM ({cases} LIMIT {most}) c) t
"""
_CLUSTERS = """
SELECT ST_AsMVT(t, 'cases', 4096, 'geom') FROM (
  SELECT ST_AsMVTGeom(ST_SetSRID(ST_Point(p.x, p.y), 3857), ST_TileEnvelope(%s, %s, %s), 4096, 64,
                      true) AS geom,
         p.n, p.overdue, p.priority, p.case_no, p.line, p.state
  FROM unnest(%s::float8[], %s::float8[], %s::bigint[], %s::int[], %s::int[], %s::text[],
              %s::text[], %s::text[]) AS p(x, y, n, overdue, priority, case_no, line, state)) t
"""


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
    """The tile (MVT) of the open cases that the user may see. Raises TileError, NotReadyError."""
    if not 0 <= z <= MOST_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise TileError(f"{z}/{x}/{y}")
    if z < SINGLE_FROM_ZOOM:
        if not board.is_ready():
            raise NotReadyError
        return _clusters(user.scope(), z, x, y, now)
    return _points(user, z, x, y, now)


def _clusters(scope: Scope, z: int, x: int, y: int, now: datetime) -> bytes:
    """Squares of a sixth of the tile with how many open cases each holds, from the board."""
    side = 2 * HALF_WORLD_M / 2**z
    west, north = x * side - HALF_WORLD_M, HALF_WORLD_M - y * side
    box, size = (west, north - side, west + side, north), side / CLUSTERS_PER_SIDE
    found = board.read(lambda cases: cases.clusters(cases.visible(scope), box, size=size, now=now))
    if not found:
        return b""
    single = [one.only or (None, None, None) for one in found]
    columns = zip(*((c.x, c.y, c.n, c.overdue, c.priority) for c in found), strict=True)
    with connection.cursor() as cursor:
        params = [list(column) for column in (*columns, *zip(*single, strict=True))]
        execute_prepared(cursor, _CLUSTERS, [z, x, y, *params], name="dispatch_tile_clusters")
        return bytes(cursor.fetchone()[0])


def _points(user: User, z: int, x: int, y: int, now: datetime) -> bytes:
    """Each open case of the tile by itself, from the index on open places."""
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
        cursor.execute(_POINTS.format(cases=sql, most=MOST_POINTS), [z, x, y, now, *params])
        return bytes(cursor.fetchone()[0])
