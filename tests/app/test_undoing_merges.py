"""Undoing a merge gives back what rule 3 would say now, whatever has happened meanwhile."""

from datetime import timedelta
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dispatch import catalogue
from dispatch.actions import timing
from dispatch.actions.errors import RuleError
from dispatch.clocks import add_working_minutes
from dispatch.models import Assignment, Case, Event, Timer, WorkCalendarDay
from dispatch.timekeeping.calendars import Day, load_days
from dispatch.timekeeping.recomputing import recompute_deadlines
from tests.app.joining_fixtures import caller, rule
from tests.app.test_disputes import dispatched, disposal, log, move, processing
from tests.app.test_supervision import to_the_callback
from tests.app.test_tasks import GIVE, clock, led_by_the_centre, task_of
from tests.city import NOW, City

MINUTE = timedelta(minutes=1)
OPEN = ["RUNNING", "PAUSED"]


def merged(city: City, case: Case, into: Case, minutes: float) -> None:
    move(city, case, "leader1", "merge", minutes, into=into.case_no, reason="同一处")
    into.refresh_from_db()


def parted(city: City, case: Case, minutes: float) -> None:
    move(city, case, "leader1", "unmerge", minutes, reason="并错了")


def due_within(case: Case, left: timedelta) -> None:
    """Let the case be due sooner than its limit says."""
    open_one = Timer.objects.filter(pk=disposal(case).pk)
    timing.bring_forward(open_one, NOW + left, now=NOW)


def test_a_task_that_a_further_merge_cut_short_goes_on_in_its_own_case(city: City) -> None:
    rule("OTHER")
    case, primary, last = (led_by_the_centre(city) for _n in range(3))
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")
    task, due = task_of(case), clock(case).due_at
    merged(city, case, primary, 20)
    move(city, last, "handler1", "sub_dispatch", 25, **GIVE, hours="4")
    merged(city, primary, last, 30)
    task.refresh_from_db()
    assert task.state == "CANCELLED", "the last one has a task of that unit already"

    parted(city, case, 40)

    task.refresh_from_db()
    assert (task.state, task.ended_at, task.case_id) == ("PENDING_SIGN", None, case.pk)
    running = Timer.objects.get(assignment=task, state="RUNNING")
    assert (running.case_id, running.due_at) == (case.pk, due + 10 * MINUTE)
    case.refresh_from_db()
    assert case.support_units == [task.unit_id]
    move(city, case, "cleaner1", "sub_done", 45, text="已清扫")
    parted(city, primary, 50)
    assert not Assignment.objects.filter(case=primary, ended_at=None).exclude(role="LEAD").exists()
    assert Timer.objects.filter(assignment=task, state__in=OPEN).count() == 0


def test_a_primary_that_waited_meanwhile_has_its_own_deadline_back(city: City) -> None:
    primary, urgent = led_by_the_centre(city), led_by_the_centre(city)
    own = disposal(primary).due_at
    due_within(urgent, timedelta(days=1))
    merged(city, urgent, primary, 10)
    assert disposal(primary).due_at == NOW + timedelta(days=1)
    move(city, primary, "handler1", "wait_citizen", 20, way="PHONE", text="门牌？")
    move(city, primary, "handler1", "citizen_answered", 80, text="3 幢")

    parted(city, urgent, 90)

    given_back = disposal(primary)
    assert given_back.due_at == add_working_minutes(own, 60, catalogue.current().calendar)
    assert not given_back.is_capped


def test_a_deadline_that_was_capped_by_a_merge_only_is_recomputed_like_any_other(
    city: City,
) -> None:
    primary, urgent = led_by_the_centre(city), led_by_the_centre(city)
    own = disposal(primary).due_at
    due_within(urgent, timedelta(days=1))
    merged(city, urgent, primary, 10)
    move(city, primary, "approver1", "request_extension", 20, days="1", reason="缺料", told="PHONE")
    move(city, primary, "leader1", "approve_extension", 30, reason="同意")
    parted(city, urgent, 40)
    assert disposal(primary).due_at > own, "the extension stays"

    holiday = own.date()
    WorkCalendarDay.objects.filter(day=holiday).delete()
    load_days([Day(holiday, is_workday=False, name="地方节日")], source="test")
    catalogue.refresh()
    before = disposal(primary).due_at
    recompute_deadlines(now=NOW + 50 * MINUTE)

    assert disposal(primary).due_at > before


def test_what_still_lies_in_the_primary_keeps_its_deadline(city: City) -> None:
    primary, soonest, soon = (led_by_the_centre(city) for _n in range(3))
    for case, days in ((soonest, 1), (soon, 2)):
        due_within(case, timedelta(days=days))
    merged(city, soonest, primary, 10)
    merged(city, soon, primary, 20)
    assert disposal(primary).due_at == NOW + timedelta(days=1)

    parted(city, soonest, 30)

    assert disposal(primary).due_at == NOW + timedelta(days=2)
    assert disposal(primary).is_capped
    parted(city, soon, 40)
    assert not disposal(primary).is_capped


