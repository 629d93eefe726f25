"""Line: a voice comes in by a door, the whole path, against the barest write of case and event."""

import itertools
import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from standardwebhooks import Webhook

from bench.cpu import Meter, Sample
from bench.door import Door, side_by_side
from bench.rows import Row, cpu, interleaved, rate
from bench.world import WEB_PROCESSES, World

CONNECTIONS = 4
HTTP_CONNECTIONS = CONNECTIONS * WEB_PROCESSES
"""The kernel deals connections out among the web processes: about so many each."""
GOAL_SHARE, SAME_WITHIN = 0.25, 0.10
WARM_UPS = 2
"""Runs that are not counted: each thread of each web process prepares its own statements."""
_SPOTS = """
SELECT ST_X(p.geom), ST_Y(p.geom), left(code, 6)
FROM citygis_area, ST_Dump(ST_GeneratePoints(geom, 20, 11)) p WHERE level = 'CELL'
"""
RAW = """
WITH thing AS (
  INSERT INTO dispatch_case (case_no, state, is_open, line, lines, category_code, condition_code,
    family, priority, sensitive, title, address, location, accuracy_m, area_code, district_code,
    street_code, community_code, cell_code, component_id, lead_unit_id, intakes_count,
    rework_count, due_stage, due_at, created_at, state_at, close_type, version)
  VALUES (%s, 'REGISTERED', true, 'HOTLINE', 'HOTLINE', 'E0104', '', 'WASTE', 2, false, %s, '',
    ST_SetSRID(ST_Point(%s, %s), 4326), 8, %s, %s, '', '', '', '', NULL, 1, 0, 'ACCEPT',
    now() + interval '30 minutes', now(), now(), '', 1)
  RETURNING id, case_no, district_code)
INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line, category,
                            priority, district, payload, digest)
SELECT id, case_no, 'case.registered', now(), '', 'REGISTERED', 'HOTLINE', 'E0104', 2,
       district_code, '{}', '' FROM thing
"""

OVER_HTTP = f"{HTTP_CONNECTIONS} connections to {WEB_PROCESSES} web processes on one port"

Spot = tuple[float, float, str]


class Voices:
    """Endless new voices at random places of the city; safe to draw from threads."""

    def __init__(self, world: World) -> None:
        with world.connect() as connection, connection.cursor() as cursor:
            cursor.execute(_SPOTS)
            spots: list[Spot] = cursor.fetchall()
        random.Random(3).shuffle(spots)
        self.by_district = {d: [s for s in spots if s[2] == d] for d in world.districts}
        self._spots = itertools.cycle(spots)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def take(self) -> tuple[int, Spot]:
        """A number and a place."""
        with self._lock:
            return next(self._numbers), next(self._spots)


def _location(spot: Spot) -> dict[str, object]:
    return {"lon": spot[0], "lat": spot[1], "crs": "WGS84", "accuracy_m": 8}


def call(door: Door, voices: Voices) -> None:
    """One call logged at the desk."""
    n, spot = voices.take()
    body = {
        "kind": "COMPLAINT",
        "title": f"垃圾散落一地 {n}",
        "content": "小区门口垃圾散落，异味明显，请尽快处理。",
        "category": "E0104",
        "caller": {"phone": f"139{n:08d}", "name": "王小明"},
        "location": _location(spot),
    }
    door.ask("POST", "/api/v1/hotline/tickets", json.dumps(body).encode(), expect=201)


def find(door: Door, spots: Iterator[Spot]) -> None:
    """One finding of an inspector in her district."""
    body = {
        "uid": str(uuid.uuid4()),
        "device": "bench",
        "captured_at": datetime.now(UTC).isoformat(),
        "category": "E0102",
        "text": "乱堆物料",
        "location": _location(next(spots)),
    }
    door.ask("POST", "/api/v1/grid/findings", json.dumps(body).encode(), expect=201)


