"""Supervision threads: demand, clock, answer, end; opened by people and by the rules of T34."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from dispatch.actions.errors import MoveError, RuleError
from dispatch.casefile import case_for, moves_for
from dispatch.models import Case, Event, Supervision, SupervisionMessage, Timer
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.app.test_tasks import led_by_the_centre
from tests.city import NOW, City


def clock(case: Case) -> Timer:
    return Timer.objects.filter(case=case, stage="SUPERVISE").latest("pk")


def thread(case: Case) -> Supervision:
    return Supervision.objects.get(case=case, ended_at__isnull=True)


def test_a_demand_has_a_clock_an_answer_stops_it_and_the_end_closes_the_thread(
    city: City,
) -> None:
    case = processing(city)

    move(city, case, "supervisor1", "supervise", 10, text="请今日办结", supervision="WRITTEN")
    assert (thread(case).kind, thread(case).opened_by) == ("WRITTEN", city["supervisor1"])
    assert (clock(case).state, clock(case).due_at) == ("RUNNING", thread(case).due_at)
    assert case.is_hard
    move(city, case, "handler1", "answer_supervision", 30, text="下午完成")
    assert clock(case).state == "MET"
    move(city, case, "supervisor1", "end_supervision", 50, reason="已落实")

    said = SupervisionMessage.objects.filter(supervision__case=case).order_by("pk")
    assert [(one.side, one.text) for one in said] == [
        ("SUPERVISOR", "请今日办结"), ("UNIT", "下午完成"), ("SUPERVISOR", "已落实"),
    ]  # fmt: skip
    topics = Event.objects.filter(case_id=case.pk).values_list("topic", flat=True)
    assert {"case.supervised", "case.supervision_answered", "case.supervision_ended"} <= set(topics)


def test_another_demand_is_never_milder_and_starts_the_clock_again(city: City) -> None:
    case = processing(city)
    move(city, case, "supervisor1", "supervise", 10, text="请办", supervision="LISTED")
    move(city, case, "handler1", "answer_supervision", 20, text="在办")

    move(city, case, "leader1", "supervise", 30, text="仍未办", supervision="PHONE")

    assert thread(case).kind == "LISTED"
    assert thread(case).answered_at is None
    assert clock(case).state == "RUNNING"
    assert Supervision.objects.filter(case=case).count() == 1


def test_only_the_unit_that_leads_answers(city: City) -> None:
    case = processing(city)
    move(city, case, "supervisor1", "supervise", 10, text="请办")

    for who in ("helper1", "handler2", "dispatcher1", "supervisor1"):
        with pytest.raises(MoveError):
            move(city, case, who, "answer_supervision", 20, text="我来答")
    assert not SupervisionMessage.objects.filter(side="UNIT").exists()


def test_without_a_thread_there_is_nothing_to_answer_or_end(city: City) -> None:
    case = processing(city)

    for who, name, data in (
        ("handler1", "answer_supervision", {"text": "答"}),
        ("leader1", "end_supervision", {"reason": "完"}),
    ):
        with pytest.raises(RuleError) as refusal:
            move(city, case, who, name, 10, **data)
        assert refusal.value.code == "NOT_SUPERVISED"


def to_the_callback(city: City, case: Case, minutes: float = 60) -> Case:
    move(city, case, "approver1", "submit_result", minutes, text="已清理")
    move(city, case, "dispatcher1", "ask_check", minutes + 1)
    return move(city, case, "inspector1", "check_pass", minutes + 20, text="干净")


def test_a_supervised_case_does_not_close_before_the_thread_has_ended(city: City) -> None:
    case = processing(city)
    move(city, case, "supervisor1", "supervise", 10, text="请办")
    to_the_callback(city, case)
    move(city, case, "callback1", "callback_done", 85, solved="YES")
    assert case.state == "PENDING_CALLBACK"
    with pytest.raises(RuleError) as refusal:
        move(city, case, "callback1", "callback_done", 90)
    assert refusal.value.code == "SUPERVISED"
    offered = moves_for(city["callback1"], case, now=NOW + timedelta(minutes=90))
    blocked = {row["move"]: row["code"] for row in offered[1]}
    assert blocked["callback_done"] == "SUPERVISED"

    move(city, case, "supervisor1", "end_supervision", 95, reason="已落实")
    move(city, case, "callback1", "callback_done", 100)

    assert case.state == "CLOSED"


def test_a_case_that_nobody_waits_for_does_not_close_by_itself_while_supervised(
    city: City,
) -> None:
    case = processing(city)
    case.intakes.update(wants_reply=False)
    move(city, case, "supervisor1", "supervise", 10, text="请办")

    to_the_callback(city, case)

    assert case.state == "PENDING_CALLBACK"


@pytest.mark.parametrize(
    ("who", "name", "data"),
    [("leader1", "void", {"reason": "重复"}), ("receiver1", "reject", {
        "reject_reason": "IMPROPER", "reason": "不当", "told": "PHONE"})],
)  # fmt: skip
def test_no_other_way_out_is_open_while_supervised(
    city: City, who: str, name: str, data: dict[str, Any]
) -> None:
    case = log(city) if name == "reject" else processing(city)
    move(city, case, "supervisor1", "supervise", 10, text="请办")

    with pytest.raises(RuleError) as refusal:
        move(city, case, who, name, 20, **data)

    assert refusal.value.code == "SUPERVISED"


def test_an_emergency_is_handed_over_all_the_same_and_ends_the_thread(city: City) -> None:
    case = log(city)
    move(city, case, "supervisor1", "supervise", 10, text="请办")

    move(city, case, "operator1", "transfer_emergency", 20, text="已转 119")

    assert case.state == "CLOSED"
    assert Supervision.objects.get(case=case).ended_at == NOW + timedelta(minutes=20)
    assert clock(case).ended_at is not None


def test_the_third_rework_opens_written_supervision_by_the_city(city: City) -> None:
    case = processing(city)
    for n in range(3):
        assert not Supervision.objects.filter(case=case).exists()
        to_the_callback(city, case, 60 + 100 * n)
        who = "callback1" if n == 0 else "leader1"
        move(city, case, who, "rework", 150 + 100 * n, reason="未解决")

    found = thread(case)
    assert (found.kind, found.cause, found.level) == ("WRITTEN", "REWORKS", "CITY")
    assert found.opened_by is None
    assert case.is_hard
    assert clock(case).state == "RUNNING"
    assert Event.objects.get(case_id=case.pk, topic="case.supervised").actor_id is None


def test_the_second_rework_is_the_duty_leaders(city: City) -> None:
    case = processing(city)
    to_the_callback(city, case)
    move(city, case, "callback1", "rework", 100, reason="未解决")
    to_the_callback(city, case, 200)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "callback1", "rework", 300, reason="仍未解决")

    assert refusal.value.code == "LEADER_DECIDES"


def test_the_third_transfer_opens_supervision(city: City) -> None:
    case = dispatched(city)
    units = ("A1", "A0", "A2")
    for n, proposed in enumerate(units):
        Case.objects.filter(pk=case.pk).update(return_count=0)
        move(city, case, "handler1", "request_return", 10 + 10 * n, **{**RETURN, "unit": proposed})
        move(city, case, "dispatcher1", "accept_return", 12 + 10 * n, reason="确属")
        move(city, case, "dispatcher1", "dispatch", 14 + 10 * n, unit=proposed)

    assert thread(case).cause == "TRANSFERS"


def test_the_file_shows_the_thread(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "supervisor1", "supervise", 10, text="请办", supervision="INTERVIEW")

    file = case_for(city["handler1"], case.case_no, now=NOW + timedelta(minutes=20))

    (shown,) = file["supervision"]
    assert (shown["kind"], shown["ended_at"]) == ("INTERVIEW", None)
    assert [one["text"] for one in shown["messages"]] == ["请办"]


def test_the_database_keeps_supervision_in_order(city: City) -> None:
    case = processing(city)
    move(city, case, "supervisor1", "supervise", 10, text="请办")
    rows = Supervision.objects.filter(case=case)

    def refused(constraint: str, **changes: Any) -> None:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            rows.update(**changes)

    refused("kind_is_known", kind="SHOUT")
    refused("opened_by_a_person_or_a_rule", cause="REWORKS")
    refused("opened_by_a_person_or_a_rule", opened_by=None)
    refused("ended_when_by_whom", ended_by=city["leader1"])
    with pytest.raises(IntegrityError, match="one_open_per_case"), transaction.atomic():
        second = rows.get()
        second.pk = None
        second.save(force_insert=True)
    with pytest.raises(IntegrityError, match="has_a_speaker"), transaction.atomic():
        SupervisionMessage.objects.update(by=None)
