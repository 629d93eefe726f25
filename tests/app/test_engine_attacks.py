"""Ways round the engine that people try: each is refused, or comes out as the rules say."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import Unit, UnitLevel
from dispatch import catalogue
from dispatch.actions.errors import CaseNotFoundError, MoveError, NotAllowedError, StaleVersionError
from dispatch.actions.moving import make_move
from dispatch.models import Assignment, Case, Event, Intake, Timer
from dispatch.timekeeping.calendars import Day, load_days
from dispatch.timekeeping.recomputing import recompute_deadlines
from tests.app.joining_fixtures import caller
from tests.app.test_disputes import dispatched, disposal, log, move, processing
from tests.app.test_guards import refusal_of
from tests.app.test_tasks import GIVE, led_by_the_centre, task_of
from tests.app.threads import at_once
from tests.city import NOW, A, City

MINUTE = timedelta(minutes=1)
DAY = 24 * 60


def try_at(city: City, case: Case, who: str, name: str, version: int, **data: Any) -> str:
    """The code of what came of a move for a version that somebody saw."""
    try:
        make_move(case_no=case.case_no, move=name, version=version, data=data, by=city[who],
                  now=NOW + 30 * MINUTE)  # fmt: skip
    except MoveError as error:
        return error.code
    return "done"


@pytest.mark.parametrize("off", [-1, 1, 1000])
def test_a_version_of_the_past_or_the_future_changes_nothing(city: City, off: int) -> None:
    case = dispatched(city)
    before = Event.objects.count()

    assert try_at(city, case, "handler1", "sign", case.version + off) == "STALE_VERSION"

    case.refresh_from_db()
    assert (case.state, Event.objects.count()) == ("PENDING_SIGN", before)


def test_a_stale_version_is_told_before_any_rule_of_the_new_state(city: City) -> None:
    case = processing(city)
    seen = case.version
    move(city, case, "approver1", "submit_result", 10, text="好")

    with pytest.raises(StaleVersionError) as refusal:
        make_move(case_no=case.case_no, move="first_contact", version=seen, data={},
                  by=city["handler1"], now=NOW + 20 * MINUTE)  # fmt: skip

    assert refusal.value.who == "approver1"


@pytest.mark.parametrize("name", ["sign", "progress", "confirm_safe", "submit_result", "recall",
                                  "answer_supervision", "request_extension"])  # fmt: skip
def test_another_districts_unit_learns_nothing_and_does_nothing(city: City, name: str) -> None:
    case = processing(city)

    for who in ("handler2", "approver2"):
        with pytest.raises(CaseNotFoundError):
            move(city, case, who, name, 5, text="好")


def test_a_unit_beside_the_lead_does_not_move_its_case(city: City) -> None:
    case = led_by_the_centre(city)

    with pytest.raises((CaseNotFoundError, NotAllowedError)):
        move(city, case, "helper1", "submit_result", 5, text="好")


def test_a_helpers_note_does_not_say_how_far_the_lead_is(city: City) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)

    move(city, case, "cleaner1", "progress", 20, text="扫到一半")

    assert Assignment.objects.get(case=case, role="LEAD", ended_at=None).state == "SIGNED"
    move(city, case, "handler1", "progress", 30, text="已安排")
    assert Assignment.objects.get(case=case, role="LEAD", ended_at=None).state == "IN_PROGRESS"


def gang_of(city: City) -> Unit:
    """A unit below the cleaners."""
    above = city.units["A2"]
    return Unit.objects.create(code="A2-1", name="机扫班", level=UnitLevel.DISTRICT, parent=above,
                               path=f"{above.path}A2-1/", area_code=A)  # fmt: skip


def test_a_unit_is_not_done_before_those_it_has_handed_down_to(city: City) -> None:
    gang = gang_of(city)
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)
    move(city, case, "cleaner1", "sub_dispatch", 20, unit=gang.code, text="请机扫")
    below = task_of(case, gang.code)
    assert below.parent == task_of(case, "A2")

    assert refusal_of(city, case, "cleaner1", "sub_done", 30, text="好") == "SUPPORT_OPEN"
    Assignment.objects.filter(pk=below.pk).update(
        state="SUBMITTED", signed_at=NOW, submitted_at=NOW
    )
    move(city, case, "cleaner1", "sub_done", 40, text="好")

    assert task_of(case, "A2").state == "SUBMITTED"


@pytest.mark.parametrize(
    ("who", "name", "data"),
    [("cleaner1", "sub_return", {}), ("approver1", "recall", {"unit": "A2"})],
)
def test_who_is_out_of_a_task_takes_what_was_handed_down_along(
    city: City, who: str, name: str, data: dict[str, str]
) -> None:
    gang = gang_of(city)
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE)
    move(city, case, "cleaner1", "sub_dispatch", 20, unit=gang.code, text="请机扫")

    move(city, case, who, name, 30, reason="非本单位", **data)

    assert task_of(case, gang.code).state == "RECALLED"
    assert case.support_units == []
    assert not Timer.objects.filter(case=case, stage="TASK", state="RUNNING").exists()
    move(city, case, "approver1", "submit_result", 40, text="已处理")


def test_a_category_that_changes_while_the_result_is_looked_at_counts_when_it_is_bounced(
    city: City,
) -> None:
    case, straight = processing(city), processing(city)
    move(city, case, "approver1", "submit_result", 10, text="好")
    move(city, case, "leader1", "change_category", 15, category="E0105", reason="实为水域")
    move(city, case, "dispatcher1", "bounce", 20, reason="缺照片")
    move(city, straight, "leader1", "change_category", 15, category="E0105", reason="实为水域")

    stood = timedelta(minutes=10)
    assert disposal(case).due_at == disposal(straight).due_at + stood
    assert disposal(case).limit_amount == disposal(straight).limit_amount


def test_a_holiday_that_is_announced_while_a_case_is_suspended_counts_like_for_any_other(
    city: City,
) -> None:
    case, other = processing(city), processing(city)
    for one in (case, other):
        move(city, one, "leader1", "change_category", 5, category="E0105", reason="实为水域")
    move(city, case, "approver1", "request_suspension", 10, cause="SEASON", reason="待水退")
    move(city, case, "leader1", "suspend", 10, until="2026-03-20", reason="同意")

    holiday = date(2026, 3, 4)
    load_days([Day(holiday, is_workday=False, name="地方节日")], source="test")
    catalogue.refresh()
    recompute_deadlines(now=NOW + 20 * MINUTE)
    move(city, case, "leader1", "resume", 40, reason="水已退")

    assert disposal(other).due_at.date() > holiday
    assert disposal(case).due_at == disposal(other).due_at + 30 * MINUTE


def test_a_merged_case_makes_no_move_but_its_undoing(city: City) -> None:
    primary, case = log(city), log(city, caller=caller(1))
    move(city, case, "leader1", "merge", 5, into=primary.case_no, reason="同一处")

    for who, name, data in (
        ("receiver1", "accept", {}),
        ("leader1", "void", {"reason": "x"}),
        ("operator1", "urge", {"text": "x"}),
        ("leader1", "change_category", {"category": "E0105", "reason": "x"}),
        ("leader1", "merge", {"into": primary.case_no, "reason": "x"}),
    ):
        assert refusal_of(city, case, who, name, 6, **data) == "MOVE_NOT_POSSIBLE"
    assert Intake.objects.filter(case=primary).count() == 2


def test_a_case_is_not_merged_into_one_that_lies_in_itself(city: City) -> None:
    primary, case = log(city), log(city, caller=caller(1))
    move(city, case, "leader1", "merge", 5, into=primary.case_no, reason="同一处")

    why = refusal_of(city, primary, "leader1", "merge", 6, into=case.case_no, reason="x")

    assert why == "NOT_MERGEABLE"


def test_an_extension_is_neither_asked_for_a_day_too_late_nor_judged_by_who_asked(
    city: City,
) -> None:
    case = processing(city)
    asked = {"days": "2", "reason": "缺料", "told": "PHONE"}
    late = (disposal(case).due_at - NOW) / MINUTE

    assert refusal_of(city, case, "approver1", "request_extension", late, **asked) == "TOO_LATE"
    move(city, case, "approver1", "request_extension", 10, **asked)
    with pytest.raises(NotAllowedError):
        move(city, case, "approver1", "approve_extension", 20, reason="好")


def test_of_two_who_judge_an_extension_at_once_one_does(real_city: City) -> None:
    case = processing(real_city)
    move(real_city, case, "approver1", "request_extension", 10, days="2", reason="缺料",
         told="PHONE")  # fmt: skip
    names = ("approve_extension", "refuse_extension", "approve_extension", "refuse_extension")

    answers = at_once(
        lambda n: try_at(real_city, case, "leader1", names[n], case.version, reason="已阅"), 4
    )

    assert sorted(answers) == ["STALE_VERSION"] * 3 + ["done"]
    judged = Event.objects.filter(topic__in=["case.extended", "case.extension_refused"])
    assert judged.count() == 1


def test_of_many_who_follow_up_a_hand_over_at_once_one_takes_it_back(real_city: City) -> None:
    case = move(real_city, log(real_city, "E0403"), "operator1", "transfer_emergency", 1,
                text="已转 119")  # fmt: skip
    data = {"outcome": "NOT_HANDLED", "way": "PHONE", "text": "无人到场"}

    answers = at_once(
        lambda _n: try_at(real_city, case, "operator1", "follow_up", case.version, **data), 4
    )

    assert sorted(answers) == ["STALE_VERSION"] * 3 + ["done"]
    assert Timer.objects.filter(case=case, stage="ACCEPT", state="RUNNING").count() == 1


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({}, {"outcome", "way", "text"}),
        ({"outcome": "LATER", "way": "PHONE", "text": "x"}, {"outcome"}),
        ({"outcome": "HANDLED", "way": "PIGEON", "text": "x"}, {"way"}),
        ({"outcome": "HANDLED", "way": "PHONE", "text": "x" * 5001}, {"text"}),
        ({"outcome": ["HANDLED"], "way": "PHONE", "text": "x"}, {"outcome"}),
    ],
)
def test_a_follow_up_says_what_came_of_it(
    city: City, data: dict[str, Any], fields: set[str]
) -> None:
    case = move(city, log(city, "E0403"), "operator1", "transfer_emergency", 1, text="已转")

    with pytest.raises(MoveError) as refusal:
        move(city, case, "operator1", "follow_up", 5, **data)

    assert set(refusal.value.fields) == fields