def test_a_clock_that_two_cases_brought_along_stays_for_the_other(city: City) -> None:
    primary, soonest, soon = log(city), dispatched(city), dispatched(city)
    first, second = disposal(soonest).due_at, disposal(soon).due_at
    merged(city, soonest, primary, 10)
    merged(city, soon, primary, 20)

    parted(city, soonest, 30)
    assert disposal(primary).due_at == second >= first
    parted(city, soon, 40)

    assert not Timer.objects.filter(case=primary, stage="DISPOSAL", state__in=OPEN).exists()


def test_a_chain_gives_the_deadline_back_to_its_end(city: City) -> None:
    urgent, middle, last = (led_by_the_centre(city) for _n in range(3))
    own = disposal(last).due_at
    due_within(urgent, timedelta(days=1))
    merged(city, urgent, middle, 10)
    merged(city, middle, last, 20)
    assert disposal(last).due_at == NOW + timedelta(days=1)

    parted(city, urgent, 30)

    assert disposal(last).due_at == own
    parted(city, middle, 40)
    stood_still = add_working_minutes(own, 20, catalogue.current().calendar)
    assert disposal(middle).due_at == stood_still, "as long as it was merged"


def test_a_task_that_a_merge_cut_short_has_its_time_back(city: City) -> None:
    primary, urgent = led_by_the_centre(city), led_by_the_centre(city)
    move(city, primary, "handler1", "sub_dispatch", 5, **GIVE, hours="16")
    own = clock(primary).due_at
    due_within(urgent, timedelta(hours=3))
    merged(city, urgent, primary, 10)
    assert clock(primary).due_at == NOW + timedelta(hours=3)

    parted(city, urgent, 20)

    assert (clock(primary).due_at, clock(primary).is_capped) == (own, False)


def test_a_split_case_is_recomputed_as_the_old_one_is(city: City) -> None:
    case = led_by_the_centre(city)
    other = log(city, "L9001", caller=caller(3))
    merged(city, other, case, 5)
    voice = case.intakes.latest("pk")
    move(city, case, "leader1", "split", 10, intakes=[voice.intake_no], reason="两件事")
    voice.refresh_from_db()

    assert disposal(voice.case).due_at == disposal(case).due_at
    assert not disposal(voice.case).is_capped


def test_the_last_voice_of_a_case_cannot_be_split_off(city: City) -> None:
    case = processing(city)
    number = case.intakes.get().intake_no

    with pytest.raises(RuleError) as refusal:
        move(city, case, "leader1", "split", 10, intakes=[number], reason="空")

    assert refusal.value.code == "ONE_VOICE"


def test_nothing_is_undone_after_the_primary_has_closed(city: City) -> None:
    primary, case = processing(city), log(city)
    merged(city, case, primary, 5)
    primary = to_the_callback(city, primary)
    for minutes in (90, 95):
        move(city, primary, "callback1", "callback_done", minutes, solved="YES")
    assert primary.state == "CLOSED"

    with pytest.raises(RuleError) as refusal:
        parted(city, case, 100)

    assert refusal.value.code == "PRIMARY_ENDED"
    assert Event.objects.filter(case_id=case.pk, topic="case.unmerged").count() == 0


def waits(city: City, cases: list[Case], minutes: float) -> None:
    for case in cases:
        move(city, case, "handler1", "wait_citizen", minutes, way="PHONE", text="？")
        move(city, case, "handler1", "citizen_answered", minutes + 5, text="答")


@pytest.mark.timeout(240)
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=True))
def test_a_primary_that_all_have_left_is_as_if_nobody_had_come(city: City, chance: Random) -> None:
    """Merges, undoings and waits in any order, beside a case that only waited."""
    primary, alone, *outside = (led_by_the_centre(city) for _n in range(5))
    inside: list[Case] = []
    for case in outside:
        due_within(case, timedelta(hours=chance.randint(20, 90)))

    for minutes in range(10, chance.choice((300, 700, 1300)), 97):
        act = chance.choice(("merge", "part", "wait"))
        if act == "merge" and outside:
            inside.append(outside.pop(chance.randrange(len(outside))))
            merged(city, inside[-1], primary, minutes)
        elif act == "part" and inside:
            outside.append(inside.pop(chance.randrange(len(inside))))
            parted(city, outside[-1], minutes)
        elif act == "wait":
            waits(city, [primary, alone], minutes)
        assert disposal(primary).due_at <= disposal(alone).due_at, "never later by merging"
    for n, case in enumerate(inside):
        parted(city, case, 1400 + n)

    assert disposal(primary).due_at == disposal(alone).due_at
    assert not disposal(primary).is_capped
