"""Promises that somebody watches over: progress and safety at emergencies, the call after a
hand-over, a new reply date for a reopened voice, and who is told beforehand why not."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from dispatch import catalogue
from dispatch.actions.errors import MoveError, StaleVersionError
from dispatch.actions.moving import make_move
from dispatch.casefile import case_for, moves_for
from dispatch.lifecycle import Stage
from dispatch.models import Case, Event, Intake, StageLimit, Timer
from dispatch.queue.follow_ups import follow_ups_for
from dispatch.timekeeping.segments import clock_of
from dispatch.timekeeping.sweeping import archive_old, sweep_due
from dispatch.voices import Caller
from tests.app.asking import ask
from tests.app.test_disputes import RETURN, log, move, processing
from tests.app.test_guards import refusal_of
from tests.app.test_supervision import to_the_callback
from tests.app.threads import at_once
from tests.city import NOW, City

MINUTE = timedelta(minutes=1)
DAY = 24 * 60
NOTE = {"text": "围挡已设，正在关阀"}
CALLED = {"way": "PHONE", "text": "119 已到场"}


def emergency(city: City) -> Case:
    """A road that has caved in, dispatched by the leader at once, signed after two minutes."""
    case = log(city, "E0401", title="路面塌陷")
    move(city, case, "leader1", "emergency_dispatch", 1, unit="A0", reason="先行处置")
    return move(city, case, "handler1", "sign", 2)


def clocks(case: Case, stage: Stage) -> list[Timer]:
    return list(Timer.objects.filter(case=case, stage=stage.value).order_by("pk"))


def states(case: Case, stage: Stage) -> list[str]:
    return [timer.state for timer in clocks(case, stage)]


def blocked(city: City, who: str, case: Case, minutes: float) -> dict[str, str]:
    """What stands in the way of somebody's moves, by code, as the file says it."""
    case = Case.objects.get(pk=case.pk)
    rows = moves_for(city[who], case, now=NOW + minutes * MINUTE)[1]
    return {row["move"]: row["code"] for row in rows}


def test_an_emergency_asks_the_unit_for_progress_every_half_hour(city: City) -> None:
    case = emergency(city)
    (first,) = clocks(case, Stage.PROGRESS)
    assert first.due_at == NOW + 32 * MINUTE

    move(city, case, "handler1", "progress", 20, **NOTE)

    first.refresh_from_db()
    assert first.state == "MET"
    assert clocks(case, Stage.PROGRESS)[1].due_at == NOW + 50 * MINUTE
    move(city, case, "handler1", "progress", 60, **NOTE)
    assert states(case, Stage.PROGRESS) == ["MET", "MISSED", "RUNNING"]


def test_no_progress_is_told_up_the_line_once_per_step(city: City) -> None:
    case = emergency(city)
    for minutes in (20, 27, 33, 45, 70, 71):
        sweep_due(now=NOW + minutes * MINUTE)
        sweep_due(now=NOW + minutes * MINUTE)

    (clock,) = clocks(case, Stage.PROGRESS)
    told = Event.objects.filter(case_id=case.pk, payload__timer=clock.pk).order_by("id")
    assert [event.payload["level"] for event in told] == [
        "HOLDER", "HOLDER", "HEAD", "PARENT", "DUTY_LEADER", "COMMANDER",
    ]  # fmt: skip
    assert told[0].payload["units"] == [city.units["A0"].pk]


def test_the_next_progress_note_stands_on_the_clock_and_in_the_queue(city: City) -> None:
    case = emergency(city)

    shown = clock_of(city["handler1"], case.case_no, now=NOW + 3 * MINUTE)
    file = case_for(city["handler1"], case.case_no, now=NOW + 3 * MINUTE)

    (clock,) = (timer for timer in shown["timers"] if timer["stage"] == "PROGRESS")
    assert clock["limit_minutes"] == 30
    assert {"PROGRESS", "SAFE"} <= {timer["stage"] for timer in file["timers"]}


def test_a_helping_units_note_counts_as_the_sites_progress(city: City) -> None:
    case = emergency(city)
    move(city, case, "handler1", "sub_dispatch", 5, unit="A1", text="关阀")

    move(city, case, "helper1", "progress", 12, **NOTE)

    assert states(case, Stage.PROGRESS) == ["MET", "RUNNING"]


