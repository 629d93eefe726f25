"""Sound for new work: the assigned team alone, until the first of it has heard."""

from datetime import timedelta

import pytest

from dispatch.actions.errors import CaseNotFoundError
from dispatch.models import Acknowledgement, Event
from dispatch.queue.ringing import RINGS_FOR, acknowledge, rings_for, set_sound, wants_sound
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.app.threads import at_once
from tests.city import NOW, City
from tests.client import Api


def ringing(city: City, who: str, minutes: float = 1) -> list[str]:
    now = NOW + timedelta(minutes=minutes)
    return [ring["case_no"] for ring in rings_for(city[who], now=now)]


def test_the_assigned_team_is_rung_and_nobody_else(city: City) -> None:
    case = dispatched(city)

    assert ringing(city, "cleaner1") == [case.case_no]
    for other in ("handler1", "approver1", "helper1", "handler2", "dispatcher1", "leader1"):
        assert ringing(city, other) == []


def test_the_first_of_the_team_silences_the_whole_team(city: City) -> None:
    case = dispatched(city)
    colleague = city["cleaner1"]

    receipt = acknowledge(case_no=case.case_no, by=colleague, now=NOW)
    again = acknowledge(case_no=case.case_no, by=colleague, now=NOW + timedelta(minutes=5))

    assert receipt == again
    assert ringing(city, "cleaner1") == []
    assert Event.objects.filter(topic="case.acknowledged").count() == 1


def test_who_is_of_another_team_cannot_silence_it(city: City) -> None:
    case = dispatched(city)
    for other in ("handler1", "handler2", "dispatcher1"):
        with pytest.raises(CaseNotFoundError):
            acknowledge(case_no=case.case_no, by=city[other], now=NOW)

    assert ringing(city, "cleaner1") == [case.case_no]


def test_signing_silences_and_a_second_dispatch_rings_anew(city: City) -> None:
    case = dispatched(city)
    acknowledge(case_no=case.case_no, by=city["cleaner1"], now=NOW)
    move(city, case, "handler1", "request_return", 2, **RETURN)
    move(city, case, "dispatcher1", "accept_return", 3, reason="确属市政")
    move(city, case, "dispatcher1", "dispatch", 4, unit="A2")

    assert ringing(city, "cleaner1", 5) == [case.case_no]
    move(city, case, "cleaner1", "sign", 6)
    assert ringing(city, "cleaner1", 7) == []


def test_a_unit_that_is_asked_to_help_is_rung_too(city: City) -> None:
    case = processing(city)
    move(city, case, "handler1", "add_support", 1, unit="A1", text="请协助")

    assert ringing(city, "helper1", 2) == [case.case_no]
    assert ringing(city, "cleaner1", 2) == []


def test_the_urgent_stand_first_and_nothing_rings_for_ever(city: City) -> None:
    cases = []
    for priority in (3, 0, 1):
        case = log(city, priority=priority)
        move(city, case, "receiver1", "accept")
        move(city, case, "leader1", "file")
        move(city, case, "dispatcher1", "dispatch")
        cases.append(case)

    assert ringing(city, "cleaner1") == [cases[1].case_no, cases[2].case_no, cases[0].case_no]
    assert ringing(city, "cleaner1", RINGS_FOR.total_seconds() / 60 + 1) == []


def test_two_of_a_team_who_press_at_once_write_one_acknowledgement(real_city: City) -> None:
    case = dispatched(real_city)
    person = real_city["cleaner1"]
    person.scope()

    receipts = at_once(
        lambda turn: acknowledge(case_no=case.case_no, by=person, now=NOW + timedelta(seconds=turn))
    )

    assert len({receipt["at"] for receipt in receipts}) == 1
    assert Acknowledgement.objects.count() == 1
    assert Event.objects.filter(topic="case.acknowledged").count() == 1


def test_the_sound_is_off_and_on_for_a_person_on_all_her_devices(city: City) -> None:
    assert wants_sound(city["cleaner1"])
    assert Api(city, "cleaner1").post("queue/sound", {"on": False})[0] == 200
    assert not wants_sound(city["cleaner1"])
    assert Api(city, "cleaner1").get("queue/rings")[1] == {"items": [], "sound": False}
    assert wants_sound(city["handler1"])
    set_sound(on=True, by=city["cleaner1"])
    assert wants_sound(city["cleaner1"])
