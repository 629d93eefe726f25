"""Lines: point to cell for one point and for a million, and areas in bulk."""

from collections.abc import Callable
from datetime import date

import numpy as np
import shapely
from django.db import transaction
from numpy.typing import NDArray

from bench.cpu import Meter, Sample
from bench.rows import Row, cpu, interleaved, rate
from bench.world import World
from gis import locator
from gis.areas import NewArea, write_areas
from gis.bulk import copy_rows, multipolygon_ewkb
from gis.covering import Covering

ONE_GOAL_US, MANY_GOAL, MANY_TIMES, AREAS_GOAL = 20.0, 1_000_000, 10, 20_000
POINTS, CALLS = 20_000, 200
MANY, MANY_IN_POSTGIS, SIDE = 1_000_000, 20_000, 142
WEST, SOUTH, STEP = 119.4, 29.7, 0.002
_ONE = """
SELECT code FROM citygis_area WHERE level = 'CELL' AND valid_to IS NULL
  AND ST_Covers(geom, ST_SetSRID(ST_Point(%s, %s), 4326)) ORDER BY code LIMIT 1
"""
_EACH = """
SELECT (SELECT min(code) FROM citygis_area WHERE level = 'CELL' AND valid_to IS NULL
          AND ST_Covers(geom, ST_SetSRID(ST_Point(p.lon, p.lat), 4326)))
FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p(lon, lat, n) ORDER BY n
"""
_EXTENT = """
SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b)
FROM (SELECT ST_Extent(geom) AS b FROM citygis_area) e
"""
_MANY = """
SELECT count(*) FROM unnest(%s::float8[], %s::float8[]) AS p(lon, lat)
JOIN bench_cell c ON ST_Covers(c.geom, ST_SetSRID(ST_Point(p.lon, p.lat), 4326))
"""

Floats = NDArray[np.float64]


def measure_one(world: World) -> list[Row]:
    """One point at a time; every answer is compared with ST_Covers."""
    connection = world.connect()
    cursor = connection.cursor()
    cursor.execute(_EXTENT)
    west, south, east, north = cursor.fetchone() or (0, 0, 0, 0)
    draw = np.random.default_rng(5)
    lons = draw.uniform(west, east, POINTS).tolist()
    lats = draw.uniform(south, north, POINTS).tolist()
    pairs = list(zip(lons, lats, strict=True))
    locator.locate(*pairs[0])
    meter = Meter(world.large)

    def ours() -> int:
        for lon, lat in pairs:
            locator.locate(lon, lat)
        return POINTS

    def theirs() -> int:
        for lon, lat in pairs[:CALLS]:
            cursor.execute(_ONE, [lon, lat])
            cursor.fetchone()
        return CALLS

    mine, postgis = interleaved(
        [lambda: meter.run(ours), lambda: meter.run(theirs)], world.pace.rounds
    )
    cursor.execute(_EACH, [lons, lats])
    judged = [code or "" for (code,) in cursor.fetchall()]
    answers = [locator.locate(lon, lat) for lon, lat in pairs]
    differ = sum(
        (answer.cell_code if answer else "") != code
        for answer, code in zip(answers, judged, strict=True)
    )
    micros = 1e6 / rate(mine)
    return [
        Row(
            line="point to cell, one",
            ours=micros,
            unit="us",
            reference=1e6 / rate(postgis),
            reference_is="PostGIS round trip",
            cpu_us=cpu(mine),
            reference_cpu_us=cpu(postgis),
            goal=f"<= {ONE_GOAL_US:.0f} us, equal to ST_Covers",
            met=micros <= ONE_GOAL_US and not differ,
            note=f"{differ} of {POINTS:,} points differ from ST_Covers",
        )
    ]


def grid(side: int) -> NDArray[np.object_]:
    """side x side crooked quadrilaterals that share their corners: a city of unit grids."""
    draw = np.random.default_rng(6)
    xs, ys = np.meshgrid(np.arange(side + 1), np.arange(side + 1))
    corners = np.stack([xs, ys], axis=-1) + draw.uniform(-0.3, 0.3, (side + 1, side + 1, 2))
    corners = corners * STEP + [WEST, SOUTH]
    rings = np.stack(
        [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1],
         corners[:-1, :-1]],
        axis=2,
    )  # fmt: skip
    return np.asarray(shapely.polygons(rings.reshape(-1, 5, 2)), dtype=object)


