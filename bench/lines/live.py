"""Lines: from commit to screen, fan-out to three thousand screens, memory of the web process."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import numpy as np

from bench.audience import Audience, Recorder, Speaker, audience, paced
from bench.cpu import Meter, Sample, memory_of
from bench.door import Door, DoorError
from bench.rows import Row
from bench.world import World

SCREENS, RATE = 100, 200.0
MANY_SCREENS, MANY_RATE = 3_000, 1.0
P50_MS, P99_MS, MANY_P99_MS = 15.0, 150.0, 500.0
DELIVERY_US, WEB_MB, SOCKET_KB = 25.0, 250.0, 50.0
RUN_S, MANY_RUN_S = 3.0, 5.0
WORK_REQUESTS = 300
READING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run: percentiles in milliseconds, what was lost, CPU microseconds per delivery."""

    p50: float
    p99: float
    lost: int
    deliveries: int
    cpu_us: float


def _run(
    meter: Meter, hall: Audience, speaker: Recorder | Speaker, per_second: float, seconds: float
) -> Run:
    sample: Sample = meter.run(lambda: paced(speaker.say, per_second, seconds))
    said = speaker.said()
    heard = hall.heard(len(said) * hall.count)
    latencies = heard.latencies(said) * 1000
    deliveries = max(1, len(latencies))
    return Run(
        float(np.percentile(latencies, 50)) if len(latencies) else float("inf"),
        float(np.percentile(latencies, 99)) if len(latencies) else float("inf"),
        heard.lost(said, hall.count),
        deliveries,
        sample.cpu_s * 1e6 / deliveries,
    )


