"""Merging: every voice keeps its promise, the earliest deadline wins, and it can be undone."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from dispatch.actions.errors import MoveError, RuleError
from dispatch.actions.moving import make_move
from dispatch.models import Case, Event, Intake, Timer
from dispatch.voices import Caller
from tests.app.test_disputes import dispatched, log, move, processing
from tests.city import NOW, City


def test_voices_go_to_the_primary_and_keep_their_own_reply_clocks(city: City) -> None:
    primary, merged = log(city), log(city)

    move(city, merged, "leader1", "merge", 5, into=primary.case_no, reason="同一处")

    primary.refresh_from_db()
    assert (merged.state, merged.merged_into_id) == ("MERGED", primary.pk)
    assert primary.intakes_count == 2
    assert Intake.objects.filter(case=primary).count() == 2
    assert Timer.objects.filter(case=primary, stage="REPLY", state="RUNNING").count() == 2
    assert not Timer.objects.filter(case=merged, state="RUNNING").exists()
    topics = Event.objects.filter(case_id=primary.pk).values_list("topic", flat=True)
    assert "case.absorbed" in topics


def test_the_earliest_deadline_and_the_highest_priority_win(city: City) -> None:
    primary = log(city)
    urgent = log(city, priority=1)
    earlier = Timer.objects.get(case=urgent, stage="ACCEPT").due_at
    assert earlier < Timer.objects.get(case=primary, stage="ACCEPT").due_at

    move(city, urgent, "leader1", "merge", 5, into=primary.case_no, reason="同一处")

    primary.refresh_from_db()
    assert primary.priority == 1
    assert primary.due_at == earlier


def test_unmerging_gives_the_voices_back_and_the_clocks_run_on(city: City) -> None:
    primary, merged = log(city), log(city)
    due = Timer.objects.get(case=merged, stage="ACCEPT").due_at
    move(city, merged, "leader1", "merge", 5, into=primary.case_no, reason="同一处")

    move(city, merged, "leader1", "unmerge", 35, reason="并错了")

    primary.refresh_from_db()
    assert (merged.state, merged.merged_into_id, merged.intakes_count) == ("REGISTERED", None, 1)
    assert primary.intakes_count == 1
    timer = Timer.objects.get(case=merged, stage="ACCEPT")
    assert (timer.state, timer.due_at) == ("RUNNING", due + timedelta(minutes=30))
    assert Timer.objects.filter(case=merged, stage="REPLY", state="RUNNING").count() == 1


def test_both_citizens_are_called_back_before_the_merged_pair_closes(city: City) -> None:
    primary, merged = log(city), log(city)
    move(city, merged, "leader1", "merge", 5, into=primary.case_no, reason="同一处")
    for who, name, data in (
        ("receiver1", "accept", {}),
        ("leader1", "file", {}),
        ("dispatcher1", "dispatch", {}),
        ("handler1", "sign", {}),
        ("approver1", "submit_result", {"text": "已清理"}),
        ("dispatcher1", "ask_check", {}),
        ("inspector1", "check_pass", {"text": "干净"}),
    ):
        move(city, primary, who, name, 10, **data)
    assert primary.state == "PENDING_CALLBACK"

    move(city, primary, "callback1", "callback_done", 20, solved="YES", satisfaction="SATISFIED")
    assert primary.state == "PENDING_CALLBACK"
    move(city, primary, "callback1", "callback_done", 30, solved="PARTIAL")
    assert primary.state == "CLOSED"

    called = [intake.callbacks.count() for intake in Intake.objects.filter(case=primary)]
    assert called == [1, 1]
    assert not Timer.objects.filter(case=primary, state="RUNNING").exists()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({}, {"kind": "REPORT"}, "SENSITIVE"),
        (
            {"category": "S0001"},
            {"category": "S0001", "caller": Caller(phone="13900139000")},
            "NOT_MERGEABLE",
        ),
    ],
)
def test_what_must_never_be_merged_is_refused(
    city: City, first: dict[str, Any], second: dict[str, Any], code: str
) -> None:
    primary, merged = log(city, **first), log(city, **second)

    with pytest.raises(RuleError) as refusal:
        move(city, merged, "leader1", "merge", 5, into=primary.case_no, reason="同一处")

    assert refusal.value.code == code


def test_neither_itself_nor_another_district_nor_other_units_work(city: City) -> None:
    case, here = log(city), processing(city)
    for into in (case.case_no, "33990220260302H999999"):
        with pytest.raises(RuleError):
            move(city, case, "leader1", "merge", 5, into=into, reason="同一处")
    elsewhere = dispatched(city, "E0401")

    with pytest.raises(RuleError):
        move(city, here, "leader1", "merge", 5, into=elsewhere.case_no, reason="同一处")


def test_only_the_duty_leader_merges(city: City) -> None:
    primary, merged = log(city), log(city)

    for who in ("operator1", "dispatcher1", "handler1", "commander1"):
        with pytest.raises(MoveError):
            move(city, merged, who, "merge", 5, into=primary.case_no, reason="同一处")


def test_merging_two_cases_into_each_other_at_once_leaves_one_primary(real_city: City) -> None:
    a, b = log(real_city), log(real_city)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def run(case: Case, into: Case) -> None:
        ready.wait()
        try:
            make_move(
                case_no=case.case_no,
                move="merge",
                version=1,
                data={"into": into.case_no, "reason": "同一处"},
                by=real_city["leader1"],
                now=NOW + timedelta(minutes=5),
            )
            outcomes.append("merged")
        except MoveError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["STALE_VERSION", "merged"]
    states = set(Case.objects.values_list("state", flat=True))
    assert states == {"REGISTERED", "MERGED"}
    assert Intake.objects.filter(case__state="REGISTERED").count() == 2
