"""Clocks that go along: into a split case, through a merge, past an urgency that rose."""

import threading
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from dispatch.actions.importing import Outcome, close_as_at_source
from dispatch.actions.moving import make_system_move
from dispatch.models import Assignment, Case, Event, Extension, Intake, Suspension, Timer
from dispatch.models.delays import Approval
from dispatch.timekeeping import planning
from dispatch.timekeeping.recomputing import recompute_deadlines
from dispatch.voices import IntakeError
from tests.app.joining_fixtures import caller, rule, say
from tests.app.test_disputes import RETURN, dispatched, disposal, log, move, processing
from tests.app.test_tasks import GIVE, led_by_the_centre, task_of
from tests.city import NOW, City

OPEN = ("RUNNING", "PAUSED")


def second_voice(city: City, case: Case, minutes: float = 1, **changes: Any) -> Intake:
    """Somebody else speaks of the same; the number of that voice."""
    say(city, case.category_code, minutes, attach_to_case=case.case_no, caller=caller(7), **changes)
    return Intake.objects.filter(case=case).latest("pk")


def split_off(city: City, case: Case, voice: Intake, minutes: float) -> Case:
    move(city, case, "leader1", "split", minutes, intakes=[voice.intake_no], reason="是两件事")
    voice.refresh_from_db()
    return voice.case


def marks_off(case: Case) -> list[str]:
    """The stages of open clocks whose next mark is not what the ladder of today says."""
    case.refresh_from_db()
    off = []
    for timer in Timer.objects.filter(case=case, state="RUNNING"):
        before = timer.next_at
        planning.plan(timer, case.priority)
        if timer.next_at != before:
            off.append(timer.stage)
    return off


def test_a_more_urgent_voice_brings_the_next_marks_forward(city: City) -> None:
    case = dispatched(city, "E0105")

    second_voice(city, case, 30, priority=0)

    assert Case.objects.get(pk=case.pk).priority == 0
    assert marks_off(case) == []


def test_merging_a_more_urgent_case_brings_the_marks_forward_and_undoing_puts_them_back(
    city: City,
) -> None:
    primary, urgent = dispatched(city, "E0105"), log(city, "E0105", priority=0)
    before = disposal(primary).next_at

    move(city, urgent, "leader1", "merge", 30, into=primary.case_no, reason="同一处")
    assert marks_off(primary) == []
    assert before is not None
    brought = disposal(primary).next_at
    assert brought is not None
    assert brought <= before

    move(city, urgent, "leader1", "unmerge", 40, reason="并错了")
    assert marks_off(primary) == []
    assert marks_off(urgent) == []


def test_a_case_split_off_while_the_clock_stands_has_the_working_time_that_was_left(
    city: City,
) -> None:
    case = processing(city)
    voice = second_voice(city, case)
    move(city, case, "handler1", "wait_citizen", 60 * 8, text="请补充", way="PHONE")
    left = planning.left_minutes(disposal(case), NOW)

    made = split_off(city, case, voice, 60 * 26)

    now = NOW + timedelta(hours=26)
    assert planning.left_minutes(disposal(made), now) == left
    assert recompute_deadlines(now=now) == []


def test_a_clock_that_stood_still_before_the_split_is_left_alone_by_a_recomputation(
    city: City,
) -> None:
    case = processing(city)
    voice = second_voice(city, case)
    move(city, case, "handler1", "wait_citizen", 10, text="请补充", way="PHONE")
    move(city, case, "handler1", "citizen_answered", 100, text="已补充")

    made = split_off(city, case, voice, 120)

    due_at = disposal(made).due_at
    assert due_at == disposal(case).due_at
    assert recompute_deadlines(now=NOW + timedelta(hours=3)) == []
    assert disposal(made).due_at == due_at


def extended(city: City) -> tuple[Case, Intake, datetime]:
    case = processing(city)
    voice = second_voice(city, case)
    move(
        city, case, "approver1", "request_extension", 10, days="2", reason="等待材料", told="PHONE"
    )
    move(city, case, "leader1", "approve_extension", 20, reason="同意")
    return case, voice, disposal(case).due_at


def test_a_case_split_off_keeps_the_extension_and_may_not_ask_as_if_it_had_none(
    city: City,
) -> None:
    case, voice, due_at = extended(city)

    made = split_off(city, case, voice, 30)

    assert disposal(made).due_at == due_at
    assert made.extension_count == 1
    assert recompute_deadlines(now=NOW + timedelta(hours=1)) == []


def test_an_extended_clock_that_a_merge_hands_over_is_left_alone_and_given_back(
    city: City,
) -> None:
    case, _voice, due_at = extended(city)
    primary = log(city)
    Case.objects.filter(pk=primary.pk).update(lead_unit=case.lead_unit_id)

    move(city, case, "leader1", "merge", 30, into=primary.case_no, reason="同一处")
    assert disposal(primary).due_at == due_at
    assert recompute_deadlines(now=NOW + timedelta(hours=1)) == []

    move(city, case, "leader1", "unmerge", 40, reason="并错了")
    assert not Extension.objects.filter(case=primary).exists()
    assert Extension.objects.filter(case=case).count() == 1


def test_a_request_for_more_time_that_nobody_judged_ends_with_the_work(city: City) -> None:
    case = processing(city)
    move(
        city, case, "approver1", "request_extension", 10, days="2", reason="等待材料", told="PHONE"
    )

    move(city, case, "approver1", "request_return", 20, **RETURN)
    move(city, case, "dispatcher1", "accept_return", 30, reason="确属市政")

    asked = Extension.objects.get(case=case)
    assert (asked.decision, asked.decided_at) == (
        Approval.REFUSED.value,
        NOW + timedelta(minutes=20),
    )