def _in_turn(runs: list[Callable[[], Run]], rounds: int) -> list[list[Run]]:
    found: list[list[Run]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, kept in zip(runs, found, strict=True):
            kept.append(run())
    return found


def _median(runs: list[Run], name: str) -> float:
    return float(median(getattr(run, name) for run in runs))


def measure_commit_to_screen(world: World) -> list[Row]:
    """200 events a second on 100 screens of one district, in turn with a plain echo to 100."""
    district = world.districts[0]
    token = world.people[f"supervisor_{district}"]
    address = f"/ws/v1/districts/{district}"
    with ExitStack() as stack:
        pid, port = stack.enter_context(world.web())
        plain_pid, plain_port = stack.enter_context(world.server("-m", "bench.plain_app"))
        stack.enter_context(world.relay())
        screens = stack.enter_context(audience(world, port, address, SCREENS, token))
        plain = stack.enter_context(audience(world, plain_port, "/echo/", SCREENS, ""))
        recorder, speaker = Recorder(district), Speaker(plain_port, "/echo/")
        stack.callback(recorder.rest)
        ours = Meter(world.large, [pid])
        theirs = Meter(world.large, [plain_pid])
        _run(ours, screens, recorder, RATE, 0.5)
        live, echo = _in_turn(
            [
                lambda: _run(ours, screens, recorder, RATE, RUN_S),
                lambda: _run(theirs, plain, speaker, RATE, RUN_S),
            ],
            world.pace.rounds,
        )
    lost = sum(run.lost for run in live)
    name = f"{RATE:.0f} events/s x {SCREENS} screens"
    return [
        Row(
            line=f"commit to screen, p50: {name}",
            ours=_median(live, "p50"),
            unit="ms",
            reference=_median(echo, "p50"),
            goal=f"<= {P50_MS:.0f} ms",
            met=_median(live, "p50") <= P50_MS,
            reference_is="plain echo",
        ),
        Row(
            line="commit to screen, p99",
            ours=_median(live, "p99"),
            unit="ms",
            reference=_median(echo, "p99"),
            cpu_us=_median(live, "cpu_us"),
            reference_cpu_us=_median(echo, "cpu_us"),
            goal=f"<= {P99_MS:.0f} ms, 0 lost",
            met=_median(live, "p99") <= P99_MS and not lost,
            note=f"{lost} of {sum(run.deliveries for run in live):,} lost in "
            f"{world.pace.rounds * RUN_S:.0f} s; CPU is per delivery",
            reference_is="plain echo",
        ),
    ]


def measure_fan_out(world: World) -> list[Row]:
    """One event a second to 3,000 screens, in turn with a group membership per consumer."""
    district = world.districts[0]
    token = world.people[f"supervisor_{district}"]
    address = f"/ws/v1/districts/{district}"
    with ExitStack() as stack:
        pid, port = stack.enter_context(world.web())
        plain_pid, plain_port = stack.enter_context(world.server("-m", "bench.plain_app"))
        stack.enter_context(world.relay())
        _work(port, world)
        worked, plain_before = memory_of(pid), memory_of(plain_pid)
        screens = stack.enter_context(audience(world, port, address, MANY_SCREENS, token))
        each_kb = (memory_of(pid) - worked) / MANY_SCREENS / 1000
        plain = stack.enter_context(audience(world, plain_port, "/groups/", MANY_SCREENS, ""))
        plain_kb = (memory_of(plain_pid) - plain_before) / MANY_SCREENS / 1000
        recorder, speaker = Recorder(district), Speaker(plain_port, "/groups/")
        stack.callback(recorder.rest)
        ours, theirs = Meter(world.large, [pid]), Meter(world.large, [plain_pid])
        _run(ours, screens, recorder, MANY_RATE, 1.0)
        hub, groups = _in_turn(
            [
                lambda: _run(ours, screens, recorder, MANY_RATE, MANY_RUN_S),
                lambda: _run(theirs, plain, speaker, MANY_RATE, MANY_RUN_S),
            ],
            world.pace.rounds,
        )
    return [*_fan_out_rows(hub, groups), *_memory_rows(worked / 1e6, each_kb, plain_kb)]


def _fan_out_rows(hub: list[Run], groups: list[Run]) -> list[Row]:
    lost = sum(run.lost for run in hub)
    return [
        Row(
            line="fan-out: CPU of one delivery",
            ours=_median(hub, "cpu_us"),
            unit="us",
            reference=_median(groups, "cpu_us"),
            reference_is="group per consumer",
            cpu_us=_median(hub, "cpu_us"),
            reference_cpu_us=_median(groups, "cpu_us"),
            goal=f"<= {DELIVERY_US:.0f} us",
            met=_median(hub, "cpu_us") <= DELIVERY_US,
            note="web process and its backends, heartbeats and re-checks of the sockets included",
        ),
        Row(
            line=f"fan-out: p99, {MANY_SCREENS:,} screens x 1/s",
            ours=_median(hub, "p99"),
            unit="ms",
            reference=_median(groups, "p99"),
            reference_is="group per consumer",
            goal=f"<= {MANY_P99_MS:.0f} ms",
            met=_median(hub, "p99") <= MANY_P99_MS,
            note=f"p50 {_median(hub, 'p50'):.0f} ms; {lost} lost",
        ),
    ]


def _memory_rows(worked_mb: float, each_kb: float, plain_kb: float) -> list[Row]:
    return [
        Row(
            line="memory: web process after work",
            ours=worked_mb,
            unit="MB",
            goal=f"<= {WEB_MB:.0f} MB",
            met=worked_mb <= WEB_MB,
            note=f"resident, after {WORK_REQUESTS} pages, counters and tiles",
        ),
        Row(
            line=f"memory: one of {MANY_SCREENS:,} sockets",
            ours=each_kb,
            unit="kB",
            reference=plain_kb,
            reference_is="group per consumer",
            goal=f"<= {SOCKET_KB:.0f} kB",
            met=each_kb <= SOCKET_KB,
        ),
    ]


def _until_read(door: Door) -> None:
    """Wait until a fresh web process has read the open cases; till then tiles are refused."""
    end = time.monotonic() + READING_SECONDS
    while True:
        try:
            door.ask("GET", "/tiles/cases/12/3409/1690.mvt")
            return
        except DoorError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _work(port: int, world: World) -> None:
    door = Door(port, world.people["commander"])
    _until_read(door)
    for n in range(WORK_REQUESTS // 3):
        door.ask("GET", "/api/v1/queue?limit=200")
        door.ask("GET", "/api/v1/queue/counters")
        door.ask("GET", f"/tiles/cases/12/{3409 + n % 4}/{1690 + n // 4 % 4}.mvt")
