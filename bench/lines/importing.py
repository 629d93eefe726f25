"""Lines: voices in bulk through `manage.py replay`, against COPY into the same tables."""

import csv
import itertools
import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import connection as django_connection

from bench.cpu import Meter
from bench.lines.creating import Voices
from bench.rows import Row, cpu, interleaved, rate
from bench.world import World
from dispatch import bulk
from gis.bulk import Cell, copy_rows

INTAKES_GOAL = 5_000
EACH = 10_000
_HEADER = ("no", "opened", "what", "title", "text", "lon", "lat", "phone", "name")
_CASE_COLUMNS = (
    "case_no", "state", "is_open", "line", "lines", "category_code", "condition_code", "family",
    "priority", "sensitive", "title", "address", "location", "accuracy_m", "area_code",
    "district_code", "street_code", "community_code", "cell_code", "component_id",
    "intakes_count", "rework_count", "due_stage", "due_at", "created_at", "state_at", "close_type",
    "version",
)  # fmt: skip


_CATEGORIES = "SELECT code FROM dispatch_category WHERE selectable AND code ~ '^[CE]' ORDER BY 1"
_MAPPING = """
source = "bench"
timezone = "Asia/Shanghai"
crs = "WGS84"

[columns]
id = "no"
opened = "opened"
category = "what"
title = "title"
content = "text"
lon = "lon"
lat = "lat"
phone = "phone"
name = "name"

[constants]
accuracy_m = 8
kind = "COMPLAINT"
channel = "PHONE"
wants_reply = true
"""


class RefusedError(Exception):
    """The door refused a voice that it should take."""


def measure(world: World) -> list[Row]:
    """Files of 10,000 rows through `manage.py replay --as-fast-as-possible`, matching on; COPY of
    as many bare cases."""
    voices = Voices(world)
    meter = Meter(world.large)
    numbers = itertools.count(1)
    mapping = world.folder / "bench-import.toml"
    mapping.write_text(_MAPPING, "utf-8")
    files = _files(world, voices, EACH)

    def ours() -> int:
        told = StringIO()
        with redirect_stderr(StringIO()):
            call_command("replay", str(next(files)), map=mapping, line="hotline",
                         as_fast_as_possible=True, stdout=told)  # fmt: skip
        if not re.search(rf"cases +{EACH:,}", told.getvalue()):
            raise RefusedError(told.getvalue())
        return EACH

    def theirs() -> int:
        rows = [_bare(next(numbers), voices) for _ in range(EACH)]
        return copy_rows("dispatch_case", _CASE_COLUMNS, rows)

    ours()
    taken, copied = interleaved(
        [lambda: meter.run(ours), lambda: meter.run(theirs)], world.pace.rounds
    )
    _forget_bare_cases()
    return [
        Row(
            line="import: voices by replay",
            ours=rate(taken),
            unit="/s",
            reference=rate(copied),
            reference_is="COPY of bare cases",
            cpu_us=cpu(taken),
            reference_cpu_us=cpu(copied),
            goal=f">= {INTAKES_GOAL:,}/s",
            met=rate(taken) >= INTAKES_GOAL,
            note=f"whole command, a CSV of {EACH:,} rows to commit, {bulk.BATCH:,} a transaction: "
            "matching, voices, clocks, receipts and events included",
        )
    ]


def _files(world: World, voices: Voices, rows: int) -> Iterator[Path]:
    """CSV files of new records of callers who wait for a reply."""
    with world.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_CATEGORIES)
        categories = [code for (code,) in cursor.fetchall()]
    path = world.folder / "bench-import.csv"
    for file in itertools.count(1):
        opened = datetime.now(UTC) - timedelta(seconds=rows)
        with path.open("w", newline="", encoding="utf-8") as text:
            writer = csv.writer(text)
            writer.writerow(_HEADER)
            for row in range(rows):
                n, (lon, lat, _) = voices.take()
                writer.writerow((
                    f"{opened.timestamp():.0f}-{file}-{row}",
                    (opened + timedelta(seconds=row)).isoformat(), categories[n % len(categories)],
                    f"垃圾散落一地 {n}", "小区门口垃圾散落，异味明显，请尽快处理。", lon, lat,
                    f"138{n:08d}", "王小明",
                ))  # fmt: skip
        yield path


def _bare(number: int, voices: Voices) -> tuple[Cell, ...]:
    n, (lon, lat, district) = voices.take()
    now = datetime.now(UTC)
    due = (now + timedelta(minutes=30)).isoformat()
    place = f"SRID=4326;POINT({lon} {lat})"
    return (
        f"{district}C{number:012d}", "REGISTERED", True, "HOTLINE", "HOTLINE", "E0104", "",
        "WASTE", 2, False, f"垃圾散落一地 {n}", "", place, 8.0, district, district, "", "", "", "",
        1, 0, "ACCEPT", due, now.isoformat(), now.isoformat(), "", 1,
    )  # fmt: skip


def _forget_bare_cases() -> None:
    """They have no voice and no event, so they would spoil the tally's comparison."""
    with django_connection.cursor() as cursor:
        cursor.execute("DELETE FROM dispatch_case WHERE case_no ~ '^[0-9]{6}C[0-9]{12}$'")