def test_a_site_that_is_safe_needs_no_more_progress_notes(city: City) -> None:
    case = emergency(city)
    assert clocks(case, Stage.SAFE)[0].due_at == NOW + 31 * MINUTE

    move(city, case, "handler1", "confirm_safe", 25, **NOTE)

    assert states(case, Stage.PROGRESS) == states(case, Stage.SAFE) == ["MET"]
    assert blocked(city, "handler1", case, 26)["confirm_safe"] == "NOTHING_UNSAFE"
    move(city, case, "handler1", "progress", 30, **NOTE)
    move(city, case, "approver1", "submit_result", 40, text="已回填")
    move(city, case, "dispatcher1", "bounce", 45, reason="缺照片")
    assert states(case, Stage.PROGRESS) == ["MET"], "safe is safe until something new is known"


def test_the_result_ends_both_clocks_and_work_that_comes_back_is_asked_again(city: City) -> None:
    case = emergency(city)

    move(city, case, "approver1", "submit_result", 20, text="已回填")
    assert states(case, Stage.PROGRESS) == states(case, Stage.SAFE) == ["MET"]
    move(city, case, "dispatcher1", "bounce", 25, reason="仍在塌陷")

    assert states(case, Stage.PROGRESS) == ["MET", "RUNNING"]


def test_a_returned_emergency_asks_the_next_unit_and_the_limit_for_safety_runs_on(
    city: City,
) -> None:
    case = emergency(city)
    due = clocks(case, Stage.SAFE)[0].due_at

    move(city, case, "approver1", "request_return", 10, **RETURN)
    assert states(case, Stage.PROGRESS) == ["RUNNING"], "until the decision the unit has it"
    move(city, case, "dispatcher1", "accept_return", 12, reason="确属市政")
    assert states(case, Stage.PROGRESS) == ["CANCELLED"]
    move(city, case, "dispatcher1", "dispatch", 13, unit="A1")
    move(city, case, "helper1", "sign", 15)

    assert states(case, Stage.PROGRESS) == ["CANCELLED", "RUNNING"]
    assert [timer.due_at for timer in clocks(case, Stage.SAFE)] == [due]


def test_a_question_to_the_citizen_stops_neither_danger_nor_supervision(city: City) -> None:
    case = emergency(city)
    move(city, case, "supervisor1", "supervise", 3, text="请速办")

    move(city, case, "handler1", "wait_citizen", 5, way="PHONE", text="具体位置？")

    running = Timer.objects.filter(case=case, state="RUNNING", intake__isnull=True)
    assert set(running.values_list("stage", flat=True)) == {
        "SUPERVISE", "PROGRESS", "SAFE", "VERIFY",
    }  # fmt: skip
    assert set(Timer.objects.filter(case=case, state="PAUSED").values_list("stage", flat=True)) == {
        "RESPONSE", "DISPOSAL",
    }  # fmt: skip


def test_a_suspension_stops_all_but_the_supervisors_clock(city: City) -> None:
    case = emergency(city)
    move(city, case, "supervisor1", "supervise", 3, text="请速办")
    move(city, case, "approver1", "request_suspension", 5, cause="CONDITION", reason="待断电")
    move(city, case, "leader1", "suspend", 6, until="2026-03-10", reason="同意")

    running = Timer.objects.filter(case=case, state="RUNNING", intake__isnull=True)
    assert [timer.stage for timer in running] == ["SUPERVISE"]
    move(city, case, "leader1", "resume", 10, reason="已断电")
    assert states(case, Stage.PROGRESS) == ["RUNNING"]
    assert clocks(case, Stage.PROGRESS)[0].due_at == NOW + 36 * MINUTE


def test_no_other_priority_is_asked_and_a_city_without_the_limit_asks_nobody(city: City) -> None:
    assert clocks(processing(city), Stage.PROGRESS) == []
    StageLimit.objects.filter(stage="PROGRESS").delete()
    catalogue.refresh()

    assert clocks(emergency(city), Stage.PROGRESS) == []


def test_the_clocks_for_danger_end_with_the_case(city: City) -> None:
    case = emergency(city)

    move(city, case, "leader1", "void", 9, reason="重复")

    assert states(case, Stage.PROGRESS) == states(case, Stage.SAFE) == ["CANCELLED"]


def test_another_category_without_a_limit_for_safety_cancels_it(city: City) -> None:
    case = emergency(city)

    move(city, case, "leader1", "change_category", 9, category="E0104", reason="误报")

    assert states(case, Stage.SAFE) == ["CANCELLED"]


