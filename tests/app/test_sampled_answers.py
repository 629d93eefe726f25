"""T2's call-back by sample: chance asks citizens whether an answer given at once was one."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Role
from dispatch import catalogue
from dispatch.actions.errors import NotAllowedError
from dispatch.actions.sampling import is_drawn, percent_of
from dispatch.models import Callback, Case, Event, SampleRate, StageLimit, Timer
from dispatch.queue.follow_ups import follow_ups_for
from dispatch.seeding import load_catalogue
from dispatch.timekeeping.sweeping import archive_old
from dispatch.voices import Caller
from tests.app.asking import ask
from tests.app.test_disputes import log, move
from tests.app.test_guards import moved_to, refusal_of
from tests.app.test_promises import blocked
from tests.city import NOW, City

HOUR, DAY = 60, 24 * 60
ASKED = {"text": "营业时间为九点至五点"}


def rate(kind: str, percent: int) -> None:
    SampleRate.objects.update_or_create(kind=kind, defaults={"percent": percent})


def answered(city: City, *, percent: int = 100, caller: str = "13800138000") -> Case:
    """A question that the operator answered on the phone."""
    rate("CONSULT", percent)
    case = log(city, "L9023", kind="CONSULT", caller=Caller(phone=caller))
    return move(city, case, "operator1", "answer_directly", 2, **ASKED)


def clock(case: Case) -> Timer:
    return Timer.objects.get(case=case, stage="SAMPLE")


def test_a_drawn_answer_is_called_about_within_a_workday_and_the_case_stays_closed(
    city: City,
) -> None:
    case = answered(city)

    assert (case.state, case.close_type, case.is_open) == ("CLOSED", "DIRECT_ANSWER", False)
    assert clock(case).state == "RUNNING"
    assert clock(case).due_at == NOW + timedelta(minutes=2, days=1)
    told = Event.objects.get(case_id=case.pk, topic="case.answered")
    assert told.payload["sampled"] == case.intakes.get().intake_no


@pytest.mark.parametrize("percent", [0, 100])
def test_without_a_share_or_without_a_number_nobody_is_called(city: City, percent: int) -> None:
    case = answered(city, percent=percent, caller="" if percent else "13800138000")

    assert case.state == "CLOSED"
    assert not Timer.objects.filter(case=case, stage="SAMPLE").exists()
    assert blocked(city, "callback1", case, 10)["sample_call"] == "NOT_SAMPLED"


def test_a_city_without_a_limit_for_the_call_calls_nobody(city: City) -> None:
    StageLimit.objects.filter(stage="SAMPLE").delete()
    catalogue.refresh()

    assert not Timer.objects.filter(case=answered(city), stage="SAMPLE").exists()


def test_the_lot_falls_on_the_stated_share_and_always_the_same() -> None:
    numbers = [f"2611210001{n:06d}H" for n in range(4000)]

    drawn = [number for number in numbers if is_drawn(number, 10)]

    assert 320 <= len(drawn) <= 480
    assert drawn == [number for number in numbers if is_drawn(number, 10)]
    assert set(drawn) <= {number for number in numbers if is_drawn(number, 20)}
    assert not any(is_drawn(number, 0) for number in numbers)
    assert all(is_drawn(number, 100) for number in numbers)


def test_a_kind_has_its_own_share_else_the_one_for_all_else_none(city: City) -> None:
    SampleRate.objects.all().delete()
    assert percent_of("CONSULT") == 0
    load_catalogue()
    assert (percent_of("CONSULT"), percent_of("PRAISE"), percent_of("HELP")) == (10, 0, 10)


def test_a_citizen_who_was_helped_ends_the_call_and_her_word_is_kept(city: City) -> None:
    case = answered(city)

    move(city, case, "callback1", "sample_call", HOUR, solved="YES", satisfaction="SATISFIED")

    assert (case.state, clock(case).state) == ("CLOSED", "MET")
    word = Callback.objects.get(intake__case=case)
    assert (word.solved, word.satisfaction, word.by) == ("YES", "SATISFIED", city["callback1"])
    told = Event.objects.get(case_id=case.pk, topic="case.sampled")
    assert told.payload["solved"] == "YES"
    sent = {"solved": "YES"}
    assert refusal_of(city, case, "callback1", "sample_call", 70, **sent) == "NOT_SAMPLED"


def test_a_citizen_who_was_not_helped_comes_back_to_the_desk_with_a_new_promise(
    city: City,
) -> None:
    case = answered(city)
    assert refusal_of(city, case, "callback1", "sample_call", 50, solved="NO") == "TEXT_MISSING"

    move(city, case, "callback1", "sample_call", HOUR, solved="NO", text="还要补什么材料？")

    assert (case.state, case.is_open, case.close_type) == ("REGISTERED", True, "")
    assert clock(case).state == "MET"
    assert Timer.objects.filter(case=case, stage="ACCEPT", state="RUNNING").exists()
    wants = case.intakes.get().wants_reply
    assert Timer.objects.filter(case=case, stage="REPLY", state="RUNNING").exists() is wants
    move(city, case, "operator1", "answer_directly", 80, text="补充说明")
    assert Timer.objects.filter(case=case, stage="SAMPLE").count() == 2


def test_nobody_answers_three_times_on_two_half_days_and_she_is_given_up(city: City) -> None:
    case = answered(city)
    for minutes in (HOUR, 2 * HOUR):
        move(city, case, "callback1", "sample_call", minutes, solved="UNREACHABLE")
        assert clock(case).state == "RUNNING"
    assert archive_old(now=NOW + timedelta(days=40)) == 0

    move(city, case, "callback1", "sample_call", 6 * HOUR, solved="UNREACHABLE")

    assert clock(case).state == "MET"
    assert archive_old(now=NOW + timedelta(days=40)) == 1


def test_who_answered_does_not_ask_whether_the_answer_was_good(city: City) -> None:
    case = answered(city)
    moved_to(city, "operator1", Role.CALLBACK)

    assert blocked(city, "operator1", case, 50)["sample_call"] == "OWN_WORK"
    assert refusal_of(city, case, "operator1", "sample_call", 50, solved="YES") == "OWN_WORK"


def test_neither_satisfaction_without_an_answer_nor_an_operator_is_taken(city: City) -> None:
    case = answered(city)
    sent = {"solved": "UNREACHABLE", "satisfaction": "SATISFIED"}

    assert refusal_of(city, case, "callback1", "sample_call", 50, **sent) == "FIELDS"
    with pytest.raises(NotAllowedError):
        move(city, case, "operator1", "sample_call", 50, solved="YES")


def test_call_back_operators_find_the_calls_above_their_queue(city: City, client: Client) -> None:
    case = answered(city)

    (one,) = follow_ups_for(city["callback1"], now=NOW + timedelta(days=3))

    assert (one["case_no"], one["stage"], one["overdue"]) == (case.case_no, "SAMPLE", True)
    assert follow_ups_for(city["operator1"], now=NOW) == []
    assert [row["stage"] for row in ask(city, "leader1", "GET", "follow-ups").json()["items"]] == [
        "SAMPLE"
    ]
    client.force_login(city["callback1"])
    assert "抽样回访" in client.get("/queue/").content.decode()


def test_the_database_knows_no_share_above_all(city: City) -> None:
    with (
        pytest.raises(IntegrityError, match="dispatch_samplerate_is_at_most_all"),
        transaction.atomic(),
    ):
        SampleRate.objects.create(kind="HELP", percent=101)
