"""边处置边核实 (T43): an emergency goes out at once and an inspector looks while its unit works."""

from datetime import timedelta

import pytest

from dispatch import casefile, catalogue
from dispatch.actions.errors import NotAllowedError
from dispatch.models import Assignment, Case, Category, Event, Timer
from dispatch.queue.follow_ups import follow_ups_for
from tests.app.test_disputes import RETURN, log, move
from tests.app.test_guards import refusal_of
from tests.city import NOW, City

GO = {"reason": "路面塌陷，先行处置"}


def emergency(city: City, *, verifying: bool = False) -> Case:
    """A road that has caved in, as a citizen told it."""
    case = log(city, "E0104" if verifying else "E0401")
    if verifying:
        move(city, case, "receiver1", "ask_verify", 1)
    Case.objects.filter(pk=case.pk).update(priority=0)
    case.refresh_from_db()
    return case


def sent_out(city: City) -> Case:
    return move(city, emergency(city), "leader1", "emergency_dispatch", 2, **GO)


def clock(case: Case, stage: str) -> list[str]:
    rows = Timer.objects.filter(case=case, stage=stage).order_by("pk")
    return list(rows.values_list("state", flat=True))


def offered(city: City, case: Case, who: str) -> set[str]:
    file = casefile.case_for(city[who], case.case_no, now=NOW + timedelta(minutes=9))
    return {row["move"] for row in file["moves"]}


def blocked(city: City, case: Case, who: str) -> set[str]:
    file = casefile.case_for(city[who], case.case_no, now=NOW + timedelta(minutes=9))
    return {row["move"] for row in file["blocked_moves"]}


def test_the_case_is_with_its_unit_while_the_inspector_has_half_an_hour_to_look(
    city: City,
) -> None:
    case = sent_out(city)

    assert case.state == "PENDING_SIGN"
    verify = Timer.objects.get(case=case, stage="VERIFY")
    assert (verify.state, verify.due_at) == ("RUNNING", NOW + timedelta(minutes=32))
    assert clock(case, "DISPOSAL") == clock(case, "SIGN") == ["RUNNING"]
    assert {"verified_true", "report_untrue"} <= offered(city, case, "inspector1")


def test_what_the_inspector_confirms_ends_her_clock_and_leaves_the_work_alone(city: City) -> None:
    case = move(city, sent_out(city), "helper1", "sign", 3)
    before = Timer.objects.get(case=case, stage="DISPOSAL").due_at

    move(city, case, "inspector1", "verified_true", 20, text="确有塌陷")

    assert case.state == "PROCESSING"
    assert clock(case, "VERIFY") == ["MET"]
    assert clock(case, "FILE") == []
    assert Timer.objects.get(case=case, stage="DISPOSAL").due_at == before
    told = Event.objects.filter(case_id=case.pk, topic="case.verified")
    assert [(one.from_state, one.to_state) for one in told] == [("PROCESSING", "PROCESSING")]
    assert refusal_of(city, case, "inspector1", "verified_true", 21, text="再看") == "NOT_SENT"


def test_a_category_that_files_by_itself_does_not_file_twice(city: City) -> None:
    Category.objects.filter(code="E0401").update(auto_file=True, auto_dispatch=True)
    catalogue.refresh()
    case = sent_out(city)

    move(city, case, "inspector1", "verified_true", 20, text="确有塌陷")

    assert case.state == "PENDING_SIGN"
    assert Assignment.objects.filter(case=case).count() == 1


def test_the_clock_of_an_inspector_who_is_on_her_way_runs_on(city: City) -> None:
    case = emergency(city, verifying=True)
    due = Timer.objects.get(case=case, stage="VERIFY").due_at

    move(city, case, "leader1", "emergency_dispatch", 10, **GO)

    verify = Timer.objects.get(case=case, stage="VERIFY")
    assert (case.state, verify.state, verify.due_at) == ("PENDING_SIGN", "RUNNING", due)


def test_where_the_inspector_has_looked_already_nobody_is_sent_again(city: City) -> None:
    case = emergency(city, verifying=True)
    move(city, case, "inspector1", "report_untrue", 10, text="未见异常")

    move(city, case, "leader1", "emergency_dispatch", 12, **GO)

    assert clock(case, "VERIFY") == ["MET"]
    assert clock(case, "FILE") == ["MET"]
    assert not {"verified_true", "report_untrue"} & offered(city, case, "inspector1")


@pytest.mark.parametrize("change", [{"line": "GRID"}, {"sensitive": True}, {"location": None}])
def test_nobody_is_sent_to_an_inspectors_own_report_a_sensitive_case_or_no_place(
    city: City, change: dict[str, object]
) -> None:
    case = emergency(city)
    Case.objects.filter(pk=case.pk).update(**change)

    move(city, case, "leader1", "emergency_dispatch", 2, **GO)

    assert case.state == "PENDING_SIGN"
    assert clock(case, "VERIFY") == []


def test_a_sensitive_case_leaves_the_inspectors_sight_with_its_dispatch(city: City) -> None:
    case = emergency(city, verifying=True)
    Case.objects.filter(pk=case.pk).update(sensitive=True)

    move(city, case, "leader1", "emergency_dispatch", 10, **GO)

    assert clock(case, "VERIFY") == ["MET"]


