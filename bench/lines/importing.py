"""Lines: voices in bulk through the queue's door for many, against COPY into the same tables."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection as django_connection

from accounts.models import User
from bench.cpu import Meter
from bench.lines.creating import Voices
from bench.rows import Row, cpu, interleaved, rate
from bench.world import World
from dispatch import bulk
from dispatch.bulk import submit_many
from dispatch.models import Line
from dispatch.voices import Caller, IntakeError, NewIntake, Position
from gis.bulk import Cell, copy_rows

INTAKES_GOAL = 5_000
EACH = 2_000
_CASE_COLUMNS = (
    "case_no", "state", "is_open", "line", "lines", "category_code", "condition_code", "family",
    "priority", "sensitive", "title", "address", "location", "accuracy_m", "area_code",
    "district_code", "street_code", "community_code", "cell_code", "component_id",
    "intakes_count", "rework_count", "due_stage", "due_at", "created_at", "state_at", "close_type",
    "version",
)  # fmt: skip


class RefusedError(Exception):
    """The door refused a voice that it should take."""


def measure(world: World) -> list[Row]:
    """2,000 voices a round through `submit_many`, matching on; COPY of as many bare cases."""
    voices = Voices(world)
    by = User.objects.get(username="operator")
    meter = Meter(world.large)
    numbers = itertools.count(1)

    def ours() -> int:
        answers = submit_many(list(itertools.islice(_new(voices), EACH)), by=by)
        if refused := next((a for a in answers if isinstance(a, IntakeError)), None):
            raise RefusedError(str(refused))
        return len(answers)

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
            line="import: voices",
            ours=rate(taken),
            unit="/s",
            reference=rate(copied),
            reference_is="COPY of bare cases",
            cpu_us=cpu(taken),
            reference_cpu_us=cpu(copied),
            goal=f">= {INTAKES_GOAL:,}/s",
            met=rate(taken) >= INTAKES_GOAL,
            note=f"submit_many on one connection, {bulk.BATCH:,} a transaction: matching, voices, "
            "clocks, receipts and events included",
        )
    ]


def _new(voices: Voices) -> Iterator[tuple[NewIntake, datetime]]:
    while True:
        n, (lon, lat, _) = voices.take()
        now = datetime.now(UTC)
        voice = NewIntake(
            line=Line.HOTLINE,
            channel="PHONE",
            kind="COMPLAINT",
            category="E0104",
            title=f"垃圾散落一地 {n}",
            content="小区门口垃圾散落，异味明显，请尽快处理。",
            occurred_at=now,
            position=Position(lon, lat, "WGS84", 8.0),
            caller=Caller(phone=f"138{n:08d}", name="王小明"),
            wants_reply=True,
            source=("bench:import", f"{now.timestamp()}-{n}"),
        )
        yield voice, now


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