def test_the_next_unit_has_a_response_clock_of_its_own(city: City) -> None:
    case = processing(city)
    first = Timer.objects.get(case=case, stage="RESPONSE")

    move(city, case, "approver1", "request_return", 10, **RETURN)
    move(city, case, "dispatcher1", "accept_return", 20, reason="确属市政")
    move(city, case, "dispatcher1", "dispatch", 25, unit="A1")
    first.refresh_from_db()
    assert first.state == "CANCELLED"
    move(city, case, "helper1", "sign", 60)

    again = Timer.objects.get(case=case, stage="RESPONSE", state="RUNNING")
    assert again.started_at == NOW + timedelta(minutes=60)


def test_a_wait_that_somebody_ended_already_is_not_ended_again_by_the_sweep(city: City) -> None:
    case = processing(city)
    move(city, case, "handler1", "wait_citizen", 10, text="请补充", way="PHONE")
    later = NOW + timedelta(days=9)

    assert make_system_move(case_id=case.pk, move="citizen_answered", now=later)
    assert not make_system_move(case_id=case.pk, move="citizen_answered", now=later)

    said = Event.objects.filter(case_id=case.pk, topic="case.citizen_answered")
    assert said.count() == 1


def test_a_task_goes_back_to_its_own_case_whichever_merge_is_undone_first(city: City) -> None:
    rule("OTHER")
    case, primary, last = (led_by_the_centre(city) for _n in range(3))
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")
    task = task_of(case)
    move(city, case, "leader1", "merge", 20, into=primary.case_no, reason="同一处")
    move(city, primary, "leader1", "merge", 30, into=last.case_no, reason="同一处")
    assert Assignment.objects.get(pk=task.pk).case_id == last.pk

    move(city, case, "leader1", "unmerge", 40, reason="并错了")
    move(city, primary, "leader1", "unmerge", 50, reason="并错了")

    task.refresh_from_db()
    assert task.case_id == case.pk
    assert task.parent is not None
    assert task.parent.case_id == case.pk
    for one in (case, primary, last):
        one.refresh_from_db()
    assert (case.support_units, primary.support_units, last.support_units) == (
        [task.unit_id],
        [],
        [],
    )


def test_a_plan_to_suspend_that_a_merge_refused_has_ended(city: City) -> None:
    primary, case = processing(city), processing(city)
    move(city, case, "approver1", "request_suspension", 10, cause="SEASON", reason="等回暖")

    move(city, case, "leader1", "merge", 20, into=primary.case_no, reason="同一处")

    asked = Suspension.objects.get(case=case)
    assert (asked.decision, asked.ended_at) == ("REFUSED", NOW + timedelta(minutes=20))


def test_an_appeal_that_is_accepted_promises_a_reply_anew(city: City) -> None:
    case = log(city)
    promised = Intake.objects.get(case=case).reply_due_at
    move(city, case, "receiver1", "reject", 10, reject_reason="OUT_OF_DUTY", reason="x",
         told="PHONE")  # fmt: skip

    move(city, case, "leader1", "appeal_accept", 60, reason="补充了新情况")

    replies = Timer.objects.filter(case=case, stage="REPLY", state__in=OPEN)
    assert replies.count() == 1
    assert promised is not None


def test_who_asked_and_merges_in_another_post_is_not_its_own_judge(
    city: City,
) -> None:
    primary, case = processing(city), processing(city)
    move(
        city, case, "approver1", "request_extension", 10, days="2", reason="等待材料", told="PHONE"
    )
    Extension.objects.update(asked_by=city["leader1"])

    move(city, case, "leader1", "merge", 20, into=primary.case_no, reason="同一处")

    asked = Extension.objects.get(case=case)
    assert (asked.decision, asked.decided_by) == ("REFUSED", None)


def test_a_voice_that_waited_for_a_merge_joins_the_primary(real_city: City) -> None:
    case, primary = log(real_city), log(real_city)
    answers: list[str] = []

    def call_again() -> None:
        try:
            say(real_city, "E0104", 30, attach_to_case=case.case_no, caller=caller(7))
            answers.append("joined")
        except IntakeError as error:
            answers.append(error.code)
        finally:
            connection.close()

    waiting = threading.Thread(target=call_again)
    with transaction.atomic():
        move(real_city, case, "leader1", "merge", 20, into=primary.case_no, reason="同一处")
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
    waiting.join(20)

    assert answers == ["joined"]
    assert Intake.objects.filter(case=primary).count() == 3


def test_a_case_that_somebody_here_waits_for_or_supervises_is_not_closed_as_at_its_source(
    city: City,
) -> None:
    keys = [("hotline", f"S-{n}") for n in range(3)]
    waiting, watched, idle = (log(city) for _key in keys)
    for case, (system, key) in zip((waiting, watched, idle), keys, strict=True):
        voices = Intake.objects.filter(case=case)
        voices.update(source_system=system, source_id=key, wants_reply=False)
    move(city, waiting, "operator1", "wait_citizen", 5, text="请补充", way="PHONE")
    move(city, watched, "leader1", "supervise", 5, text="请尽快")

    ended = [Outcome(key, NOW + timedelta(hours=1)) for key in keys]
    closed = close_as_at_source(ended, by=None, now=NOW + timedelta(days=1))

    assert closed == 1
    assert list(Case.objects.filter(state="CLOSED")) == [idle]


def test_more_time_may_be_asked_for_while_the_clock_stands_still(city: City) -> None:
    case = processing(city)
    move(city, case, "handler1", "wait_citizen", 10, text="请补充", way="PHONE")

    move(
        city,
        case,
        "approver1",
        "request_extension",
        60 * 24,
        days="2",
        reason="等待材料",
        told="PHONE",
    )

    assert Extension.objects.filter(case=case, decision="PENDING").exists()