def test_the_queue_goes_by_the_units_clocks_not_by_the_inspectors(city: City) -> None:
    case = sent_out(city)
    move(city, case, "helper1", "sign", 3)
    move(city, case, "helper1", "first_contact", 4, way="PHONE", text="已联系")
    move(city, case, "helper1", "confirm_safe", 5, text="已围挡")

    assert clock(case, "VERIFY") == ["RUNNING"]
    assert case.due_stage == "DISPOSAL"


def test_untrue_beside_the_work_is_for_the_leader_who_closes_it(city: City) -> None:
    case = move(city, sent_out(city), "helper1", "sign", 3)
    assert refusal_of(city, case, "leader1", "verified_false", 4, reason="x") == "NOT_REPORTED"

    move(city, case, "inspector1", "report_untrue", 20, text="路面完好")

    assert (case.state, clock(case, "VERIFY"), clock(case, "FILE")) == (
        "PROCESSING", ["MET"], ["RUNNING"],
    )  # fmt: skip
    again = {"text": "路面完好"}
    assert refusal_of(city, case, "inspector1", "report_untrue", 21, **again) == "ALREADY_REPORTED"
    assert {"verified_false", "verify_again", "hold_true"} <= offered(city, case, "leader1")
    assert refusal_of(city, case, "leader1", "verified_false", 22, reason="误报") == "TOLD_MISSING"
    move(city, case, "leader1", "verified_false", 23, reason="误报", told="PHONE")
    assert (case.state, case.close_type) == ("CLOSED", "NOT_TRUE")
    assert not Timer.objects.filter(case=case, state="RUNNING").exists()
    assert not Assignment.objects.filter(case=case, ended_at__isnull=True).exists()


def test_the_leader_may_send_somebody_again_or_hold_it_true(city: City) -> None:
    case = move(city, sent_out(city), "helper1", "sign", 3)
    move(city, case, "inspector1", "report_untrue", 10, text="未见")

    move(city, case, "leader1", "verify_again", 12, reason="位置有误")
    assert clock(case, "VERIFY") == ["MET", "RUNNING"]
    assert clock(case, "FILE") == ["MET"]
    move(city, case, "inspector1", "report_untrue", 20, text="仍未见")
    move(city, case, "leader1", "hold_true", 25, reason="多人反映且有照片")

    assert case.state == "PROCESSING"
    assert clock(case, "FILE") == ["MET", "MET"]
    assert clock(case, "DISPOSAL") == ["RUNNING"]
    assert "hold_true" not in offered(city, case, "leader1") | blocked(city, case, "leader1")


def test_a_result_that_comes_first_ends_the_look_without_a_verdict(city: City) -> None:
    case = move(city, sent_out(city), "helper1", "sign", 3)
    Case.objects.filter(pk=case.pk).update(lead_unit=city.units["A0"])

    move(city, case, "approver1", "submit_result", 10, text="已回填")

    assert case.state == "PENDING_CHECK"
    assert clock(case, "VERIFY") == ["CANCELLED"]


def test_a_return_and_a_new_dispatch_leave_the_inspectors_task_open(city: City) -> None:
    case = sent_out(city)
    move(city, case, "helper1", "request_return", 5, **{**RETURN, "unit": "A2"})
    assert "verified_true" in offered(city, case, "inspector1")
    move(city, case, "dispatcher1", "accept_return", 8, reason="属实")
    assert "verified_true" in offered(city, case, "inspector1")
    move(city, case, "dispatcher1", "dispatch", 9, unit="A2")

    move(city, case, "inspector1", "verified_true", 20, text="属实")

    assert (case.state, clock(case, "VERIFY")) == ("PENDING_SIGN", ["MET"])


def test_cases_that_took_the_usual_way_show_nobody_these_moves(city: City) -> None:
    case = log(city, "E0104")
    for who, name in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        move(city, case, who, name)
    names = {"verified_true", "report_untrue", "verify_again", "hold_true", "verified_false"}

    for who in ("inspector1", "leader1"):
        assert not names & (offered(city, case, who) | blocked(city, case, who))
    assert refusal_of(city, case, "inspector1", "verified_true", 9, text="看过") == "NOT_SENT"


def test_an_inspector_of_another_district_and_the_unit_itself_do_not_verify(city: City) -> None:
    case = sent_out(city)

    with pytest.raises(NotAllowedError):
        move(city, case, "helper1", "verified_true", 9, text="看过")
    assert "verified_true" not in offered(city, case, "leader1")


def test_inspectors_find_the_look_and_leaders_the_doubt_above_their_queue(city: City) -> None:
    case = sent_out(city)
    later = NOW + timedelta(hours=1)

    (one,) = follow_ups_for(city["inspector1"], now=later)
    assert (one["case_no"], one["stage"], one["overdue"]) == (case.case_no, "VERIFY", True)
    assert follow_ups_for(city["inspector2"], now=later) == []
    assert follow_ups_for(city["leader1"], now=later) == []
    move(city, case, "inspector1", "report_untrue", 20, text="未见")

    assert follow_ups_for(city["inspector1"], now=later) == []
    assert [one["stage"] for one in follow_ups_for(city["leader1"], now=later)] == ["FILE"]


def test_what_the_usual_way_verifies_or_files_stays_in_the_queue_alone(city: City) -> None:
    case = move(city, log(city, "E0104"), "receiver1", "ask_verify", 1)
    assert follow_ups_for(city["inspector1"], now=NOW) == []
    move(city, case, "inspector1", "verified_true", 10, text="属实")

    assert follow_ups_for(city["leader1"], now=NOW) == []
