"""Lines: a page of the queue, its counters, the radar, the wall's counters."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import connection as django_connection

from accounts.models import User
from bench.cpu import Meter, Sample
from bench.door import Door, one_by_one
from bench.rows import Row, cpu, interleaved, latency_ms
from bench.world import World
from dispatch import queries
from dispatch.duplicates import radar
from dispatch.queries import QueueFilters

SQL_GOAL_MS, REQUEST_GOAL_MS, GROWTH, SAME = 1.0, 8.0, 1.3, 1.2
RADAR_GOAL_MS, TALLY_GOAL_MS = 5.0, 5.0
DEEP_PAGES = 40
CROWD = 5_000
_CROWD_AT = (119.61, 29.87)
_RECOUNT = """
SELECT district_code, line, category_code, state, count(*) FROM dispatch_case GROUP BY 1, 2, 3, 4
"""
_TALLIED = "SELECT district, line, category, state, count FROM dispatch_tally WHERE count <> 0"

Statement = tuple[str, tuple[Any, ...]]


def statements_of(work: Callable[[], object]) -> list[Statement]:
    """The SQL that a piece of our code sends, with its parameters."""
    sent: list[Statement] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, tuple(params or ())))
        return execute(sql, params, many, context)

    with django_connection.execute_wrapper(keep):
        work()
    return sent


def measure_queue(world: World) -> list[Row]:
    """SQL by itself, whole requests at both sizes in turn, a deep page, the live counters."""
    first = world.districts[0]
    handler = world.people[f"handler_{first}"]
    with world.web() as (pid, port), world.web(world.small) as (small_pid, small_port):
        door, small = Door(port, handler), Door(small_port, handler)
        meter, small_meter = Meter(world.large, [pid]), Meter(world.small, [small_pid])
        deep = _deep_cursor(door)
        paths = {
            "first": "/api/v1/queue?limit=50",
            "deep": f"/api/v1/queue?limit=50&cursor={deep}",
            "counters": "/api/v1/queue/counters",
        }
        few = world.pace.few

        def asks(who: Door, how: Meter, path: str) -> Callable[[], Sample]:
            return lambda: how.run(lambda: one_by_one(lambda: who.ask("GET", path), few))

        runs = [
            asks(door, meter, paths["first"]),
            asks(small, small_meter, paths["first"]),
            asks(door, meter, paths["deep"]),
            asks(door, meter, paths["counters"]),
            asks(small, small_meter, paths["counters"]),
        ]
        for run in runs:
            run()
        page, at_10k, deep_page, counters, counters_10k = interleaved(runs, world.pace.rounds)
    return [
        *_sql_rows(world),
        _request_row("queue: page of 50, whole request", page, at_10k),
        _growth_row("queue: p99 of the page", page, at_10k, world),
        Row(
            line=f"queue: page {DEEP_PAGES + 1}",
            ours=latency_ms(deep_page, 50),
            unit="ms p50",
            reference=latency_ms(page, 50),
            reference_is="page 1",
            cpu_us=cpu(deep_page),
            reference_cpu_us=cpu(page),
            goal=f"<= {SAME} x the first",
            met=latency_ms(deep_page, 50) <= SAME * latency_ms(page, 50),
        ),
        _request_row("queue: counters, whole request", counters, counters_10k),
        _growth_row("queue: p99 of the counters", counters, counters_10k, world),
    ]


def _deep_cursor(door: Door) -> str:
    cursor = ""
    for _ in range(DEEP_PAGES):
        answer = json.loads(door.ask("GET", f"/api/v1/queue?limit=50&cursor={cursor}"))
        cursor = answer["next"] or cursor
    return cursor


def _request_row(name: str, samples: list[Sample], at_10k: list[Sample]) -> Row:
    return Row(
        line=name,
        ours=cpu(samples) / 1000,
        unit="ms CPU",
        reference=cpu(at_10k) / 1000,
        reference_is="at 10k",
        cpu_us=cpu(samples),
        reference_cpu_us=cpu(at_10k),
        goal=f"<= {REQUEST_GOAL_MS:.0f} ms CPU",
        met=cpu(samples) <= REQUEST_GOAL_MS * 1000,
    )


def _growth_row(name: str, samples: list[Sample], at_10k: list[Sample], world: World) -> Row:
    ours, small = latency_ms(samples, 99), latency_ms(at_10k, 99)
    return Row(
        line=f"{name} at {world.cases:,}",
        ours=ours,
        unit="ms",
        reference=small,
        reference_is="at 10k",
        goal=f"<= {GROWTH} x",
        met=ours <= GROWTH * small,
    )


def _sql_rows(world: World) -> list[Row]:
    """The statements of a page by psycopg2: unit, district and city scope; the slowest counts."""
    first = world.districts[0]
    scopes = {"unit": f"handler_{first}", "district": f"supervisor_{first}", "city": "commander"}
    cursor = world.connect().cursor()
    now, meter = datetime.now(UTC), Meter(world.large)
    samples: dict[str, list[Sample]] = {}
    for scope, username in scopes.items():
        user = User.objects.get(username=username)
        user.scope()
        sent = statements_of(partial(queries.queue_for, user, filters=QueueFilters(), now=now))
        page = next(statement for statement in sent if "dispatch_case" in statement[0])

        def ask(statement: Statement = page) -> None:
            cursor.execute(*statement)
            cursor.fetchall()

        run = _timed(meter, ask, world.pace.few)
        samples[scope] = interleaved([run], world.pace.rounds)[0]
    return [
        Row(
            line=f"queue: SQL of the page, {scope}",
            ours=latency_ms(found, 50),
            unit="ms p50",
            goal=f"<= {SQL_GOAL_MS:.0f} ms",
            met=latency_ms(found, 50) <= SQL_GOAL_MS,
            cpu_us=cpu(found),
            note="by psycopg2, with fetching 51 rows",
        )
        for scope, found in samples.items()
    ]


def _timed(meter: Meter, work: Callable[[], object], times: int) -> Callable[[], Sample]:
    return lambda: meter.run(lambda: one_by_one(work, times))


def measure_radar(world: World) -> list[Row]:
    """`radar.look` around open cases, and in a crowd of 5,000 open cases at one point."""
    cursor = world.connect().cursor()
    cursor.execute(
        "SELECT ST_X(location), ST_Y(location), category_code, family FROM dispatch_case"
        " WHERE is_open ORDER BY md5(id::text) LIMIT 2000"
    )
    places = itertools.cycle(cursor.fetchall())
    rows = [_radar_row(world, "radar", places, cursor)]
    crowd = itertools.repeat((*_CROWD_AT, "E0104", "CROWDED"))
    cursor.execute(
        "UPDATE dispatch_case SET family = 'CROWDED', location = ST_SetSRID(ST_Point(%s, %s), 4326)"
        " WHERE id IN (SELECT id FROM dispatch_case WHERE is_open ORDER BY id DESC LIMIT %s)",
        [*_CROWD_AT, min(CROWD, world.cases // 100)],
    )
    return [*rows, _radar_row(world, "radar: among 5,000 open cases at one point", crowd, cursor)]


def _radar_row(
    world: World, name: str, places: Iterator[tuple[float, float, str, str]], cursor: Any
) -> Row:
    def probe() -> radar.Probe:
        lon, lat, category, family = next(places)
        return radar.Probe(lon, lat, 8.0, category, family, datetime.now(UTC), "垃圾散落一地")

    def look() -> None:
        radar.look(probe(), limit=radar.IN_RECEIPT)

    look()
    recorded = itertools.cycle([radar.search_of(probe()) for _ in range(world.pace.few)])

    def bare() -> None:
        cursor.execute(*next(recorded))
        cursor.fetchall()

    meter, few = Meter(world.large), world.pace.few
    ours, theirs = interleaved(
        [_timed(meter, look, few), _timed(meter, bare, few)], world.pace.rounds
    )
    return Row(
        line=name,
        ours=latency_ms(ours, 99),
        unit="ms p99",
        reference=latency_ms(theirs, 99),
        reference_is="bare query",
        cpu_us=cpu(ours),
        reference_cpu_us=cpu(theirs),
        goal=f"p99 <= {RADAR_GOAL_MS:.0f} ms",
        met=latency_ms(ours, 99) <= RADAR_GOAL_MS,
        note=f"p50 {latency_ms(ours, 50):.2f} ms",
    )


def measure_wall(world: World) -> list[Row]:
    """The wall's counters from the tally, against counting the cases; and are they equal?"""
    cursor = world.connect().cursor()
    meter, few = Meter(world.large), world.pace.few

    def recount() -> None:
        cursor.execute(_RECOUNT)
        cursor.fetchall()

    ours, theirs = interleaved(
        [_timed(meter, lambda: queries.tally_under(("3399",)), few), _timed(meter, recount, 1)],
        world.pace.rounds,
    )
    with world.relay():
        cursor.execute(_RECOUNT)
    counted = {row[:4]: row[4] for row in cursor.fetchall()}
    cursor.execute(_TALLIED)
    is_equal = counted == {row[:4]: row[4] for row in cursor.fetchall()}
    return [
        Row(
            line="wall: counters of all districts",
            ours=latency_ms(ours, 50),
            unit="ms",
            reference=latency_ms(theirs, 50),
            reference_is="recount",
            cpu_us=cpu(ours),
            reference_cpu_us=cpu(theirs),
            goal=f"<= {TALLY_GOAL_MS:.0f} ms, equal to a recount",
            met=latency_ms(ours, 50) <= TALLY_GOAL_MS and is_equal,
            note="equal to a recount" if is_equal else "NOT equal to a recount",
        )
    ]
