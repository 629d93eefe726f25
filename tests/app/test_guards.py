"""The guards that domain.md 7.2 names, row by row: who may, when, with what, and why not."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.actions import give_post
from accounts.models import Role, User
from dispatch.actions.checking import record_callback
from dispatch.actions.errors import MoveError
from dispatch.models import Callback, Case, Event, Statement, Suspension, Timer
from dispatch.timekeeping.reviewing import mark_reviews
from dispatch.timekeeping.sweeping import end_pauses
from dispatch.voices import Caller
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.app.test_supervision import to_the_callback
from tests.city import NOW, A, City

DAY = 60 * 24


def refusal_of(city: City, case: Case, who: str, name: str, minutes: float = 5, **data: Any) -> str:
    """The code of the refusal."""
    with pytest.raises(MoveError) as refusal:
        move(city, case, who, name, minutes, **data)
    return refusal.value.code


def test_t2_only_questions_and_repeats_are_answered_directly(city: City) -> None:
    complaint, question = log(city), log(city, kind="CONSULT")

    assert (
        refusal_of(city, complaint, "operator1", "answer_directly", text="好") == "NOT_A_QUESTION"
    )
    move(city, question, "operator1", "answer_directly", 5, text="请带身份证")

    assert question.close_type == "DIRECT_ANSWER"


def test_t2_a_repeat_names_the_older_case_and_urges_it(city: City) -> None:
    older, repeat = processing(city), log(city)

    move(city, repeat, "operator1", "answer_directly", 5, text="已告知进度", earlier=older.case_no)

    older.refresh_from_db()
    assert (repeat.state, older.urge_count) == ("CLOSED", 1)
    event = Event.objects.get(case_id=older.pk, topic="case.urged")
    assert event.payload["repeat"] == repeat.case_no
    third = log(city)
    assert refusal_of(
        city, third, "operator1", "answer_directly", text="好", earlier="NO-SUCH"
    ) == "UNKNOWN_CASE"  # fmt: skip


def test_t3_a_rejection_says_how_the_citizen_was_told(city: City) -> None:
    case = log(city)
    data: dict[str, Any] = {"reject_reason": "OUT_OF_DUTY", "reason": "不属职责"}

    assert refusal_of(city, case, "receiver1", "reject", **data) == "TOLD_MISSING"
    repeat: dict[str, Any] = {**data, "reject_reason": "REPEAT_NO_NEW", "told": "SMS"}
    assert refusal_of(city, case, "receiver1", "reject", **repeat) == "EARLIER_MISSING"
    move(city, case, "receiver1", "reject", 5, **data, told="PHONE")

    assert Event.objects.get(case_id=case.pk, topic="case.rejected").payload["told"] == "PHONE"


def verifying(city: City) -> Case:
    return move(city, log(city, "E0104"), "receiver1", "ask_verify", 1)


def test_t8_the_leader_closes_as_untrue_only_after_an_inspectors_report(city: City) -> None:
    case = verifying(city)
    closing: dict[str, Any] = {"reason": "不属实", "told": "PHONE"}
    assert refusal_of(city, case, "leader1", "verified_false", **closing) == "NOT_REPORTED"

    move(city, case, "inspector1", "report_untrue", 10, text="现场无垃圾")
    running = Timer.objects.filter(case=case, state="RUNNING", intake__isnull=True)
    assert [timer.stage for timer in running] == ["FILE"]
    assert refusal_of(city, case, "leader1", "verified_false", reason="不属实") == "TOLD_MISSING"
    move(city, case, "leader1", "verified_false", 20, **closing)

    assert (case.state, case.close_type) == ("CLOSED", "NOT_TRUE")


def test_t8_the_leader_may_send_somebody_again_and_a_citizen_may_object(city: City) -> None:
    case = verifying(city)
    move(city, case, "inspector1", "report_untrue", 10, text="现场无垃圾")
    move(city, case, "leader1", "verify_again", 20, reason="照片不清")
    assert Timer.objects.filter(case=case, stage="VERIFY", state="RUNNING").exists()
    move(city, case, "inspector1", "report_untrue", 30, text="确无")
    move(city, case, "leader1", "verified_false", 40, reason="不属实", told="PHONE")

    move(city, case, "operator1", "object_untrue", 60, reason="垃圾在楼后")

    assert (case.state, case.close_type) == ("VERIFYING", "")
    assert case.closed_at is None
    other = log(city, kind="CONSULT")
    move(city, other, "operator1", "answer_directly", 5, text="好")
    assert refusal_of(city, other, "operator1", "object_untrue", reason="x") == "NOT_FOUND_UNTRUE"


def test_t16_a_return_after_a_day_counts_as_late(city: City) -> None:
    case = dispatched(city)

    move(city, case, "handler1", "request_return", DAY + 1, **RETURN)

    assert case.returns.get().is_late
    assert case.returns.get().dispatched_by == city["dispatcher1"]


def in_dispute(city: City) -> Case:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)
    move(city, case, "dispatcher1", "refuse_return", 20, reason="请处置")
    return move(city, case, "handler1", "request_return", 30, **RETURN)


def test_t21_both_sides_are_heard_and_the_first_unit_goes_on_until_the_decision(
    city: City,
) -> None:
    case = in_dispute(city)
    assert case.state == "ARBITRATION"
    assert Case.objects.visible_to(city["helper1"]).filter(pk=case.pk).exists()

    move(city, case, "helper1", "state_position", 40, text="路面不归我所")
    move(city, case, "cleaner1", "state_position", 45, text="垃圾系施工遗留")
    move(city, case, "cleaner1", "progress", 50, text="已设警戒")

    stated = Statement.objects.filter(case=case).order_by("pk")
    assert [one.unit.code for one in stated] == ["A1", "A2"]
    move(city, case, "leader1", "designate", 60, unit="A2", reason="清扫属环卫")
    assert not Case.objects.visible_to(city["helper1"]).filter(pk=case.pk).exists()


def test_t21_a_ruling_may_name_a_support_the_territory_or_the_city(city: City) -> None:
    case = in_dispute(city)
    asked: dict[str, Any] = {"unit": "A2", "reason": "会商"}

    assert refusal_of(
        city, case, "leader1", "designate", ruling="JOINT", **asked
    ) == "SUPPORT_MISSING"  # fmt: skip
    assert refusal_of(city, case, "leader1", "designate", ruling="RAISED", **asked) == "WRONG_LEVEL"
    far: dict[str, Any] = {"unit": "B0", "reason": "会商", "ruling": "TERRITORIAL"}
    assert refusal_of(city, case, "leader1", "designate", **far) == "WRONG_LEVEL"
    move(city, case, "leader1", "designate", 60, ruling="JOINT", support="A1", **asked)

    ruling = case.rulings.get()
    assert (ruling.kind, ruling.support) == ("JOINT", city.units["A1"])
    assert case.support_units == [city.units["A1"].pk]
    assert case.assignments.get(role="SUPPORT").parent == case.assignments.get(
        role="LEAD", ended_at__isnull=True
    )


def test_t22_deciding_out_names_the_law_and_tells_the_citizen(city: City) -> None:
    case = in_dispute(city)

    assert refusal_of(city, case, "leader1", "decide_out", reason="民事") == "FIELDS"
    assert refusal_of(
        city, case, "leader1", "decide_out", reason="民事", legal_basis="民法典"
    ) == "TOLD_MISSING"  # fmt: skip
    move(city, case, "leader1", "decide_out", 60, reason="民事", legal_basis="民法典", told="PHONE")

    assert case.rulings.get().legal_basis == "民法典"


SUSPEND: dict[str, Any] = {"cause": "SEASON", "reason": "汛期后施工"}


def test_t25_each_suspension_needs_a_request_of_its_own_that_another_judges(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "request_suspension", 5, **SUSPEND)
    assert refusal_of(city, case, "approver1", "request_suspension", **SUSPEND) == "ALREADY_ASKED"
    move(city, case, "leader1", "refuse_suspension", 8, reason="可以先清理")
    assert refusal_of(
        city, case, "leader1", "suspend", until="2026-03-20", reason="同意"
    ) == "NOT_ASKED"  # fmt: skip

    move(city, case, "approver1", "request_suspension", 10, **SUSPEND)
    move(city, case, "leader1", "suspend", 12, until="2026-03-20", reason="同意")
    move(city, case, "leader1", "resume", 20, reason="条件具备")

    assert refusal_of(
        city, case, "leader1", "suspend", 30, until="2026-03-20", reason="同意"
    ) == "NOT_ASKED"  # fmt: skip
    assert list(Suspension.objects.values_list("decision", flat=True).order_by("pk")) == [
        "REFUSED",
        "APPROVED",
    ]


def test_t25_a_suspended_case_is_marked_for_review_each_month_once(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "request_suspension", 5, **SUSPEND)
    move(city, case, "leader1", "suspend", 10, until="2026-04-30", reason="同意")
    assert not Case.objects.on_time_base().filter(pk=case.pk).exists()
    later = NOW + timedelta(days=31)

    assert mark_reviews(now=NOW + timedelta(days=29)) == 0
    assert (mark_reviews(now=later), mark_reviews(now=later)) == (1, 0)
    move(city, case, "leader1", "review_suspension", 31 * DAY, reason="仍在汛期")
    assert mark_reviews(now=later + timedelta(days=1)) == 0

    assert mark_reviews(now=NOW + timedelta(days=62)) == 1
    topics = Event.objects.filter(case_id=case.pk, topic="case.review_due")
    assert topics.count() == 2
    end_pauses(now=NOW + timedelta(days=70))
    case.refresh_from_db()
    assert Suspension.objects.get(case=case).ended_at is not None


def test_t33_what_was_not_solved_is_explained_and_the_leader_approves(city: City) -> None:
    case = to_the_callback(city, processing(city))
    assert (
        refusal_of(city, case, "callback1", "callback_done", solved="NO") == "EXPLANATION_MISSING"
    )

    move(city, case, "callback1", "callback_done", 90, solved="NO", text="属规划问题，已说明")
    assert case.state == "PENDING_CALLBACK"
    assert refusal_of(city, case, "callback1", "callback_done") == "EXPLANATION_PENDING"
    move(city, case, "leader1", "approve_explanation", 100, reason="说明合理")

    assert case.state == "CLOSED"
    assert Callback.objects.get().approved_by == city["leader1"]


def test_t33_an_explanation_that_waits_does_not_keep_the_others_from_being_called(
    city: City,
) -> None:
    case = processing(city)
    log(city, attach_to_case=case.case_no, caller=Caller(phone="13900139000"))
    case.refresh_from_db()
    to_the_callback(city, case)
    move(city, case, "callback1", "callback_done", 90, solved="NO", text="属规划问题，已说明")

    move(city, case, "callback1", "callback_done", 95, solved="YES")
    assert case.state == "PENDING_CALLBACK"
    assert refusal_of(city, case, "callback1", "callback_done") == "EXPLANATION_PENDING"
    move(city, case, "leader1", "approve_explanation", 100, reason="说明合理")

    assert case.state == "CLOSED"


def test_t33_who_opted_out_is_not_waited_for(city: City) -> None:
    case = to_the_callback(city, processing(city))

    move(city, case, "callback1", "callback_done", 90, solved="OPTED_OUT")

    assert case.state == "CLOSED"


def test_t33_after_a_rework_the_citizen_is_called_again(city: City) -> None:
    case = to_the_callback(city, processing(city))
    intake = case.intakes.get().intake_no
    record_callback(
        intake_no=intake, solved="NO", satisfaction="", text="还在漏", by=city["callback1"],
        now=NOW + timedelta(minutes=90),
    )  # fmt: skip
    told = Event.objects.get(case_id=case.pk, topic="case.call_noted")
    assert told.payload == {"solved": "NO"}
    assert (told.from_state, told.to_state) == ("PENDING_CALLBACK", "PENDING_CALLBACK")
    move(city, case, "callback1", "rework", 95, reason="合理")
    to_the_callback(city, case, 120)

    assert refusal_of(city, case, "callback1", "callback_done", 200) == "CALLBACK_MISSING"
    move(city, case, "callback1", "callback_done", 210, solved="YES")

    assert case.state == "CLOSED"


def test_t36_a_citizen_asks_within_seven_days_the_leader_within_thirty(city: City) -> None:
    case = to_the_callback(city, processing(city))
    move(city, case, "callback1", "callback_done", 90, solved="YES")
    asked = {"reason": "又漏了"}
    assert refusal_of(city, case, "operator1", "reopen", 8 * DAY, **asked) == "LEADER_DECIDES"
    assert refusal_of(city, case, "leader1", "reopen", 31 * DAY, **asked) == "TOO_LATE"

    move(city, case, "operator1", "reopen", 6 * DAY, **asked)

    assert case.state == "PROCESSING"


def test_t42_waiting_for_the_citizen_needs_a_question_and_a_try_to_reach_her(city: City) -> None:
    case = processing(city)

    assert refusal_of(city, case, "handler1", "wait_citizen", text="门牌？") == "FIELDS"
    assert refusal_of(city, case, "handler1", "wait_citizen", way="PHONE") == "FIELDS"


def test_t43_an_operator_dispatches_when_the_leader_has_not_answered_for_five_minutes(
    city: City,
) -> None:
    case = log(city)
    Case.objects.filter(pk=case.pk).update(priority=0)
    sent = {"reason": "燃气泄漏"}
    assert refusal_of(city, case, "operator1", "emergency_dispatch", 4, **sent) == "LEADER_FIRST"

    move(city, case, "operator1", "emergency_dispatch", 5, **sent)

    assert case.state == "PENDING_SIGN"


def moved_to(city: City, who: str, role: Role, unit: str = "") -> User:
    """The same person in another post from now on."""
    user = city[who]
    user.posts.filter(ended_at__isnull=True).update(ended_at=NOW + timedelta(minutes=40))
    give_post(user=user, role=role, area_code=A, unit=city.units.get(unit), now=NOW)
    city.users[who] = User.objects.get(pk=user.pk)
    return city.users[who]


def test_who_belonged_to_the_unit_does_not_check_its_work_from_another_post(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "submit_result", 10, text="已清理")
    move(city, case, "dispatcher1", "ask_check", 20)
    moved_to(city, "handler1", Role.INSPECTOR)

    assert refusal_of(city, case, "handler1", "check_pass", 50, text="好") == "OWN_WORK"
    moved_to(city, "cleaner1", Role.CALLBACK)
    move(city, case, "inspector1", "check_pass", 55, text="好")
    assert refusal_of(city, case, "cleaner1", "callback_done", 60, solved="YES") == "OWN_WORK"


def test_who_filed_or_dispatched_a_case_does_not_work_on_it(city: City) -> None:
    case = dispatched(city)
    for who in ("leader1", "dispatcher1"):
        moved_to(city, who, Role.HANDLER, "A2")
        assert refusal_of(city, case, who, "sign", 50) == "OWN_ORDER"


def test_who_returned_a_case_does_not_judge_the_return(city: City) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)
    moved_to(city, "handler1", Role.DISPATCHER)

    assert refusal_of(city, case, "handler1", "refuse_return", 50, reason="请办") == "OWN_WORK"


def test_the_database_refuses_judges_of_their_own_requests(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "request_suspension", 5, **SUSPEND)
    rows = Suspension.objects.filter(case=case)

    def refused(constraint: str, **changes: Any) -> None:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            rows.update(**changes)

    refused("judged_by_another", decided_by=city["approver1"])
    refused("cause_is_known", cause="MOOD")
    refused("approved_to_a_day", decision="APPROVED")
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        second = rows.get()
        second.pk = None
        second.save(force_insert=True)
    told = Callback.objects.create(intake=case.intakes.get(), at=NOW, by=city["callback1"])
    with pytest.raises(IntegrityError, match="approved_by_another"), transaction.atomic():
        Callback.objects.filter(pk=told.pk).update(approved_by=city["callback1"])


def test_the_database_wants_a_support_with_a_joint_ruling_and_only_there(city: City) -> None:
    case = in_dispute(city)
    move(city, case, "leader1", "designate", 60, unit="A2", reason="会商")

    for changes in ({"kind": "JOINT"}, {"support": city.units["A1"]},
                    {"kind": "JOINT", "support": city.units["A2"]}):  # fmt: skip
        with pytest.raises(IntegrityError, match="joint_names"), transaction.atomic():
            case.rulings.update(**changes)
