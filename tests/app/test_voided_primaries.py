"""A case that is made void takes no voice along that was joined to it, and none in silence."""

from datetime import timedelta

import pytest

from dispatch import casefile
from dispatch.actions.errors import RuleError
from dispatch.models import Alarm, AlarmThreshold, Case, Event, Intake, Timer
from dispatch.oversight.wording import worded
from tests.app.joining_fixtures import caller, say
from tests.app.test_alarms import watch
from tests.app.test_disputes import dispatched, log, move, processing
from tests.city import NOW, City


def joined(city: City, case: Case, primary: Case, minutes: float = 5) -> None:
    move(city, case, "leader1", "merge", minutes, into=primary.case_no, reason="同一处")
    primary.refresh_from_db()


def open_replies(case: Case) -> list[tuple[str, str]]:
    """The state and the due time of the reply clocks of a case's voices."""
    clocks = Timer.objects.filter(case=case, stage="REPLY").order_by("pk")
    return [(clock.state, clock.due_at.isoformat()) for clock in clocks]


def told_is_asked(city: City, case: Case) -> bool:
    """Whether the leader reads that she has to say how the citizens were told."""
    file = casefile.case_for(city["leader1"], case.case_no, now=NOW + timedelta(minutes=9))
    (void,) = [one for one in file["moves"] if one["move"] == "void"]
    (field,) = [one for one in void["fields"] if one["name"] == "told"]
    return bool(field["required"])


def test_a_merged_case_goes_on_with_its_promise_when_its_primary_is_made_void(
    city: City,
) -> None:
    primary, case = dispatched(city), dispatched(city)
    promised = open_replies(case)
    (voice,) = case.intakes.all()
    joined(city, case, primary)

    move(city, primary, "leader1", "void", 30, reason="测试件")

    case.refresh_from_db()
    assert (primary.state, primary.intakes_count) == ("VOIDED", 1)
    assert (case.state, case.is_open, case.merged_into) == ("PENDING_SIGN", True, None)
    assert Intake.objects.get(pk=voice.pk).case_id == case.pk
    assert open_replies(case) == promised
    assert {state for state, _ in promised} == {"RUNNING"}
    assert {state for state, _ in open_replies(primary)} == {"CANCELLED"}
    assert Timer.objects.filter(case=case, stage="DISPOSAL", state="RUNNING").exists()
    assert case.lead_unit == city.units["A2"]


def test_the_log_says_which_case_was_let_go_by_whom_and_why(city: City) -> None:
    primary, case = dispatched(city), dispatched(city)
    joined(city, case, primary)

    move(city, primary, "leader1", "void", 30, reason="测试件")

    released = Event.objects.get(case_id=case.pk, topic="case.unmerged")
    assert released.payload["voided"] == primary.case_no
    assert released.actor_id == city["leader1"].pk
    assert case.notes.get(move="unmerge").text == "测试件"
    voided = Event.objects.get(case_id=primary.pk, topic="case.voided")
    assert voided.payload["released"] == [case.case_no]
    assert (voided.payload["voided_voices"], voided.payload["unanswered"]) == (1, 1)
    versions = Event.objects.filter(case_id=primary.pk).count()
    assert primary.version == versions


def test_a_chain_of_merges_is_let_go_at_its_last_link_with_all_its_voices(city: City) -> None:
    first, second, third, primary = (log(city) for _ in range(4))
    joined(city, first, second, 1)
    joined(city, second, primary, 2)
    joined(city, third, primary, 3)
    assert primary.intakes_count == 4

    move(city, primary, "leader1", "void", 4, reason="误报")

    for case in (first, second, third):
        case.refresh_from_db()
    assert (first.state, second.state, third.state) == ("MERGED", "REGISTERED", "REGISTERED")
    assert (second.intakes_count, third.intakes_count, primary.intakes_count) == (2, 1, 1)
    assert Intake.objects.filter(case=second).count() == 2


def test_a_merged_case_whose_voices_were_split_off_has_nothing_to_be_given_back(
    city: City,
) -> None:
    primary, case = dispatched(city), dispatched(city)
    (voice,) = case.intakes.all()
    joined(city, case, primary)
    move(city, primary, "leader1", "split", 10, intakes=[voice.intake_no], reason="另一处")

    move(city, primary, "leader1", "void", 30, reason="测试件")

    case.refresh_from_db()
    assert case.state == "MERGED"
    assert Intake.objects.get(pk=voice.pk).case.is_open


def test_where_several_wait_the_leader_says_how_they_were_told(city: City) -> None:
    case = dispatched(city)
    say(city, "E0104", 5, attach_to_case=case.case_no, caller=caller(1))
    assert told_is_asked(city, case)

    with pytest.raises(RuleError) as refused:
        move(city, case, "leader1", "void", 30, reason="误报")

    assert (refused.value.code, set(refused.value.fields)) == ("TOLD_MISSING", {"told"})
    move(city, case, "leader1", "void", 31, reason="误报", told="PHONE")
    assert Event.objects.get(case_id=case.pk, topic="case.voided").payload["told"] == "PHONE"


def test_one_voice_and_those_of_merged_cases_ask_for_no_such_word(city: City) -> None:
    primary, case = dispatched(city), dispatched(city)
    assert not told_is_asked(city, primary)
    joined(city, case, primary)

    assert not told_is_asked(city, primary)
    move(city, primary, "leader1", "void", 30, reason="误报")

    assert primary.state == "VOIDED"


def test_voiding_what_several_spoke_of_raises_an_alarm_that_counts_them(city: City) -> None:
    primary, case = log(city), log(city)
    say(city, "E0104", 1, attach_to_case=primary.case_no, caller=caller(1))
    joined(city, case, primary, 2)

    move(city, primary, "leader1", "void", 5, reason="误报", told="SMS")

    assert watch() == {"VOID_VOICES": 1}
    alarm = Alarm.objects.get()
    assert alarm.facts == {"voices": 2, "unanswered": 2, "released": 1}
    assert alarm.actor == city["leader1"]
    assert [fact.name for fact in worded([alarm.facts])[0]] == [
        "voices", "unanswered", "released",
    ]  # fmt: skip


def test_voiding_a_single_report_or_without_a_threshold_raises_none(city: City) -> None:
    move(city, log(city), "leader1", "void", 5, reason="误报")
    assert watch() == {}
    AlarmThreshold.objects.filter(kind="VOID_VOICES").delete()
    primary, case = log(city), log(city)
    joined(city, case, primary)

    move(city, primary, "leader1", "void", 6, reason="误报")

    assert watch() == {}


def test_the_deadline_of_a_released_case_in_work_counts_the_time_it_was_merged_as_standing(
    city: City,
) -> None:
    primary, case = processing(city), processing(city)
    before = Timer.objects.get(case=case, stage="DISPOSAL").due_at
    joined(city, case, primary, 10)

    move(city, primary, "leader1", "void", 40, reason="测试件")

    after = Timer.objects.get(case=case, stage="DISPOSAL", state="RUNNING").due_at
    assert after - before == timedelta(minutes=30)
