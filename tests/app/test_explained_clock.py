"""Any lateness can be explained minute by minute: segments, pauses and clocks add up."""

import itertools
from datetime import datetime, timedelta
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dispatch import catalogue
from dispatch.clocks import working_minutes
from dispatch.models import Case, Event, Standstill, Timer
from dispatch.timekeeping.segments import clock_of
from dispatch.timekeeping.sweeping import end_pauses, sweep_due
from tests.app.test_disputes import RETURN, dispatched, log, move
from tests.app.test_lifecycle_machine import step
from tests.city import NOW, City

HOUR = 60
DAY = 24 * HOUR


def minutes_by_clock(clock: dict[str, Any]) -> dict[int, float]:
    """The minutes of each clock over all segments."""
    found: dict[int, float] = {}
    for segment in clock["segments"]:
        for part in segment["clocks"]:
            found[part["timer"]] = found.get(part["timer"], 0.0) + part["minutes"]
    return found


def check_explained(clock: dict[str, Any], first: datetime, last: datetime | None) -> None:
    """Segments tile the time, and the minutes in them are what each clock has used."""
    segments = clock["segments"]
    assert datetime.fromisoformat(segments[0]["from"]) == first
    for before, after in itertools.pairwise(segments):
        assert before["to"] == after["from"]
    if last:
        assert datetime.fromisoformat(segments[-1]["to"]) == last
    sums = minutes_by_clock(clock)
    for timer in clock["timers"]:
        assert sums.get(timer["id"], 0.0) == pytest.approx(
            max(0.0, timer["used_minutes"]), abs=0.2
        ), timer
        together = timer["used_minutes"] + timer["left_minutes"]
        assert together == pytest.approx(timer["limit_minutes"], abs=0.05)


def clock_at(city: City, case: Case, minutes: float) -> dict[str, Any]:
    """The explained clock as the duty leader sees it."""
    return clock_of(city["leader1"], case.case_no, now=NOW + timedelta(minutes=minutes))


def test_a_return_a_pause_an_extension_and_a_rework_are_explained_minute_by_minute(
    city: City,
) -> None:
    case = dispatched(city, "E0105")
    move(city, case, "handler1", "request_return", HOUR, **RETURN)
    move(city, case, "dispatcher1", "refuse_return", 2 * HOUR, reason="属于贵单位")
    move(city, case, "handler1", "sign", 2 * HOUR + 10)
    move(city, case, "handler1", "wait_citizen", 2 * HOUR + 30, text="请补充", way="PHONE")
    move(city, case, "handler1", "citizen_answered", DAY + HOUR, text="已补充")
    move(
        city,
        case,
        "approver1",
        "request_extension",
        DAY + 2 * HOUR,
        days="1",
        reason="等料",
        told="PHONE",
    )
    move(city, case, "leader1", "approve_extension", DAY + 2 * HOUR + 5, reason="同意")
    move(city, case, "approver1", "submit_result", 2 * DAY, text="好了")
    move(city, case, "dispatcher1", "bounce", 2 * DAY + HOUR, reason="看不清")
    move(city, case, "approver1", "submit_result", 2 * DAY + 2 * HOUR, text="好了")
    move(city, case, "dispatcher1", "ask_check", 2 * DAY + 2 * HOUR + 10)
    move(city, case, "inspector1", "check_fail", 2 * DAY + 2 * HOUR + 20, reason="没好")

    end = 3 * DAY
    clock = clock_at(city, case, end)

    check_explained(clock, NOW, NOW + timedelta(minutes=end))
    by_stage: dict[str, list[Any]] = {}
    for timer in clock["timers"]:
        by_stage.setdefault(timer["stage"], []).append(timer)
    first, rework = by_stage["DISPOSAL"]
    assert (first["limit_minutes"], first["deadline_no"]) == (4 * 480, 2)
    assert [still["cause"] for still in first["standstills"]] == ["CITIZEN", "SUBMITTED"]
    assert first["used_minutes"] == 150 + 420 + 60
    assert rework["state"] == "RUNNING"
    parties = [(s["party"], s["stage"], s["cause"]) for s in clock["segments"]]
    assert ("CITIZEN", "DISPOSAL", "CITIZEN") in parties


def test_a_return_names_both_units(city: City) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)

    held = clock_at(city, case, 30)["segments"][-1]

    assert (held["stage"], held["units"]) == ("RETURN_REVIEW", ["A2", "A1"])


