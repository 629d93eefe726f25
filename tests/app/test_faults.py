"""A short schedule of kills against real processes, and proof that the count would notice."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connection

from dispatch import numbers, outbox
from dispatch.models import Case, Event, FeedHead, Timer
from dispatch.timekeeping.sweeping import sweep_due
from ops.binaries import PostgresMissingError, find
from ops.faults import counting, recovery
from ops.faults.counting import Records
from ops.faults.diary import Diary, Made
from ops.faults.kills import GOALS_S, HOW, Done, Schedule
from ops.faults.screens import Screen, Seen
from ops.processes import ROOT
from tests.city import City
from tests.client import Api, call

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FROM_OUTSIDE = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PII_KEY", "DATA_DIR", "STATIC_ROOT")
KEY = ("grid", "uid-1")
RECEIPT = {"intake_no": "I1", "case_no": "C1", "created": True}


@pytest.mark.timeout(300)
def test_nothing_is_lost_doubled_or_disordered_when_processes_are_killed(tmp_path: Path) -> None:
    try:
        find()
    except PostgresMissingError as error:
        pytest.skip(str(error))
    kept = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
    words = ["--rounds", "1", "--faults", "2", "--seed", "4", "--folder", str(tmp_path / "faults")]

    run = subprocess.run(
        [sys.executable, "-m", "ops.faults", *words],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "lost: 0  doubled: 0  out of order: 0  half written: 0  stale: 0" in run.stdout


@pytest.mark.django_db(transaction=True)
def test_a_clock_is_not_swept_while_its_case_is_being_moved(real_city: City) -> None:
    _status, receipt = Api(real_city, "operator1").post("hotline/tickets", call())
    Timer.objects.update(due_at=AT, next_at=AT, said_percent=99)
    now = datetime.now(UTC)

    with closing(_connection()) as mover, mover.cursor() as cursor:
        cursor.execute("SELECT 1 FROM dispatch_case FOR UPDATE")
        swept_meanwhile = sweep_due(now=now)
        cursor.execute("UPDATE dispatch_case SET state = 'VERIFYING'")
        mover.commit()
    swept_afterwards = sweep_due(now=now)

    marks_of_two_clocks = 2 * 4
    assert (swept_meanwhile, swept_afterwards) == (0, marks_of_two_clocks)
    told = Event.objects.filter(case_no=receipt["case_no"], topic="timer.overdue")
    assert set(told.values_list("from_state", "to_state")) == {("VERIFYING", "VERIFYING")}
    assert Case.objects.get().state == "VERIFYING"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_dies_before_the_relay_is_woken_spoils_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with closing(_connection()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])

    outbox.ring_relay()

    assert FeedHead.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_sequence_that_a_crash_set_back_refuses_nobody(real_city: City) -> None:
    operator = Api(real_city, "operator1")
    first = [operator.post("hotline/tickets", call())[1]["intake_no"] for _ in range(3)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('dispatch_number_seq', %s, false)", [int(first[0][-6:])])
    numbers.forget()

    status, receipt = operator.post("hotline/tickets", call())

    assert status == 201, receipt
    assert receipt["intake_no"] not in first


def _connection() -> "psycopg2.extensions.connection":
    s = connection.settings_dict
    return psycopg2.connect(
        host=s["HOST"], port=s["PORT"], user=s["USER"], password=s["PASSWORD"], dbname=s["NAME"]
    )


def test_a_seed_always_draws_the_same_schedule_and_every_kind_before_any_twice() -> None:
    first, again = Schedule(7), Schedule(7)

    drawn = [fault for _ in range(len(HOW) // 4) for fault in first.of_a_round(4)]

    assert drawn == [fault for _ in range(len(HOW) // 4) for fault in again.of_a_round(4)]
    assert {fault.kind for fault in drawn} == set(HOW) == set(GOALS_S)


def _event(seq: int, before: str, topic: str, after: str, **payload: Any) -> tuple[Any, ...]:
    body = (seq, 1, "C1", topic, 5, AT + timedelta(seconds=seq), before, after)
    return (*body, "GRID", "E0102", 2, "339901", json.dumps(payload))


def _chained(*rows: tuple[Any, ...]) -> tuple[list[tuple[Any, ...]], str]:
    digest, chained = outbox.GENESIS, []
    for seq, row in enumerate(rows, start=1):
        digest = outbox.digest_of(digest, seq, row)
        chained.append((seq, digest, *row))
    return chained, digest


def _records() -> Records:
    """One finding that was accepted, with one clock that ran out; everything in order."""
    log, digest = _chained(
        _event(1, "", "case.registered", "REGISTERED"),
        _event(2, "REGISTERED", "timer.overdue", "REGISTERED", timer=9),
        _event(3, "REGISTERED", "case.accepted", "PENDING_FILING"),
    )
    return Records(
        intakes=[(*KEY, "I1", "C1")],
        cases=[(1, "C1", "PENDING_FILING", "339901", "GRID", "E0102")],
        log=log,
        heads=[("339901", 3, digest)],
        tally=[("339901", "GRID", "E0102", "PENDING_FILING", 1)],
        timers=[(9, True, True)],
        cursors=[("grid.follow_cases", "339901", 3)],
        lines=[("finding", "I1", "PENDING_FILING", "PENDING_FILING", "C1")],
    )


def _diary() -> Diary:
    diary = Diary(tried={KEY})
    diary.acknowledged(KEY, RECEIPT)
    diary.moved(Made("C1", "case.accepted", 1))
    return diary


def _screen(*numbers: int) -> Screen:
    topics = ("", "case.registered", "timer.overdue", "case.accepted")
    screen = Screen("screen", "339901", [1, 2], "token")
    screen.seen = [Seen(n, "C1", topics[n], 1.0, 1.1) for n in numbers]
    return screen


def _kinds(records: Records, diary: Diary | None = None, *shown: int) -> set[str]:
    screens = [_screen(*(shown or (1, 2, 3)))]
    found = counting.count(records, diary or _diary(), screens, ["grid.follow_cases"])
    return {finding.kind for finding in found}


def test_the_count_finds_nothing_wrong_where_nothing_is() -> None:
    assert _kinds(_records()) == set()


def _without_the_last_event(records: Records) -> Records:
    return replace(records, log=records.log[:-1])


def _numbers_with_a_gap(records: Records) -> Records:
    log = [*records.log[:-1], (4, *records.log[-1][1:])]
    return replace(records, log=log)


def _an_altered_row(records: Records) -> Records:
    changed = list(records.log[1])
    changed[6] = 6
    return replace(records, log=[records.log[0], tuple(changed), records.log[2]])


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda r: replace(r, intakes=[]), "lost"),
        (lambda r: replace(r, intakes=[(*KEY, "I1", "C2")]), "lost"),
        (lambda r: replace(r, intakes=[*r.intakes, (*KEY, "I2", "C1")]), "doubled"),
        (lambda r: replace(r, intakes=[*r.intakes, ("grid", "x", "I3", "C1")]), "doubled"),
        (_without_the_last_event, "lost"),
        (_numbers_with_a_gap, "out of order"),
        (_an_altered_row, "out of order"),
        (lambda r: replace(r, heads=[("339901", 3, "0" * 64)]), "out of order"),
        (lambda r: replace(r, cases=[(1, "C1", "CLOSED", *r.cases[0][3:])]), "half written"),
        (lambda r: replace(r, cases=[*r.cases, (2, "C9", "", "", "", "")]), "half written"),
        (lambda r: replace(r, tally=[]), "stale"),
        (lambda r: replace(r, timers=[(9, False, True)]), "stale"),
        (lambda r: replace(r, timers=[(9, True, True), (10, True, True)]), "half written"),
        (lambda r: replace(r, cursors=[]), "stale"),
        (lambda r: replace(r, lines=[("finding", "I1", "REGISTERED", "X", "C1")]), "stale"),
        (lambda r: replace(r, lines=[]), "half written"),
    ],
)
def test_the_count_notices_damage(damage: Callable[[Records], Records], kind: str) -> None:
    assert kind in _kinds(damage(_records()))


def test_the_count_notices_a_move_that_two_were_told_they_made() -> None:
    diary = _diary()
    diary.moved(Made("C1", "case.accepted", 1))

    assert _kinds(_records(), diary) == {"doubled"}


def test_the_count_notices_an_event_that_a_screen_missed_or_was_shown_twice() -> None:
    assert _kinds(_records(), None, 1, 2) == {"lost"}
    assert _kinds(_records(), None, 1, 2, 2, 3) == {"doubled"}
    assert _kinds(_records(), None, 2, 1, 3) == {"out of order"}


def test_recovery_is_the_time_until_every_screen_shows_something_newer() -> None:
    screens = [_screen(), _screen()]
    for screen, delay in zip(screens, (0.5, 1.5), strict=True):
        screen.seen = [Seen(n, "C1", "", float(n), n + delay) for n in range(1, 30)]
    done = [Done("web killed", 10.5, 0.0, "web-1"), Done("web killed", 11.5, 0.0, "web-2")]

    overlapped, after_it = recovery.of_round(done, screens, [12.0], 29.0)

    assert overlapped.screens_s is None
    assert after_it.screens_s is None
    (alone,) = recovery.of_round(done[:1], screens, [12.0], 29.0)
    assert alone.screens_s == pytest.approx(2.0)
    assert alone.silent_s == pytest.approx(1.5)
    assert alone.late_s == pytest.approx(1.5)


def test_the_table_says_no_where_a_screen_stood_still_too_long() -> None:
    found = [recovery.Recovery("web killed", seconds, 0.1, 0.1) for seconds in (0.5, 2.5)]

    (line,) = recovery.table(found)

    assert (line.times, line.median_s, line.worst_s, line.is_met) == (2, 1.5, 2.5, False)