def report(door: Door, voices: Voices, webhook: Webhook) -> None:
    """One signed event of the service hall."""
    n, spot = voices.take()
    now, number = datetime.now(UTC), uuid.uuid4().hex
    body = json.dumps(
        {
            "specversion": "1.0",
            "id": number,
            "source": "/hall/bench",
            "type": "sanxian.affairs.complaint.filed",
            "time": now.isoformat(),
            "data": {"text": f"窗口等候过久 {n}", "area_code": spot[2], **_location(spot)},
        }
    )
    head = (
        f"webhook-id: {number}\r\nwebhook-timestamp: {int(now.timestamp())}\r\n"
        f"webhook-signature: {webhook.sign(number, now, body)}\r\n"
        "Content-Type: application/cloudevents+json\r\n"
    )
    door.ask("POST", "/api/v1/affairs/events", body.encode(), expect=201, head=head)


def _raw_writers(world: World, voices: Voices) -> list[Callable[[], None]]:
    def writer() -> Callable[[], None]:
        cursor = world.connect().cursor()

        def write() -> None:
            n, (lon, lat, district) = voices.take()
            number = f"{district}R{uuid.uuid4().hex[:14]}"
            cursor.execute(RAW, [number, f"垃圾散落一地 {n}", lon, lat, district, district])

        return write

    return [writer() for _ in range(CONNECTIONS)]


def measure(world: World) -> list[Row]:
    """The three doors, a web process for each core, in turn with the raw statement."""
    voices = Voices(world)
    first = world.districts[0]
    spots = itertools.cycle(voices.by_district[first])
    webhook = Webhook(world.people["hall"])
    operator, inspector = world.people["operator"], world.people[f"inspector_{first}"]
    with ExitStack() as stack:
        pids, port = stack.enter_context(world.webs())
        small_pids, small_port = stack.enter_context(world.webs(world.small))
        ours, small = Meter(world.large, pids), Meter(world.small, small_pids)
        desk = [Door(port, operator) for _ in range(HTTP_CONNECTIONS)]
        desk_small = [Door(small_port, operator) for _ in range(HTTP_CONNECTIONS)]
        phones = [Door(port, inspector) for _ in range(HTTP_CONNECTIONS)]
        halls = [Door(port) for _ in range(HTTP_CONNECTIONS)]
        runs = [
            _runner(ours, [partial(call, door, voices) for door in desk], world),
            _runner(Meter(world.large), _raw_writers(world, voices), world),
            _runner(small, [partial(call, door, voices) for door in desk_small], world),
            _runner(ours, [partial(find, door, spots) for door in phones], world),
            _runner(ours, [partial(report, door, voices, webhook) for door in halls], world),
        ]
        for run in runs * WARM_UPS:
            run()
        hotline, raw, at_10k, grid, affairs = interleaved(runs, world.pace.rounds)
    return _rows(world, hotline, raw, at_10k, grid, affairs)


def _runner(meter: Meter, works: list[Callable[[], None]], world: World) -> Callable[[], Sample]:
    return lambda: meter.run(lambda: side_by_side(works, world.pace.seconds))


def _rows(
    world: World,
    hotline: list[Sample],
    raw: list[Sample],
    at_10k: list[Sample],
    *others: list[Sample],
) -> list[Row]:
    doors = ("hotline", "grid", "affairs")
    rows = [
        Row(
            line=f"create: {door}, {WEB_PROCESSES} web processes",
            ours=rate(samples),
            unit="/s",
            reference=rate(raw),
            reference_is="raw CTE",
            cpu_us=cpu(samples),
            reference_cpu_us=cpu(raw),
            goal=f">= {GOAL_SHARE:.0%} of the raw rate",
            met=rate(samples) >= GOAL_SHARE * rate(raw),
            note=f"{cpu(raw) / cpu(samples):.1%} of the raw rate by CPU; {OVER_HTTP}",
        )
        for door, samples in zip(doors, (hotline, *others), strict=True)
    ]
    same = Row(
        line=f"create: at {world.cases:,} cases against 10,000",
        ours=cpu(hotline),
        unit="us CPU",
        reference=cpu(at_10k),
        reference_is="at 10k",
        goal=f"within {SAME_WITHIN:.0%}",
        met=cpu(hotline) <= (1 + SAME_WITHIN) * cpu(at_10k),
        note=f"rates {rate(hotline):.0f}/s and {rate(at_10k):.0f}/s",
    )
    return [*rows, same]
