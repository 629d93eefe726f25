"""Tasks of lower and supporting units: own clocks within what the giver has left (7.3)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.actions import give_post
from accounts.models import Role, Unit, User
from dispatch.actions.errors import NotAllowedError, RuleError
from dispatch.casefile import case_for, moves_for
from dispatch.models import Assignment, Case, Event, Timer
from dispatch.timekeeping.segments import clock_of
from dispatch.timekeeping.sweeping import sweep_due
from tests.app.test_disputes import RETURN, disposal, log, move
from tests.city import NOW, A, City

GIVE = {"unit": "A2", "text": "请清扫路面"}


def led_by_the_centre(city: City) -> Case:
    """A case of the centre A0, whose lower units are A1 and A2, signed; five workdays to go."""
    case = log(city, "L9001")
    for who, name in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        move(city, case, who, name)
    return move(city, case, "handler1", "sign")


def task_of(case: Case, code: str = "A2") -> Assignment:
    return Assignment.objects.filter(case=case, unit__code=code).latest("pk")


def clock(case: Case, code: str = "A2") -> Timer:
    return Timer.objects.filter(assignment=task_of(case, code)).latest("pk")


def test_a_lower_unit_gets_a_task_with_a_clock_of_its_own_and_sees_the_case(city: City) -> None:
    case = led_by_the_centre(city)
    assert not Case.objects.visible_to(city["cleaner1"]).filter(pk=case.pk).exists()

    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")

    task = task_of(case)
    assert (task.role, task.state, task.task) == ("SUB", "PENDING_SIGN", "请清扫路面")
    assert task.parent is not None
    assert task.parent.unit.code == "A0"
    assert clock(case).due_at == NOW + timedelta(hours=6, minutes=10)
    assert Case.objects.visible_to(city["cleaner1"]).filter(pk=case.pk).exists()


def test_a_task_without_a_limit_has_all_that_the_giver_has_left(city: City) -> None:
    case = led_by_the_centre(city)

    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)

    assert clock(case).due_at == disposal(case).due_at


def test_a_limit_longer_than_what_is_left_is_refused_with_the_time_that_is_left(
    city: City,
) -> None:
    case = led_by_the_centre(city)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="80")

    assert refusal.value.code == "LONGER_THAN_LEFT"
    assert "03-" in refusal.value.fields["hours"][0]
    assert not Assignment.objects.filter(case=case, role="SUB").exists()


@pytest.mark.parametrize("hours", ["0", "-1", "x", "481", "１"])
def test_hours_that_are_no_number_are_refused(city: City, hours: str) -> None:
    case = led_by_the_centre(city)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours=hours)

    assert "hours" in refusal.value.fields


@pytest.mark.parametrize("code", ["A0", "B1", "B0"])
def test_only_units_below_take_a_task(city: City, code: str) -> None:
    case = led_by_the_centre(city)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "handler1", "sub_dispatch", 10, unit=code, text="请处理")

    assert refusal.value.code == "NOT_BELOW"


def test_a_unit_has_one_part_at_a_time(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "handler1", "sub_dispatch", 20, **GIVE)

    assert refusal.value.code == "ALREADY_IN"


def test_the_result_waits_for_the_task_and_is_told_why(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")
    with pytest.raises(RuleError) as refusal:
        move(city, case, "approver1", "submit_result", 20, text="已清理")
    assert refusal.value.code == "SUPPORT_OPEN"
    offered = moves_for(city["approver1"], case, now=NOW + timedelta(minutes=20))
    blocked = {row["move"]: row["why"] for row in offered[1]}
    assert "尚未完成" in blocked["submit_result"]

    move(city, case, "cleaner1", "sub_sign", 30)
    move(city, case, "cleaner1", "sub_done", 60, text="已清扫")
    assert (task_of(case).state, clock(case).state) == ("SUBMITTED", "MET")
    move(city, case, "approver1", "submit_result", 70, text="已清理")

    assert case.state == "PENDING_CHECK"
    assert task_of(case).state == "ACCEPTED"
    assert case.support_units == []


def test_the_child_is_told_why_it_may_not_move(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)
    move(city, case, "cleaner1", "sub_done", 20, text="已清扫")

    with pytest.raises(RuleError) as refusal:
        move(city, case, "cleaner1", "sub_done", 30, text="再一次")
    assert refusal.value.code == "ALREADY_DONE"
    with pytest.raises(NotAllowedError):
        move(city, case, "cleaner1", "first_contact", 30, way="PHONE", text="我是主办吗")


def test_a_task_sent_back_runs_on_within_the_disposal_clock(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="2")
    move(city, case, "cleaner1", "sub_done", 20, text="已清扫")
    due = clock(case).due_at

    move(city, case, "approver1", "sub_rework", 50, unit="A2", reason="还有垃圾")

    assert (task_of(case).state, clock(case).state) == ("REWORK", "RUNNING")
    assert due < clock(case).due_at <= disposal(case).due_at
    with pytest.raises(RuleError):
        move(city, case, "approver1", "submit_result", 60, text="已清理")


def test_a_task_handed_back_leaves_the_work_with_its_giver(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)

    move(city, case, "cleaner1", "sub_return", 20, reason="车辆故障")

    assert (task_of(case).state, clock(case).state) == ("RETURNED", "CANCELLED")
    assert not Case.objects.visible_to(city["cleaner1"]).filter(pk=case.pk).exists()
    move(city, case, "approver1", "submit_result", 30, text="自行清理完毕")


def test_a_task_is_recalled_by_its_giver_alone(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)
    move(city, case, "handler1", "sub_dispatch", 10, unit="A1", text="请补路面")
    boss = User.objects.create(username="boss", password="!")
    give_post(user=boss, role=Role.UNIT_APPROVER, area_code=A, unit=city.units["A1"], now=NOW)
    city.users["boss"] = boss

    with pytest.raises(RuleError) as refusal:
        move(city, case, "boss", "recall", 20, unit="A2", reason="我来做")
    assert refusal.value.code == "NOT_GIVEN_BY_YOU"
    move(city, case, "approver1", "recall", 30, unit="A2", reason="不需要了")

    assert (task_of(case).state, clock(case).state) == ("RECALLED", "CANCELLED")


def test_a_lower_unit_hands_on_within_its_own_clock(city: City) -> None:
    case = led_by_the_centre(city)
    below = Unit.objects.create(
        code="A21", name="保洁一班", level="DISTRICT", parent=city.units["A2"],
        path="/A0/A2/A21/", area_code=A,
    )  # fmt: skip
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")
    with pytest.raises(RuleError) as refusal:
        move(city, case, "cleaner1", "sub_dispatch", 20, unit="A21", text="去扫", hours="5")
    assert refusal.value.code == "LONGER_THAN_LEFT"

    move(city, case, "cleaner1", "sub_dispatch", 20, unit="A21", text="去扫", hours="2")

    task = task_of(case, below.code)
    assert task.parent is not None
    assert task.parent.unit.code == "A2"
    assert clock(case, "A21").due_at < clock(case).due_at


def test_a_support_may_have_a_limit_of_its_own(city: City) -> None:
    case = led_by_the_centre(city)
    free = {"unit": "B1", "text": "请协助"}

    move(city, case, "handler1", "add_support", 10, **free)
    assert not Timer.objects.filter(assignment=task_of(case, "B1")).exists()
    move(city, case, "handler1", "add_support", 10, unit="A1", text="请补路面", hours="3")

    assert clock(case, "A1").stage == "TASK"
    with pytest.raises(RuleError):
        move(city, case, "handler1", "add_support", 10, **{**GIVE, "hours": "90"})


def test_an_overdue_task_is_an_event_of_the_case_and_never_moves_it_in_the_queue(
    city: City,
) -> None:
    case = led_by_the_centre(city)
    before = (case.due_stage, case.due_at)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="1")
    assert (case.due_stage, case.due_at) == before

    sweep_due(now=NOW + timedelta(hours=3))

    events = Event.objects.filter(case_id=case.pk, topic="timer.overdue", payload__stage="TASK")
    assert events.count() == 1
    done = move(city, case, "cleaner1", "sub_done", 200, text="已清扫")
    assert clock(done).state == "MISSED"


def test_tasks_stand_still_while_the_citizen_is_waited_for(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")
    due = clock(case).due_at
    move(city, case, "handler1", "wait_citizen", 20, text="请问位置？", way="PHONE")
    assert clock(case).state == "PAUSED"
    with pytest.raises(RuleError) as refusal:
        move(city, case, "handler1", "sub_dispatch", 30, unit="A1", text="去看看")
    assert refusal.value.code == "WAITING"

    move(city, case, "handler1", "citizen_answered", 50, text="东门")

    assert clock(case).due_at == due + timedelta(minutes=30)


def test_a_shorter_deadline_shortens_the_tasks(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)

    move(city, case, "leader1", "change_category", 20, category="E0104", reason="垃圾")

    assert clock(case).due_at <= disposal(case).due_at


def test_when_the_lead_leaves_its_tasks_go_with_it(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)
    move(city, case, "approver1", "request_return", 20, **{**RETURN, "unit": "B0"})

    move(city, case, "dispatcher1", "accept_return", 30, reason="确属")

    assert task_of(case).state == "RECALLED"
    assert clock(case).state == "CANCELLED"


def test_a_case_that_ends_leaves_no_task_and_no_clock(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)

    move(city, case, "leader1", "void", 30, reason="测试件")

    assert not Assignment.objects.filter(case=case, ended_at__isnull=True).exists()
    assert not Timer.objects.filter(case=case, state__in=["RUNNING", "PAUSED"]).exists()


def test_the_lead_works_through_the_states_of_7_3(city: City) -> None:
    case = led_by_the_centre(city)
    seen = [task_of(case, "A0").state]

    def then(who: str, name: str, minutes: float, **data: Any) -> None:
        move(city, case, who, name, minutes, **data)
        seen.append(task_of(case, "A0").state)

    then("handler1", "first_contact", 10, way="PHONE", text="已联系")
    then("handler1", "progress", 20, text="已到场")
    then("approver1", "submit_result", 30, text="已处理")
    then("dispatcher1", "bounce", 40, reason="缺照片")
    then("approver1", "submit_result", 50, text="已补照片")
    then("dispatcher1", "no_check_needed", 60, reason="以回访为准")

    assert seen == ["SIGNED", "CONTACTED", "IN_PROGRESS", "SUBMITTED", "REWORK", "SUBMITTED",
                    "ACCEPTED"]  # fmt: skip


def test_the_file_and_the_clock_tell_of_the_tasks(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")

    file = case_for(city["handler1"], case.case_no, now=NOW + timedelta(minutes=20))

    task = next(row for row in file["assignments"] if row["role"] == "SUB")
    assert (task["unit"], task["state"], task["given_by"]) == ("A2", "PENDING_SIGN", "A0")
    timer = next(row for row in file["timers"] if row["stage"] == "TASK")
    assert timer["unit"] == "A2"
    told = clock_of(city["handler1"], case.case_no, now=NOW + timedelta(minutes=20))
    assert {row["party"] for row in told["segments"]} >= {"A0"}


def an_assignment(city: City, case: Case, at: datetime, **changes: Any) -> Assignment:
    fields: dict[str, Any] = {
        "case": case, "unit": city.units["B1"], "role": "SUPPORT", "dispatched_at": at, **changes
    }  # fmt: skip
    return Assignment.objects.create(**fields)


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("state_is_known", {"state": "DANCING"}),
        ("role_is_known", {"role": "BOSS"}),
        ("a_lower_unit_has_a_parent", {"role": "SUB"}),
        ("ended_says_what_the_state_says", {"state": "RECALLED"}),
        ("ended_says_what_the_state_says", {"ended_at": NOW}),
        ("work_follows_a_signature", {"state": "SIGNED"}),
        ("accepted_follows_a_result", {"state": "SUBMITTED", "signed_at": NOW}),
    ],
)
def test_the_database_refuses_work_that_cannot_be(
    city: City, constraint: str, changes: dict[str, Any]
) -> None:
    case = led_by_the_centre(city)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        an_assignment(city, case, NOW, **changes)


def test_the_database_refuses_two_parts_of_one_unit_and_a_judge_of_her_own_work(
    city: City,
) -> None:
    case = led_by_the_centre(city)
    first = an_assignment(city, case, NOW)

    with pytest.raises(IntegrityError, match="one_part_at_a_time"), transaction.atomic():
        an_assignment(city, case, NOW)
    for column in ("signed_by", "submitted_by"):
        with pytest.raises(IntegrityError, match="judged_by_another"), transaction.atomic():
            rows = Assignment.objects.filter(pk=first.pk)
            rows.update(**{column: city["handler1"], "judged_by": city["handler1"]})


def test_the_database_gives_a_task_one_clock_and_only_tasks_have_such_clocks(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)
    timer = clock(case)

    with pytest.raises(IntegrityError, match="of_a_task_names_it"), transaction.atomic():
        Timer.objects.filter(pk=timer.pk).update(stage="CHECK")
    with pytest.raises(IntegrityError, match="of_a_task_names_it"), transaction.atomic():
        Timer.objects.filter(pk=timer.pk).update(assignment=None)
    timer = Timer.objects.get(pk=timer.pk)
    timer.pk = None
    timer._state.adding = True
    with pytest.raises(IntegrityError, match="one_open_per_task"), transaction.atomic():
        timer.save(force_insert=True)