def test_two_who_note_progress_at_once_start_one_next_clock(real_city: City) -> None:
    city = real_city
    case = emergency(city)

    def note(_n: int) -> str:
        try:
            make_move(case_no=case.case_no, move="progress", version=case.version, data=NOTE,
                      by=city["handler1"], now=NOW + 9 * MINUTE)  # fmt: skip
        except StaleVersionError:
            return "stale"
        return "done"

    answers = at_once(note, 4)

    assert sorted(answers) == ["done", "stale", "stale", "stale"]
    assert states(case, Stage.PROGRESS) == ["MET", "RUNNING"]


def handed_over(city: City) -> Case:
    return move(city, log(city, "E0403"), "operator1", "transfer_emergency", 1, text="已转 119")


def test_what_was_handed_over_is_called_back_after_a_day(city: City) -> None:
    case = handed_over(city)

    assert (case.state, case.close_type) == ("CLOSED", "TRANSFERRED")
    (clock,) = clocks(case, Stage.FOLLOW_UP)
    assert clock.due_at == NOW + timedelta(days=1, minutes=1)
    sweep_due(now=NOW + timedelta(days=2))
    told = Event.objects.filter(case_id=case.pk, topic="timer.overdue", payload__stage="FOLLOW_UP")
    assert told.count() == 1

    move(city, case, "operator1", "follow_up", 2 * DAY, outcome="HANDLED", **CALLED)

    assert case.state == "CLOSED"
    assert states(case, Stage.FOLLOW_UP) == ["MISSED"]
    assert refusal_of(city, case, "operator1", "follow_up", 2 * DAY + 1, outcome="HANDLED",
                      **CALLED) == "NOT_HANDED_OVER"  # fmt: skip


def test_what_nobody_came_for_comes_back_to_the_desk_with_a_new_promise(city: City) -> None:
    case = log(city, "E0403", wants_reply=True)
    move(city, case, "operator1", "transfer_emergency", 1, text="已转 119")

    move(city, case, "callback1", "follow_up", 60, outcome="NOT_HANDLED", **CALLED)

    assert (case.state, case.close_type, case.closed_at) == ("REGISTERED", "", None)
    assert states(case, Stage.FOLLOW_UP) == ["MET"]
    assert states(case, Stage.ACCEPT)[-1] == "RUNNING"
    assert states(case, Stage.REPLY) == ["MET", "RUNNING"]


def test_who_does_not_answer_is_tried_three_times_in_two_half_days(city: City) -> None:
    case = handed_over(city)
    tried = {"outcome": "UNREACHABLE", **CALLED}

    move(city, case, "operator1", "follow_up", 60, **tried)
    move(city, case, "operator1", "follow_up", 90, **tried)
    assert states(case, Stage.FOLLOW_UP) == ["RUNNING"]
    move(city, case, "operator1", "follow_up", 400, **tried)

    assert states(case, Stage.FOLLOW_UP) == ["MET"]


def test_a_hand_over_is_not_archived_before_somebody_has_asked(city: City) -> None:
    case = handed_over(city)

    assert archive_old(now=NOW + timedelta(days=40)) == 0
    move(city, case, "operator1", "follow_up", 41 * DAY, outcome="HANDLED", **CALLED)

    assert archive_old(now=NOW + timedelta(days=42)) == 1


@pytest.mark.parametrize("who", ["handler1", "dispatcher1", "inspector1"])
def test_others_do_not_follow_up(city: City, who: str) -> None:
    case = handed_over(city)

    with pytest.raises(MoveError) as refusal:
        move(city, case, who, "follow_up", 60, outcome="HANDLED", **CALLED)

    assert refusal.value.code in {"NOT_ALLOWED", "NOT_FOUND"}


def closed(city: City) -> Case:
    case = to_the_callback(city, processing(city))
    return move(city, case, "callback1", "callback_done", 90, solved="YES")


def test_a_reopened_voice_is_promised_a_reply_anew_and_the_first_promise_stays(
    city: City,
) -> None:
    case = closed(city)
    (first,) = clocks(case, Stage.REPLY)
    promised = Intake.objects.get(case=case).reply_due_at
    assert promised is not None

    move(city, case, "operator1", "reopen", 3 * DAY, reason="又漏了")

    kept, again = clocks(case, Stage.REPLY)
    assert (kept.state, kept.due_at, kept.ended_at) == ("MET", first.due_at, first.ended_at)
    assert again.state == "RUNNING"
    assert Intake.objects.get(case=case).reply_due_at == again.due_at > promised