def measure_many(world: World) -> list[Row]:
    """A million points on 20,164 cells; PostGIS is asked for a sample of the points."""
    polygons = grid(SIDE)
    covering = Covering(polygons)
    draw = np.random.default_rng(7)
    lons = draw.uniform(WEST, WEST + SIDE * STEP, MANY)
    lats = draw.uniform(SOUTH, SOUTH + SIDE * STEP, MANY)
    connection = world.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TEMP TABLE bench_cell (geom geometry(Polygon, 4326))")
    wkbs = [shape.wkb for shape in polygons]
    cursor.execute("INSERT INTO bench_cell SELECT ST_SetSRID(unnest(%s::bytea[])::geometry, 4326)",
                   [wkbs])  # fmt: skip
    cursor.execute("CREATE INDEX ON bench_cell USING gist (geom); ANALYZE bench_cell")
    sample = [lons[:MANY_IN_POSTGIS].tolist(), lats[:MANY_IN_POSTGIS].tolist()]
    meter = Meter(world.large)

    def ours() -> int:
        covering.find_many(lons, lats)
        return MANY

    def theirs() -> int:
        cursor.execute(_MANY, sample)
        return MANY_IN_POSTGIS

    mine, postgis = interleaved(
        [lambda: meter.run(ours), lambda: meter.run(theirs)], world.pace.rounds
    )
    return [
        Row(
            line="point to cell, a million",
            ours=rate(mine),
            unit="points/s",
            reference=rate(postgis),
            reference_is="PostGIS",
            cpu_us=cpu(mine),
            reference_cpu_us=cpu(postgis),
            goal=f">= {MANY_GOAL:,}/s and {MANY_TIMES}x PostGIS",
            met=rate(mine) >= MANY_GOAL and rate(mine) >= MANY_TIMES * rate(postgis),
            note=f"{len(polygons):,} cells; PostGIS measured on {MANY_IN_POSTGIS:,} points",
        )
    ]


class _RolledBackError(Exception):
    """Ends a transaction whose work was only measured."""


def measure_areas(world: World) -> list[Row]:
    """20,164 new areas through `write_areas` against COPY into a copy of the table."""
    wkbs = multipolygon_ewkb(grid(SIDE), 4326)
    codes = [f"88{n:012d}" for n in range(len(wkbs))]
    areas = [NewArea(code, "CELL", code, "", wkb) for code, wkb in zip(codes, wkbs, strict=True)]
    rows = [(code, "CELL", code, "", wkb, False) for code, wkb in zip(codes, wkbs, strict=True)]
    columns = ("code", "level", "name", "parent_code", "geom", "synthetic")
    full = (*columns, "area_m2", "valid_from")
    day = date(2026, 1, 1)

    def ours() -> int:
        write_areas(areas, valid_from=day, source="bench")
        return len(areas)

    def theirs() -> int:
        return copy_rows("citygis_area", (*full, "source"),
                         [(*row, 1.0, day.isoformat(), "bench") for row in rows])  # fmt: skip

    meter = Meter(world.large)
    mine, copied = interleaved(
        [lambda: _rolled_back(meter, ours), lambda: _rolled_back(meter, theirs)],
        world.pace.rounds,
    )
    return [
        Row(
            line="import: areas",
            ours=rate(mine),
            unit="/s",
            reference=rate(copied),
            reference_is="COPY",
            cpu_us=cpu(mine),
            reference_cpu_us=cpu(copied),
            goal=f">= {AREAS_GOAL:,}/s",
            met=rate(mine) >= AREAS_GOAL,
            note="write_areas with its comparison of versions; each run is rolled back",
        )
    ]


def _rolled_back(meter: Meter, work: Callable[[], int]) -> Sample:
    samples: list[Sample] = []
    try:
        with transaction.atomic():
            samples.append(meter.run(work))
            raise _RolledBackError
    except _RolledBackError:
        return samples[0]