def test_a_suspension_is_shown_with_its_cause_and_counts_no_minute(city: City) -> None:
    case = move(city, dispatched(city, "E0105"), "handler1", "sign")
    move(city, case, "approver1", "request_suspension", 5, cause="SEASON", reason="汛期后施工")
    move(city, case, "leader1", "suspend", 10, until="2026-03-20", reason="同意")
    move(city, case, "leader1", "resume", DAY, reason="条件具备")

    clock = clock_at(city, case, DAY + 30)

    check_explained(clock, NOW, NOW + timedelta(minutes=DAY + 30))
    (still,) = [s for s in clock["segments"] if s["cause"] == "SUSPENDED"]
    assert (still["running"], still["counted_minutes"]) == (False, 0)
    assert still["minutes"] == DAY - 10


def test_time_in_which_a_case_was_merged_belongs_to_its_primary(city: City) -> None:
    case, primary = dispatched(city, "E0105"), dispatched(city, "E0105")
    move(city, case, "leader1", "merge", 30, into=primary.case_no, reason="同一处")
    move(city, case, "leader1", "unmerge", 90, reason="并非同一处")

    clock = clock_at(city, case, 120)

    check_explained(clock, NOW, NOW + timedelta(minutes=120))
    (merged,) = [s for s in clock["segments"] if s["party"] == "PRIMARY"]
    assert (merged["cause"], merged["minutes"]) == ("MERGED", 60)
    disposal = Timer.objects.get(case=case, stage="DISPOSAL", state="RUNNING")
    assert Standstill.objects.filter(timer=disposal, cause="MERGED").exists()


def test_the_marks_say_who_is_told_when_by_the_reporting_line(city: City) -> None:
    case = move(city, dispatched(city, "E0105"), "handler1", "sign")
    timer = Timer.objects.get(case=case, stage="DISPOSAL")
    sweep_due(now=timer.next_at or NOW)

    (clock,) = [t for t in clock_at(city, case, 2 * DAY)["timers"] if t["stage"] == "DISPOSAL"]

    marks = [
        (m["percent"], m["workdays"], m["role"], m["units"], m["said"]) for m in clock["marks"]
    ]
    assert marks == [
        (75, None, "HANDLER", ["A2"], True),
        (100, None, "UNIT_APPROVER", ["A2"], False),
        (None, 1, "UNIT_APPROVER", ["A0"], False),
        (None, 3, "DUTY_LEADER", [], False),
        (None, 5, "COMMANDER", [], False),
    ]
    moments = [m["at"] for m in clock["marks"]]
    assert moments == sorted(moments)
    assert moments[1] == clock["due_at"]


def test_marks_to_come_have_no_moment_while_the_clock_stands_still(city: City) -> None:
    case = move(city, dispatched(city, "E0105"), "handler1", "sign")
    move(city, case, "handler1", "wait_citizen", 30, text="请补充", way="PHONE")

    (clock,) = [t for t in clock_at(city, case, 60)["timers"] if t["stage"] == "DISPOSAL"]

    assert clock["state"] == "PAUSED"
    assert clock["used_minutes"] == 30
    assert {mark["at"] for mark in clock["marks"]} == {None}


def test_overtime_is_told_as_a_multiple_of_the_limit(city: City) -> None:
    case = log(city)
    accept = Timer.objects.get(case=case, stage="ACCEPT")
    limit = accept.limit_minutes

    late = next(t for t in clock_at(city, case, 3 * limit)["timers"] if t["stage"] == "ACCEPT")

    counted = working_minutes(NOW, NOW + timedelta(minutes=3 * limit), catalogue.current().calendar)
    assert late["overtime_multiple"] == round((counted - limit) / limit, 2) > 0


@pytest.mark.timeout(300)
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=True))
def test_whatever_people_do_every_minute_is_explained(city: City, chance: Random) -> None:
    cases = [dispatched(city, "E0105"), dispatched(city), log(city, "L9001")]
    now = NOW
    for _ in range(chance.randint(15, 30)):
        now += timedelta(minutes=chance.choice((1, 20, 240, 900)))
        step(chance, city, cases, now)
        end_pauses(now=now)
        if chance.random() < 0.5:
            sweep_due(now=now)

    for case in cases:
        case.refresh_from_db()
        clock = clock_of(city["leader1"], case.case_no, now=now)
        events = Event.objects.filter(case_id=case.pk).order_by("id")
        check_explained(clock, events[0].at, now if case.is_open else None)
