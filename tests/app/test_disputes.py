"""Returns, rulings, extensions, suspensions, waiting, urging, category changes, reopening."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.arranging import Period
from dispatch import catalogue
from dispatch.actions.duties.absences import arrange_absence
from dispatch.actions.errors import MoveError, RuleError
from dispatch.actions.moving import make_move
from dispatch.clocks import working_minutes
from dispatch.models import Assignment, Case, Event, Extension, Ruling, Timer
from dispatch.timekeeping.sweeping import archive_old, end_pauses
from dispatch.voices import Caller, Position
from hotline.actions import Call, log_call
from tests.city import NOW, City

RETURN = {"clause": "权责清单第 12 项", "unit": "A1", "reason": "路面破损", "evidence": "现场照片"}


def log(city: City, category: str = "E0104", **changes: Any) -> Case:
    fields: dict[str, Any] = {
        "kind": "COMPLAINT",
        "title": "垃圾散落",
        "content": "",
        "category": category,
        "caller": Caller(phone="13800138000"),
        "occurred_at": NOW,
        "position": Position(119.6001, 29.9001, "WGS84"),
        **changes,
    }
    receipt = log_call(Call(**fields), by=city["operator1"], now=NOW)
    return Case.objects.get(case_no=receipt.body["case_no"])


def move(city: City, case: Case, who: str, name: str, minutes: float = 0, **data: Any) -> Case:
    version = Case.objects.get(pk=case.pk).version
    at = NOW + timedelta(minutes=minutes)
    make_move(case_no=case.case_no, move=name, version=version, data=data, by=city[who], now=at)
    case.refresh_from_db()
    return case


def dispatched(city: City, category: str = "E0104") -> Case:
    case = log(city, category)
    for who, name in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        move(city, case, who, name)
    return case


def processing(city: City) -> Case:
    return move(city, dispatched(city), "handler1", "sign")


def disposal(case: Case) -> Timer:
    return Timer.objects.get(case=case, stage="DISPOSAL", state__in=["RUNNING", "PAUSED"])


def test_an_accepted_return_goes_out_again_and_the_disposal_clock_ran_on(city: City) -> None:
    case = dispatched(city)
    due = disposal(case).due_at

    move(city, case, "handler1", "request_return", 10, **RETURN)
    assert case.state == "RETURN_REVIEW"
    move(city, case, "dispatcher1", "accept_return", 20, reason="确属市政")
    move(city, case, "dispatcher1", "dispatch", 25, unit="A1")

    assert case.state == "PENDING_SIGN"
    assert case.lead_unit is not None
    assert case.lead_unit.code == "A1"
    assert disposal(case).due_at == due
    assert Assignment.objects.filter(case=case, ended_at__isnull=True).count() == 1


@pytest.mark.parametrize(("deputy", "unit"), [("A0", "A0"), ("A2", "A1")])
def test_the_deputy_of_a_proposed_unit_that_is_away_gets_the_case_but_not_who_returned_it(
    city: City, deputy: str, unit: str
) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)
    move(city, case, "dispatcher1", "accept_return", 20, reason="确属市政")
    away = Period(NOW, NOW + timedelta(hours=2), "设备检修")
    arrange_absence(unit="A1", deputy_unit=deputy, period=away, by=city["leader1"], now=NOW)
    catalogue.refresh()

    move(city, case, "dispatcher1", "dispatch", 25)

    assert case.lead_unit == city.units[unit]


def test_a_refused_return_of_signed_work_goes_on_where_it_was(city: City) -> None:
    case = processing(city)

    move(city, case, "approver1", "request_return", 10, **RETURN)
    move(city, case, "dispatcher1", "refuse_return", 20, reason="属于贵单位")

    assert case.state == "PROCESSING"
    assert not Timer.objects.filter(case=case, stage="SIGN", state="RUNNING").exists()


def test_a_ruling_binds_the_case_into_which_the_ruled_one_is_merged_while_it_is(city: City) -> None:
    ruled, primary = processing(city), processing(city)
    for minutes, who, name, data in (
        (10, "approver1", "request_return", RETURN),
        (20, "dispatcher1", "refuse_return", {"reason": "请处置"}),
        (30, "approver1", "request_return", RETURN),
        (40, "leader1", "designate", {"unit": "A2", "reason": "会商纪要一号"}),
        (45, "handler1", "sign", {}),
        (50, "leader1", "merge", {"into": primary.case_no, "reason": "同一处"}),
    ):
        move(city, ruled, who, name, minutes, **data)

    with pytest.raises(RuleError) as refusal:
        move(city, primary, "approver1", "request_return", 60, **RETURN)
    assert refusal.value.code == "NO_RETURN"
    move(city, ruled, "leader1", "unmerge", 70, reason="并错了")
    assert move(city, primary, "approver1", "request_return", 80, **RETURN).state == "RETURN_REVIEW"


def test_the_second_return_opens_a_ruling_that_cannot_be_returned_and_becomes_a_precedent(
    city: City,
) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)
    move(city, case, "dispatcher1", "refuse_return", 20, reason="请处置")
    move(city, case, "handler1", "request_return", 30, **RETURN)
    assert case.state == "ARBITRATION"

    move(city, case, "leader1", "designate", 40, unit="A1", reason="会商纪要一号", precedent="YES")

    assert case.state == "PENDING_SIGN"
    assert case.no_return
    with pytest.raises(RuleError) as refusal:
        move(city, case, "handler1", "request_return", 50, **{**RETURN, "unit": "A2"})
    assert refusal.value.code == "NO_RETURN"
    catalogue.refresh()
    ruling = Ruling.objects.get(case=case)
    suggestion = catalogue.current().suggest_unit("E0104", case.area_code, at=NOW)
    assert suggestion is not None
    assert suggestion.item_no == f"R-{ruling.pk}"


def test_a_return_names_clause_owner_reason_and_evidence(city: City) -> None:
    case = dispatched(city)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "handler1", "request_return", 10, reason="不归我管")

    assert set(refusal.value.fields) == {"clause", "unit", "evidence"}


def test_an_extension_is_asked_in_time_approved_by_another_and_keeps_the_old_deadline(
    city: City,
) -> None:
    case = processing(city)
    old = disposal(case).due_at

    move(
        city, case, "approver1", "request_extension", 10, days="2", reason="等待材料", told="PHONE"
    )
    assert disposal(case).due_at == old
    move(city, case, "leader1", "approve_extension", 20, reason="同意")

    extension = Extension.objects.get(case=case)
    assert (extension.old_due_at, extension.new_due_at) == (old, disposal(case).due_at)
    assert disposal(case).due_at > old
    move(city, case, "approver1", "request_extension", 30, days="1", reason="再等", told="PHONE")
    with pytest.raises(RuleError) as refusal:
        move(city, case, "leader1", "approve_extension", 40, reason="同意")
    assert refusal.value.code == "COMMANDER_DECIDES"
    move(city, case, "commander1", "approve_extension", 40, reason="同意")
    with pytest.raises(RuleError) as refusal:
        move(
            city, case, "approver1", "request_extension", 50, days="1", reason="三次", told="PHONE"
        )
    assert refusal.value.code == "TOO_MANY_EXTENSIONS"


def test_an_extension_after_the_deadline_is_too_late(city: City) -> None:
    case = processing(city)

    with pytest.raises(RuleError) as refusal:
        move(
            city,
            case,
            "approver1",
            "request_extension",
            60 * 24 * 9,
            days="2",
            reason="忘了",
            told="PHONE",
        )

    assert refusal.value.code == "TOO_LATE"


def test_a_suspended_case_stands_still_and_runs_on_by_itself_on_its_day(city: City) -> None:
    case = processing(city)
    due = disposal(case).due_at
    with pytest.raises(RuleError) as refusal:
        move(city, case, "leader1", "suspend", 5, until="2026-03-20", reason="汛期")
    assert refusal.value.code == "NOT_ASKED"

    move(city, case, "approver1", "request_suspension", 5, cause="SEASON", reason="汛期后施工")
    move(city, case, "leader1", "suspend", 10, until="2026-03-20", reason="同意")
    assert case.state == "SUSPENDED"
    assert disposal(case).state == "PAUSED"
    assert end_pauses(now=NOW + timedelta(days=5)) == 0
    later = NOW + timedelta(days=19)
    assert end_pauses(now=later) == 1

    case.refresh_from_db()
    assert case.state == "PROCESSING"
    assert disposal(case).state == "RUNNING"
    calendar = catalogue.current().calendar
    left = working_minutes(NOW + timedelta(minutes=10), due, calendar)
    assert working_minutes(later, disposal(case).due_at, calendar) == left > 0


def test_waiting_for_the_citizen_pauses_and_ends_by_answer_or_by_the_next_move(city: City) -> None:
    case = processing(city)
    due = disposal(case).due_at

    move(city, case, "handler1", "wait_citizen", 10, text="请问具体门牌？", way="PHONE")
    assert case.is_waiting
    assert disposal(case).state == "PAUSED"
    move(city, case, "handler1", "citizen_answered", 40, text="12 幢")
    assert disposal(case).due_at == due + timedelta(minutes=30)
    move(city, case, "handler1", "wait_citizen", 50, text="再问一次", way="SMS")
    move(city, case, "approver1", "submit_result", 60, text="已处理")

    assert not case.is_waiting
    assert case.state == "PENDING_CHECK"


def test_a_new_category_counts_from_the_original_start_and_moves_the_tally(city: City) -> None:
    case = processing(city)

    move(city, case, "leader1", "change_category", 30, category="E0105", reason="实为水域")

    event = Event.objects.filter(case_id=case.pk, topic="case.recategorised").get()
    assert event.payload["from_category"] == "E0104"
    assert event.payload["new_due_at"] > event.payload["old_due_at"]
    assert disposal(case).started_at == NOW


def test_urging_counts_and_supervising_marks(city: City) -> None:
    case = processing(city)

    move(city, case, "operator1", "urge", 10, text="市民再次来电")
    move(city, case, "leader1", "supervise", 20, text="请今日办结")

    assert (case.urge_count, case.is_hard) == (1, True)


def test_a_closed_case_is_reopened_to_its_unit_and_archived_when_old(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "submit_result", 10, text="已清理")
    move(city, case, "dispatcher1", "ask_check", 20)
    move(city, case, "inspector1", "check_pass", 30, text="干净")
    move(city, case, "callback1", "callback_done", 40, solved="YES", satisfaction="SATISFIED")
    assert case.state == "CLOSED"

    move(city, case, "leader1", "reopen", 60, reason="虚假办结")
    assert case.state == "PROCESSING"
    assert case.close_type == ""
    assert case.lead_unit is not None
    assert case.lead_unit.code == "A2"
    move(city, case, "leader1", "void", 70, reason="测试件")
    assert case.state == "VOIDED"

    other = processing(city)
    move(city, other, "approver1", "submit_result", 10, text="已清理")
    move(city, other, "dispatcher1", "ask_check", 20)
    move(city, other, "inspector1", "check_pass", 30, text="干净")
    move(city, other, "callback1", "callback_done", 40, solved="YES")
    assert archive_old(now=NOW + timedelta(days=40)) == 1
    other.refresh_from_db()
    assert other.state == "ARCHIVED"


def test_a_rejected_case_comes_back_by_an_accepted_appeal(city: City) -> None:
    case = log(city)
    move(
        city,
        case,
        "receiver1",
        "reject",
        reject_reason="OUT_OF_DUTY",
        reason="不在职责内",
        told="PHONE",
    )

    move(city, case, "leader1", "appeal_accept", 10, reason="有新理由")

    assert case.state == "REGISTERED"
    assert case.is_open
    assert Timer.objects.filter(case=case, stage="ACCEPT", state="RUNNING").exists()


def test_a_dispute_may_be_decided_out(city: City) -> None:
    case = dispatched(city)
    for minutes in (10, 30):
        move(city, case, "handler1", "request_return", minutes, **RETURN)
        if case.state == "RETURN_REVIEW":
            move(city, case, "dispatcher1", "refuse_return", minutes + 5, reason="请处置")

    move(
        city, case, "leader1", "decide_out", 60, reason="属民事纠纷，已告知",
        legal_basis="民事诉讼法", told="PHONE",
    )  # fmt: skip

    assert (case.state, case.close_type) == ("CLOSED", "SPECIAL")


def test_a_stranger_cannot_judge(city: City) -> None:
    case = dispatched(city)
    move(city, case, "handler1", "request_return", 10, **RETURN)

    for who in ("handler1", "leader1", "handler2"):
        with pytest.raises(MoveError):
            move(city, case, who, "accept_return", 20, reason="自己认可")


def test_a_supporting_unit_sees_the_case_and_the_result_waits_for_it(city: City) -> None:
    case = processing(city)
    with pytest.raises(MoveError):
        move(city, case, "helper1", "support_done", 5, text="还看不到")

    move(city, case, "handler1", "add_support", 10, unit="A1", text="请修路面")
    with pytest.raises(RuleError) as refusal:
        move(city, case, "approver1", "submit_result", 20, text="已清理")
    assert refusal.value.code == "SUPPORT_OPEN"
    move(city, case, "helper1", "support_done", 30, text="路面已修")
    move(city, case, "approver1", "submit_result", 40, text="已清理")

    assert case.state == "PENDING_CHECK"


def test_the_lead_may_excuse_a_supporting_unit(city: City) -> None:
    case = processing(city)
    move(city, case, "handler1", "add_support", 10, unit="A1", text="请修路面")

    move(city, case, "approver1", "excuse_support", 20, unit="A1", reason="无需修补")
    move(city, case, "approver1", "submit_result", 30, text="已清理")

    assert case.state == "PENDING_CHECK"