def test_who_objects_to_untrue_is_promised_a_reply_anew(city: City) -> None:
    case = log(city, "E0102", wants_reply=True)
    for who, name, fields in (
        ("receiver1", "ask_verify", {}),
        ("inspector1", "report_untrue", {"text": "没有"}),
        ("leader1", "verified_false", {"reason": "属实没有", "told": "PHONE"}),
        ("operator1", "object_untrue", {"reason": "就在门口"}),
    ):
        move(city, case, who, name, 10, **fields)

    assert case.state == "VERIFYING"
    assert states(case, Stage.REPLY) == ["MET", "RUNNING"]


def test_a_voice_that_wants_no_reply_is_promised_none(city: City) -> None:
    case = closed(city)
    Timer.objects.filter(case=case, stage="REPLY").delete()

    move(city, case, "operator1", "reopen", 3 * DAY, reason="又漏了")

    assert clocks(case, Stage.REPLY) == []


def test_the_operator_reads_that_the_leader_has_an_emergency_first(city: City) -> None:
    case = log(city, "E0401")

    assert blocked(city, "operator1", case, 4)["emergency_dispatch"] == "LEADER_FIRST"
    assert "emergency_dispatch" not in blocked(city, "operator1", case, 5)
    assert "emergency_dispatch" not in blocked(city, "leader1", case, 0)


def test_the_caller_reads_that_a_second_rework_is_the_leaders(city: City) -> None:
    case = to_the_callback(city, processing(city))
    assert "rework" not in blocked(city, "callback1", case, 90)
    Case.objects.filter(pk=case.pk).update(rework_count=1)

    assert blocked(city, "callback1", case, 90)["rework"] == "LEADER_DECIDES"
    assert "rework" not in blocked(city, "leader1", case, 90)
    assert refusal_of(city, case, "callback1", "rework", 90, reason="未解决") == "LEADER_DECIDES"


def test_the_leader_reads_that_a_second_extension_is_the_commanders(city: City) -> None:
    case = processing(city)
    for minutes in (10, 30):
        asked: dict[str, Any] = {"days": "2", "reason": "缺料"}
        move(city, case, "approver1", "request_extension", minutes, told="PHONE", **asked)
        if minutes == 10:
            move(city, case, "leader1", "approve_extension", 20, reason="同意")

    found = blocked(city, "leader1", case, 40)
    assert found["approve_extension"] == found["refuse_extension"] == "COMMANDER_DECIDES"
    assert "approve_extension" not in blocked(city, "commander1", case, 40)
    why = refusal_of(city, case, "leader1", "approve_extension", 40, reason="好")
    assert why == "COMMANDER_DECIDES"


def test_the_unit_reads_that_it_is_too_late_for_an_extension(city: City) -> None:
    case = processing(city)
    due = Timer.objects.get(case=case, stage="DISPOSAL").due_at
    late = (due - NOW) / MINUTE

    assert "request_extension" not in blocked(city, "approver1", case, late - 1)
    assert blocked(city, "approver1", case, late)["request_extension"] == "TOO_LATE"


def test_the_operator_reads_until_when_a_citizen_may_ask_again(city: City) -> None:
    case = closed(city)

    assert "reopen" not in blocked(city, "operator1", case, 6 * DAY)
    assert blocked(city, "operator1", case, 8 * DAY)["reopen"] == "LEADER_DECIDES"
    assert blocked(city, "leader1", case, 31 * DAY + 90)["reopen"] == "TOO_LATE"


def test_the_database_refuses_an_unknown_stage(city: City) -> None:
    case = processing(city)

    with pytest.raises(IntegrityError, match="stage_is_known"), transaction.atomic():
        Timer.objects.filter(case=case).update(stage="SAFETY")


def test_a_case_that_becomes_an_emergency_by_a_merge_is_asked_and_not_after_it_is_undone(
    city: City,
) -> None:
    case = processing(city)
    other = log(city, caller=Caller(phone="13900139000"))
    Case.objects.filter(pk=other.pk).update(priority=0)

    move(city, other, "leader1", "merge", 10, into=case.case_no, reason="同一处")
    assert states(case, Stage.PROGRESS) == ["RUNNING"]
    case.refresh_from_db()
    assert case.due_stage == "PROGRESS"
    move(city, other, "leader1", "unmerge", 20, reason="不是")

    assert states(case, Stage.PROGRESS) == ["CANCELLED"]


