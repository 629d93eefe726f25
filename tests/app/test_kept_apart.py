"""What separation forbids is said beside the moves, by the rule that refuses the move itself."""

from datetime import timedelta

import pytest

from accounts.models import Role
from dispatch import casefile
from dispatch.actions.checking import record_callback
from dispatch.actions.errors import RuleError
from dispatch.facts import facts_of
from dispatch.models import Callback, Case
from tests.app.test_disputes import dispatched, move, processing
from tests.app.test_guards import moved_to, refusal_of
from tests.city import NOW, City

LATER = NOW + timedelta(hours=1)


def said_of(city: City, case: Case, who: str) -> tuple[set[str], dict[str, str]]:
    """The moves that somebody is offered, and the codes of those that are in her way."""
    file = casefile.case_for(city[who], case.case_no, now=LATER)
    blocked = {row["move"]: row["code"] for row in file["blocked_moves"]}
    return {row["move"] for row in file["moves"]}, blocked


def checking(city: City) -> Case:
    """A case that waits for the inspector's look."""
    case = processing(city)
    move(city, case, "approver1", "submit_result", 10, text="已清理")
    return move(city, case, "dispatcher1", "ask_check", 20)


def test_who_worked_in_the_unit_reads_beforehand_that_she_may_not_check_it(city: City) -> None:
    case = checking(city)
    moved_to(city, "handler1", Role.INSPECTOR)

    offered, blocked = said_of(city, case, "handler1")

    assert not {"check_pass", "check_fail"} & offered
    assert blocked["check_pass"] == blocked["check_fail"] == "OWN_WORK"
    assert refusal_of(city, case, "handler1", "check_pass", 50, text="好") == "OWN_WORK"


def test_who_never_belonged_to_the_unit_is_offered_the_check(city: City) -> None:
    case = checking(city)

    offered, blocked = said_of(city, case, "inspector1")

    assert {"check_pass", "check_fail"} <= offered
    assert not blocked


@pytest.mark.parametrize("who", ["leader1", "dispatcher1"])
def test_who_filed_or_dispatched_reads_beforehand_that_she_may_not_sign(
    city: City, who: str
) -> None:
    case = dispatched(city)
    moved_to(city, who, Role.HANDLER, "A2")

    offered, blocked = said_of(city, case, who)

    assert "sign" not in offered
    assert blocked["sign"] == "OWN_ORDER"
    assert refusal_of(city, case, who, "sign", 50) == "OWN_ORDER"


def test_a_reason_of_the_case_is_named_before_a_reason_of_the_person(city: City) -> None:
    case = processing(city)
    moved_to(city, "handler1", Role.DUTY_LEADER)

    _, blocked = said_of(city, case, "handler1")

    assert blocked["approve_extension"] == "NOT_ASKED"
    assert refusal_of(city, case, "handler1", "approve_extension", 50, reason="准") == "NOT_ASKED"


def test_who_explained_reads_beforehand_that_she_may_not_approve(city: City) -> None:
    case = checking(city)
    move(city, case, "inspector1", "check_pass", 30, text="好")
    move(city, case, "callback1", "callback_done", 40, solved="NO", satisfaction="DISSATISFIED",
         text="依法不能办理")  # fmt: skip
    moved_to(city, "callback1", Role.DUTY_LEADER)

    offered, blocked = said_of(city, case, "callback1")

    assert "approve_explanation" not in offered
    assert blocked["approve_explanation"] == "OWN_WORK"
    sent = {"reason": "认可"}
    assert refusal_of(city, case, "callback1", "approve_explanation", 60, **sent) == "OWN_WORK"
    assert "approve_explanation" in said_of(city, case, "leader1")[0]


def test_a_call_back_by_its_number_is_refused_to_who_did_the_work(city: City) -> None:
    case = checking(city)
    move(city, case, "inspector1", "check_pass", 30, text="好")
    moved_to(city, "handler1", Role.CALLBACK)
    voice = case.intakes.get()

    with pytest.raises(RuleError) as refused:
        record_callback(intake_no=voice.intake_no, solved="YES", satisfaction="SATISFIED",
                        text="", by=city["handler1"], now=LATER)  # fmt: skip

    assert refused.value.code == "OWN_WORK"
    assert not Callback.objects.exists()


def test_the_system_stands_on_no_side_of_a_case(city: City) -> None:
    case = checking(city)
    assert facts_of(case, by=city["handler1"], now=LATER).own_work

    system = facts_of(case, by=None, now=LATER)

    assert not (system.own_work or system.own_order or system.own_explanation)
