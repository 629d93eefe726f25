"""`make bench`: measures what docs/benchmarks.md promises and prints one table; always exit 0.

It works on private servers of its own under var/bench, whatever DATABASE_URL says: it fills and
drops databases. Environment: SIZE (cases in the large city, 1M).
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.filling import create_database, drop_databases, fill
from ops.instance import (
    CANNOT_START,
    base_environment,
    manage,
    start_servers,
    stop_calmly,
    stop_on_signals,
)
from ops.place import Place, PlaceTakenError
from ops.processes import Supervisor, run
from ops.steps import Steps, say

STEPS_OF_UP_SH = 2
STEPS = 7
SMALL, QUICK, LARGE = 10_000, 100_000, 1_000_000
DATABASES = ("bench_city", "bench_small", "bench_large")
TIMES = {"K": 1_000, "M": 1_000_000}


def cases(size: str) -> int:
    """10M -> 10,000,000."""
    text = size.strip().upper()
    return int(float(text[:-1]) * TIMES[text[-1]]) if text[-1] in TIMES else int(text)


def main() -> int:
    """Start servers, build the city, measure; 0 whatever is found."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="names of lines, divided by commas")
    parser.add_argument("--quick", action="store_true", help="a small city and short runs")
    chosen = parser.parse_args()
    size = cases(os.environ.get("SIZE") or str(QUICK if chosen.quick else LARGE))
    for name in ("DATABASE_URL", "REDIS_URL", "DATABASE_URL_FILE", "REDIS_URL_FILE"):
        os.environ.pop(name, None)
    stop_on_signals()
    place = Place(Path("var/bench").resolve())
    try:
        place.open()
        with place.locked():
            _run(place, chosen, size)
    except PlaceTakenError:
        say("Another make bench runs in this folder.")
    except CANNOT_START as error:
        say(f"\nThe measurements could not start. {error}")
    except KeyboardInterrupt:
        say("\nInterrupted.")
    return 0


def _run(place: Place, chosen: argparse.Namespace, size: int) -> None:
    supervisor = Supervisor(say)
    steps = Steps(STEPS, STEPS_OF_UP_SH)
    server = ""
    try:
        environment = base_environment(place)
        environment |= start_servers(place, supervisor, steps, durable=True)
        server = environment["DATABASE_URL"]
        people = place.folder / "people.json"
        with steps.step("A city with 10,000 cases"):
            city = create_database(server, "bench_city")
            _build({**environment, "DATABASE_URL": city}, people, place)
            now = datetime.now(UTC).isoformat()
            small = create_database(server, "bench_small", template="bench_city")
            fill(small, cases=SMALL, now=now)
        with steps.step(f"The same city with {size:,} cases"):
            large = create_database(server, "bench_large", template="bench_city")
            fill(large, cases=size, now=now)
        with steps.step("Measuring"):
            command = [sys.executable, "-m", "bench.measure", "--small", small]
            command += ["--people", str(people), "--cases", str(size), "--only", chosen.only]
            run([*command, *["--quick"] * chosen.quick], {**environment, "DATABASE_URL": large})
    finally:
        if server:
            drop_databases(server, DATABASES)
        stop_calmly(supervisor)


def _build(environment: dict[str, str], people: Path, place: Place) -> None:
    log = place.folder / "log" / "setup.log"
    log.unlink(missing_ok=True)
    manage(environment, "migrate", "--noinput", log=log)
    manage(environment, "collectstatic", "--noinput", log=log)
    run([sys.executable, "-m", "bench.build", str(people)], environment, log)


if __name__ == "__main__":
    sys.exit(main())
