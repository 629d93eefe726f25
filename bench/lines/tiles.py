"""Line: an uncached map tile of the open cases over a city, and our own areas and base map."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from accounts.models import User
from bench.cpu import Meter, Sample
from bench.door import one_by_one
from bench.rows import Row, cpu, interleaved, latency_ms
from bench.world import World
from dispatch.board.tiles import cases_tile
from gis.tiles import tile

GOAL_MS, GOAL_BYTES = 30.0, 400_000
CITY = ("3399",)
ZOOMS = range(9, 18)
TILES_PER_ZOOM, NAIVE_TILES = 10, 4
_PLACES = """
SELECT ST_X(location), ST_Y(location) FROM dispatch_case WHERE is_open
ORDER BY md5(id::text) LIMIT %s
"""
_NAIVE = """
SELECT ST_AsMVT(t, 'cases') FROM (
  SELECT ST_AsMVTGeom(ST_Transform(location, 3857), ST_TileEnvelope(%s, %s, %s)) AS geom,
         case_no, line, state, priority
  FROM dispatch_case
  WHERE is_open AND ST_Intersects(ST_Transform(location, 3857), ST_TileEnvelope(%s, %s, %s))) t
"""

Address = tuple[int, int, int]


def tile_at(lon: float, lat: float, zoom: int) -> Address:
    """The address of the tile that holds a WGS84 point."""
    side = 2**zoom
    turn = math.log(math.tan(math.radians(lat)) + 1 / math.cos(math.radians(lat)))
    return zoom, int((lon + 180) / 360 * side), int((1 - turn / math.pi) / 2 * side)


def measure(world: World) -> list[Row]:
    """Tiles of all zooms around open cases, one after the other, in turn with naive ones."""
    cursor = world.connect().cursor()
    cursor.execute(_PLACES, [TILES_PER_ZOOM])
    places = cursor.fetchall()
    addresses = sorted({tile_at(lon, lat, zoom) for zoom in ZOOMS for lon, lat in places})
    user = User.objects.get(username="commander")
    user.scope()
    now = datetime.now(UTC)
    return [
        _row(world, "cases", lambda *at: cases_tile(user, *at, now=now), addresses, cursor),
        _row(world, "cells", lambda *at: tile("cells", *at, prefixes=CITY), addresses, None),
        _row(world, "base", lambda *at: tile("base", *at, prefixes=CITY), addresses, None),
    ]


def _row(
    world: World, layer: str, draw: Callable[..., bytes], addresses: list[Address], cursor: Any
) -> Row:
    meter = Meter(world.large)
    sizes: list[int] = []
    turn = iter([*addresses] * (world.pace.rounds + 1))

    def one() -> None:
        sizes.append(len(draw(*next(turn))))

    runs: list[Callable[[], Sample]] = [lambda: meter.run(lambda: one_by_one(one, len(addresses)))]
    if cursor is not None:
        runs.append(_naive(meter, cursor, addresses))
    ours, *others = interleaved(runs, world.pace.rounds)
    theirs = others[0] if others else None
    p95 = latency_ms(ours, 95)
    return Row(
        line=f"tile: {layer}, uncached",
        ours=p95,
        unit="ms p95",
        reference=latency_ms(theirs, 95) if theirs else None,
        reference_is="naive p95" if theirs else "",
        cpu_us=cpu(ours),
        reference_cpu_us=cpu(theirs) if theirs else None,
        goal=f"p95 <= {GOAL_MS:.0f} ms, <= {GOAL_BYTES // 1000} kB",
        met=p95 <= GOAL_MS and max(sizes) <= GOAL_BYTES,
        note=f"z{ZOOMS[0]} to z{ZOOMS[-1]}, {len(addresses)} tiles; the largest "
        f"{max(sizes) / 1000:.0f} kB; slowest of all {_slowest(ours, addresses)}",
    )


def _naive(meter: Meter, cursor: Any, addresses: list[Address]) -> Callable[[], Sample]:
    chosen = addresses[:: max(1, len(addresses) // NAIVE_TILES)][:NAIVE_TILES]

    def draw_all() -> list[float]:
        turn = iter(chosen)
        return one_by_one(lambda: cursor.execute(_NAIVE, (at := next(turn)) + at), len(chosen))

    return lambda: meter.run(draw_all)


def _slowest(samples: list[Sample], addresses: list[Address]) -> str:
    middle = np.median([sample.each_s for sample in samples], axis=0)
    at = int(np.argmax(middle))
    return f"z{addresses[at][0]} with {middle[at] * 1000:.0f} ms"
