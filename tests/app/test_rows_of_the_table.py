"""Guards of domain.md 7.2 that no other test names: T5, T20, T41; rules 8 and 9 of 4.3."""

from datetime import timedelta

import pytest

from dispatch.actions.errors import NotAllowedError, RuleError
from dispatch.models import Callback, Case, Event, Link, ReturnRequest, Timer
from dispatch.voices import Position
from grid.models import Finding
from tests.app.asking import ask
from tests.app.doors import finding
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.app.test_guards import refusal_of
from tests.app.test_promises import blocked
from tests.app.test_supervision import to_the_callback
from tests.city import B_CENTRE, NOW, City


def test_t5_what_is_urgent_is_not_closed_by_who_found_it(city: City) -> None:
    report = finding(category="E0401", self_handled=True)

    answer = ask(city, "inspector1", "POST", "grid/findings", report)

    assert answer.status_code == 201
    case = Case.objects.get(case_no=answer.json()["case_no"])
    assert (case.state, case.is_open, answer.json()["state"]) == (
        "REGISTERED", True, "REGISTERED",
    )  # fmt: skip
    assert Finding.objects.get(case_no=case.case_no).self_handled
    assert blocked(city, "inspector1", case, 1)["self_handle"] == "NOT_MINOR"
    assert refusal_of(city, case, "inspector1", "self_handle", 1, text="已处理") == "NOT_MINOR"


def test_t5_a_minor_thing_is_closed_at_once_and_counted_apart(city: City) -> None:
    answer = ask(city, "inspector1", "POST", "grid/findings", finding(self_handled=True))

    case = Case.objects.get(case_no=answer.json()["case_no"])
    assert (case.state, case.close_type) == ("CLOSED", "SELF_HANDLED")
    assert not Timer.objects.filter(case=case, state="RUNNING").exists()


@pytest.mark.parametrize("who", ["dispatcher1", "leader1"])
def test_t20_a_dispute_may_be_flagged_at_the_first_return(city: City, who: str) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)
    assert refusal_of(city, case, who, "escalate", 12) == "FIELDS"

    move(city, case, who, "escalate", 13, reason="两个单位均不认，须会商")

    assert (case.state, case.return_count) == ("ARBITRATION", 1)
    states = dict(Timer.objects.filter(case=case).values_list("stage", "state"))
    assert (states["RETURN_REVIEW"], states["ARBITRATION"]) == ("MET", "RUNNING")
    assert states["DISPOSAL"] == "RUNNING"
    assert Event.objects.get(case_id=case.pk, topic="case.escalated").actor_id == city[who].pk
    move(city, case, "leader1", "designate", 20, unit="A1", reason="道路病害属市政")
    assert (case.state, case.no_return) == ("PENDING_SIGN", True)
    assert ReturnRequest.objects.get(case=case).decision == "RULED"


def test_t20_units_do_not_flag_their_own_dispute(city: City) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)

    with pytest.raises(NotAllowedError):
        move(city, case, "handler1", "escalate", 13, reason="请裁定")


def test_t41_gone_when_verified_needs_somebody_who_looked(city: City) -> None:
    case = log(city)
    move(city, case, "receiver1", "accept", 1)
    gone = {"reason": "已消失"}
    assert blocked(city, "leader1", case, 2)["fixed_already"] == "NOT_LOOKED_AT"
    assert refusal_of(city, case, "leader1", "fixed_already", 2, **gone) == "NOT_LOOKED_AT"
    seen = log(city, title="另一处")
    move(city, seen, "receiver1", "ask_verify", 3)
    move(city, seen, "inspector1", "verified_true", 9, text="到场时已有人清走")

    move(city, seen, "leader1", "fixed_already", 12, **gone)

    assert (seen.state, seen.close_type) == ("CLOSED", "NORMAL")
    assert seen.lead_unit is None or not Timer.objects.filter(case=seen, stage="DISPOSAL").exists()


def test_rule_8_only_one_district_merges_two_are_linked_with_a_joint_note(city: City) -> None:
    here, there = log(city), log(city, position=Position(*B_CENTRE, "WGS84"))

    with pytest.raises(RuleError) as refused:
        move(city, here, "leader1", "merge", 2, into=there.case_no, reason="同一处")
    move(city, here, "leader1", "link", 3, other=there.case_no, reason="跨区", joint="两区会勘")

    assert refused.value.code == "NOT_MERGEABLE"
    assert {here.state, Case.objects.get(pk=there.pk).state} == {"REGISTERED"}
    assert Link.objects.get().kind == "JOINT"


def test_rule_9_who_is_not_content_is_explained_to_or_the_work_comes_back(city: City) -> None:
    """Neither by one person alone: the explanation needs the leader, the rework a fresh look."""
    told = to_the_callback(city, processing(city))
    move(city, told, "callback1", "callback_done", 90, solved="NO", satisfaction="DISSATISFIED",
         text="依规不能拆除")  # fmt: skip
    assert told.state == "PENDING_CALLBACK"
    move(city, told, "leader1", "approve_explanation", 95, reason="解释合理")
    assert told.state == "CLOSED"
    assert Callback.objects.get(intake__case=told).approved_by == city["leader1"]

    valid = to_the_callback(city, processing(city))
    move(city, valid, "callback1", "rework", 90, reason="仍有垃圾，诉求合理")

    assert (valid.state, valid.rework_count) == ("PROCESSING", 1)
    clock = Timer.objects.get(case=valid, stage="DISPOSAL", state="RUNNING")
    assert clock.is_rework
    assert clock.due_at > NOW + timedelta(minutes=90)
