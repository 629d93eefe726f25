"""Measures the lines on the databases that `python -m bench` has filled; prints the table."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from bench.registry import LINES, Line  # noqa: E402
from bench.rows import Row, table, write_json  # noqa: E402
from bench.world import Pace, World  # noqa: E402
from ops.processes import ROOT  # noqa: E402
from ops.steps import say  # noqa: E402

QUICK = Pace(rounds=3, seconds=0.5, few=40)
_DISTRICTS = "SELECT code FROM citygis_area WHERE level = 'DISTRICT' ORDER BY code"


def main() -> int:
    """Measure what was chosen; a line that fails says so and the others go on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", required=True)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    folder = ROOT / "var" / "bench"
    world = World(
        large=os.environ["DATABASE_URL"],
        small=chosen.small,
        people=json.loads(chosen.people.read_text("utf-8")),
        cases=chosen.cases,
        pace=QUICK if chosen.quick else Pace(),
        folder=folder,
    )
    with world.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_DISTRICTS)
        world.districts = tuple(code for (code,) in cursor.fetchall())
    names = [name for name in chosen.only.split(",") if name]
    rows: list[Row] = []
    for line in LINES:
        if not names or line.name in names:
            rows += _measured(line, world)
    about = _about(world, quick=chosen.quick)
    say(f"\n{table(rows)}\n\n{about['commit']} on {about['machine']}, {world.cases:,} cases")
    write_json(folder / "latest.json", rows, about)
    write_json(folder / f"{about['at'].replace(':', '')}.json", rows, about)
    return 0


def _measured(line: Line, world: World) -> list[Row]:
    start = time.monotonic()
    try:
        rows = line.measure(world)
    except Exception:
        traceback.print_exc()
        rows = [Row(line.name, 0, "", "could not be measured", met=False, note="see above")]
    say(f"      {line.name}: {line.what}  {time.monotonic() - start:.1f} s")
    return rows


def _about(world: World, *, quick: bool) -> dict[str, str]:
    with world.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), PostGIS_Lib_Version()")
        postgresql, postgis = cursor.fetchone() or ("", "")
    words = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"PostgreSQL {postgresql.split()[0]}, PostGIS {postgis}",
        "cases": str(world.cases),
        "quick": str(quick),
    }


if __name__ == "__main__":
    sys.exit(main())