def test_who_calls_back_sees_what_was_handed_over_and_others_do_not(
    city: City, client: Client
) -> None:
    case = handed_over(city)

    for who in ("operator1", "callback1", "leader1"):
        (one,) = follow_ups_for(city[who], now=NOW + 2 * DAY * MINUTE)
        assert (one["case_no"], one["overdue"]) == (case.case_no, True)
    assert follow_ups_for(city["handler1"], now=NOW) == []
    answer = ask(city, "callback1", "GET", "follow-ups")
    assert [item["case_no"] for item in answer.json()["items"]] == [case.case_no]

    for who, page in (("operator1", "/desk/"), ("callback1", "/queue/")):
        client.force_login(city[who])
        assert f"/queue/?case={case.case_no}" in client.get(page).content.decode()
    move(city, case, "operator1", "follow_up", 60, outcome="HANDLED", **CALLED)
    assert follow_ups_for(city["operator1"], now=NOW) == []
    assert "follow-ups" not in client.get("/queue/").content.decode()


def test_a_case_that_turns_out_to_be_a_danger_is_an_emergency_from_then_on(city: City) -> None:
    case = processing(city)
    assert case.priority == 3

    move(city, case, "leader1", "change_category", 10, category="E0401", reason="实为塌陷")

    assert case.priority == 0
    assert states(case, Stage.PROGRESS) == ["RUNNING"]
    told = Event.objects.filter(case_id=case.pk, topic="case.recategorised").get().payload
    assert (told["from_priority"], told["to_priority"]) == (3, 0)
    move(city, case, "leader1", "change_category", 20, category="E0104", reason="看错了")
    assert case.priority == 0, "nothing is made less urgent by itself"


def test_the_citizen_is_told_that_it_takes_longer(city: City) -> None:
    case = processing(city)
    asked = {"days": "2", "reason": "缺料"}

    assert refusal_of(city, case, "approver1", "request_extension", 10, **asked) == "TOLD_MISSING"
    offers = moves_for(city["approver1"], case, now=NOW + 10 * MINUTE)[0]
    (offer,) = (offer for offer in offers if offer["move"] == "request_extension")
    told = next(field for field in offer["fields"] if field["name"] == "told")
    assert told["required"] is True
    move(city, case, "approver1", "request_extension", 10, **asked, told="PHONE")
    assert Event.objects.filter(case_id=case.pk).latest("id").payload["told"] == "PHONE"


def test_where_nobody_waits_for_a_reply_nobody_is_told(city: City) -> None:
    case = processing(city)
    Intake.objects.filter(case=case).update(wants_reply=False)

    move(city, case, "approver1", "request_extension", 10, days="2", reason="缺料")

    assert Event.objects.filter(case_id=case.pk).latest("id").topic == "case.extension_requested"


def test_who_is_neither_helped_nor_content_is_not_closed_over_by_one_person(city: City) -> None:
    case = to_the_callback(city, processing(city))
    half: dict[str, Any] = {"solved": "PARTIAL", "satisfaction": "DISSATISFIED"}
    why = refusal_of(city, case, "callback1", "callback_done", 90, **half)
    assert why == "EXPLANATION_MISSING"

    move(city, case, "callback1", "callback_done", 90, **half, text="余下须等管网改造")
    assert case.state == "PENDING_CALLBACK"
    assert blocked(city, "callback1", case, 91)["callback_done"] == "EXPLANATION_PENDING"
    move(city, case, "leader1", "approve_explanation", 95, reason="解释合理")

    assert case.state == "CLOSED"


def test_who_is_half_helped_and_content_closes_the_case(city: City) -> None:
    case = to_the_callback(city, processing(city))

    move(city, case, "callback1", "callback_done", 90, solved="PARTIAL", satisfaction="SATISFIED")

    assert case.state == "CLOSED"


def test_a_unit_that_is_only_foreseen_stops_no_clock_of_the_desk(city: City) -> None:
    case = log(city, "L9001")
    assert case.lead_unit == city.units["A0"]

    with pytest.raises(MoveError) as refusal:
        move(city, case, "handler1", "wait_citizen", 5, way="PHONE", text="？")

    assert refusal.value.code == "NOT_ALLOWED"
