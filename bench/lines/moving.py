"""Line: one move of a case against the barest transaction of one UPDATE and one event row."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

from bench.cpu import Meter, Sample
from bench.door import Door, side_by_side
from bench.lines.creating import (
    CONNECTIONS,
    GOAL_SHARE,
    HTTP_CONNECTIONS,
    OVER_HTTP,
    WARM_UPS,
)
from bench.rows import Row, cpu, interleaved, rate
from bench.world import WEB_PROCESSES, World

_WAITING = """
SELECT id, case_no, version FROM dispatch_case
WHERE is_open AND state = 'PENDING_SIGN' AND district_code = ANY(%s) ORDER BY id
"""
_UPDATE = """
UPDATE dispatch_case
SET state = CASE state WHEN 'PENDING_SIGN' THEN 'PROCESSING' ELSE 'PENDING_SIGN' END,
    state_at = now(), version = version + 1, due_stage = 'DISPOSAL'
WHERE id = %s RETURNING case_no, state, line, category_code, priority, district_code
"""
_EVENT = """
INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line, category,
                            priority, district, payload, digest)
VALUES (%s, %s, 'case.signed', now(), %s, %s, %s, %s, %s, %s, '{}', '')
"""
_BEFORE = {"PROCESSING": "PENDING_SIGN", "PENDING_SIGN": "PROCESSING"}

Waiting = tuple[int, str, int]


def measure(world: World) -> list[Row]:
    """`sign` through the API (its answer is the whole case file) in turn with the raw pair."""
    first, *others = world.districts
    ours = iter(_waiting(world, [first]))
    theirs = itertools.cycle(_waiting(world, others))
    token = world.people[f"handler_{first}"]
    with world.webs() as (pids, port):
        doors = [Door(port, token) for _ in range(HTTP_CONNECTIONS)]
        meter, raw_meter = Meter(world.large, pids), Meter(world.large)
        signs = [_signer(door, ours) for door in doors]
        raws = [_raw(world, theirs) for _ in range(CONNECTIONS)]
        seconds = world.pace.seconds
        runs: list[Callable[[], Sample]] = [
            lambda: meter.run(lambda: side_by_side(signs, seconds)),
            lambda: raw_meter.run(lambda: side_by_side(raws, seconds)),
        ]
        for warm_up in runs * WARM_UPS:
            warm_up()
        signed, raw = interleaved(runs, world.pace.rounds)
    return [
        Row(
            line=f"move: sign, {WEB_PROCESSES} web processes",
            ours=rate(signed),
            unit="/s",
            reference=rate(raw),
            reference_is="raw transaction",
            cpu_us=cpu(signed),
            reference_cpu_us=cpu(raw),
            goal=f">= {GOAL_SHARE:.0%} of the raw rate",
            met=rate(signed) >= GOAL_SHARE * rate(raw),
            note=f"{cpu(raw) / cpu(signed):.1%} of the raw rate by CPU; {OVER_HTTP}; "
            "the answer carries the whole case file",
        )
    ]


def _waiting(world: World, districts: list[str]) -> list[Waiting]:
    with world.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_WAITING, [districts])
        return cursor.fetchall()


def _signer(door: Door, waiting: Iterator[Waiting]) -> Callable[[], None]:
    def sign() -> None:
        _, case_no, version = next(waiting)
        body = json.dumps({"move": "sign", "version": version}).encode()
        door.ask("POST", f"/api/v1/cases/{case_no}/moves", body)

    return sign


def _raw(world: World, waiting: Iterator[Waiting]) -> Callable[[], None]:
    connection = world.connect()
    connection.autocommit = False
    cursor: Any = connection.cursor()

    def move() -> None:
        case_id, _, _ = next(waiting)
        cursor.execute(_UPDATE, [case_id])
        case_no, state, *rest = cursor.fetchone() or ("", "")
        cursor.execute(_EVENT, [case_id, case_no, _BEFORE[state], state, *rest])
        connection.commit()

    return move
