"""Abuses are found in the log: once per kind and event, for those who are not measured by them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.actions import give_post
from accounts.models import Role
from dispatch import outbox
from dispatch.actions.errors import NotAllowedError, RuleError
from dispatch.models import Alarm, AlarmThreshold, Case, Cursor, Event
from dispatch.oversight import alarming
from dispatch.oversight.alarms import AlarmFilters, alarms_for, note
from dispatch.subscribing import drain
from tests.app.test_disputes import dispatched, log, move, processing
from tests.app.threads import at_once
from tests.city import NOW, A, City

WATCHERS = ("supervisor1", "evaluator1", "auditor1")
DAY = 60 * 24


def watch(now: Any = NOW) -> dict[str, int]:
    """Let the relay number the log and the subscriber look at it; alarms per kind."""
    while outbox.number_batch(now=now):
        pass
    drain(alarming.SUBSCRIBER, alarming.raise_alarms)
    found: dict[str, int] = {}
    for kind in Alarm.objects.values_list("kind", flat=True):
        found[kind] = found.get(kind, 0) + 1
    return found


def closed(city: City, *, asked: float = 20, passed: float = 30) -> Case:
    case = processing(city)
    move(city, case, "approver1", "submit_result", 10, text="已清理")
    move(city, case, "dispatcher1", "ask_check", asked)
    move(city, case, "inspector1", "check_pass", passed, text="干净")
    return move(city, case, "callback1", "callback_done", passed + 10, solved="YES")


def test_a_case_made_void_near_its_deadline_raises_an_alarm(city: City) -> None:
    case = processing(city)

    move(city, case, "leader1", "void", 30, reason="重复")

    assert watch() == {"VOID_NEAR_DUE": 1}
    alarm = Alarm.objects.get()
    assert (alarm.case_no, alarm.actor) == (case.case_no, city["leader1"])
    assert alarm.facts["stage"] == "DISPOSAL"
    assert alarm.facts["left_s"] > 0


def test_a_case_made_void_long_before_its_deadline_raises_none(city: City) -> None:
    case = processing(city)
    move(city, case, "leader1", "change_category", 1, category="E0105", reason="水域")
    Alarm.objects.all().delete()

    move(city, case, "leader1", "void", 5, reason="重复")

    assert "VOID_NEAR_DUE" not in watch()


def test_a_case_made_void_before_filing_raises_one_only_when_it_is_late(city: City) -> None:
    first, second = log(city), log(city)
    for case in (first, second):
        move(city, case, "receiver1", "accept", 1)

    move(city, first, "leader1", "void", 10, reason="测试件")
    assert watch() == {}
    move(city, second, "leader1", "void", DAY, reason="测试件")

    assert watch() == {"VOID_NEAR_DUE": 1}
    assert Alarm.objects.get().facts["stage"] == "FILE"


def test_closing_and_opening_again_within_a_week_raises_an_alarm(city: City) -> None:
    case = closed(city)

    move(city, case, "leader1", "reopen", 3 * DAY, reason="虚假办结")

    assert watch() == {"REOPENED_SOON": 1}


def test_opening_again_after_a_week_raises_none(city: City) -> None:
    case = closed(city)

    move(city, case, "leader1", "reopen", 8 * DAY, reason="又出现")

    assert watch() == {}


def test_a_check_that_took_seconds_raises_an_alarm(city: City) -> None:
    closed(city, asked=20, passed=20.5)

    assert watch() == {"QUICK_CHECK": 1}
    assert Alarm.objects.get().facts["took_s"] == 30


def answered_every(city: City, seconds: float, cases: int) -> dict[str, int]:
    """What is raised when an operator closes so many cases, one every so many seconds."""
    for n in range(cases):
        case = log(city, kind="CONSULT")
        move(city, case, "operator1", "answer_directly", n * seconds / 60, text="已答复")
    return watch()


def test_ten_cases_closed_by_one_person_within_two_minutes_raise_one_alarm(city: City) -> None:
    assert answered_every(city, 10, 14) == {"BATCH_CLOSING": 1}

    alarm = Alarm.objects.get()
    assert (alarm.facts["cases"], alarm.actor) == (10, city["operator1"])


def test_who_works_quickly_but_calls_and_looks_raises_none(city: City) -> None:
    assert answered_every(city, 30, 24) == {}


def test_cases_that_a_rule_closes_count_for_nobody(city: City) -> None:
    AlarmThreshold.objects.filter(kind="BATCH_CLOSING").update(count=2)
    for n in range(3):
        case = move(city, dispatched(city, "L9013"), "handler1", "sign")
        case.intakes.update(wants_reply=False)
        move(city, case, "approver1", "submit_result", n, text="已清理")
        move(city, case, "dispatcher1", "no_check_needed", n, reason="无须核查")
        assert case.state == "CLOSED"

    assert "BATCH_CLOSING" not in watch()


def test_a_habit_of_asking_for_more_time_in_the_last_hour_raises_an_alarm(city: City) -> None:
    cases = [processing(city) for _ in range(3)]

    for n, case in enumerate(cases):
        left = case.timers.get(stage="DISPOSAL").due_at - NOW
        minutes = left.total_seconds() / 60 - 30 + n
        move(
            city,
            case,
            "approver1",
            "request_extension",
            minutes,
            days="1",
            reason="材料未到",
            told="PHONE",
        )
        expected = {"LAST_HOUR_EXTENSIONS": 1} if n == 2 else {}
        assert watch() == expected


def test_stopping_the_clocks_by_a_third_question_raises_an_alarm(city: City) -> None:
    case = processing(city)

    for n in range(3):
        at = 60 * n + 10
        move(city, case, "handler1", "wait_citizen", at, way="PHONE", text="门牌？")
        move(city, case, "handler1", "citizen_answered", at + 20, text="3 幢")
        assert watch() == ({"WAITED_OFTEN": 1} if n == 2 else {})

    assert Alarm.objects.get().facts["times"] == 3


def test_suspending_just_before_the_deadline_raises_an_alarm(city: City) -> None:
    case = processing(city)
    move(city, case, "approver1", "request_suspension", 5, cause="SEASON", reason="汛期后施工")

    move(city, case, "leader1", "suspend", 10, until="2026-03-20", reason="同意")

    assert watch() == {"SUSPENDED_NEAR_DUE": 1}


def test_a_category_with_a_longer_limit_raises_an_alarm(city: City) -> None:
    case = processing(city)

    move(city, case, "leader1", "change_category", 30, category="E0105", reason="实为水域")

    assert watch() == {"LONGER_CATEGORY": 1}
    facts = Alarm.objects.get().facts
    assert (facts["from_category"], facts["to_category"]) == ("E0104", "E0105")


def test_a_worker_that_dies_finds_each_alarm_once_when_it_runs_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(city, processing(city), "leader1", "void", 30, reason="重复")
    while outbox.number_batch(now=NOW):
        pass
    real = alarming.raise_alarms

    def dies(heard: Any) -> None:
        real(heard)
        raise RuntimeError("the worker is gone")

    with transaction.atomic(), pytest.raises(RuntimeError):
        drain(alarming.SUBSCRIBER, dies)
    assert not Alarm.objects.exists()
    assert watch() == {"VOID_NEAR_DUE": 1}
    Cursor.objects.filter(subscriber=alarming.SUBSCRIBER).update(seq=0)

    assert watch() == {"VOID_NEAR_DUE": 1}


def test_two_workers_at_once_raise_each_alarm_once(real_city: City) -> None:
    for _ in range(3):
        move(real_city, processing(real_city), "leader1", "void", 30, reason="重复")
    while outbox.number_batch(now=NOW):
        pass

    at_once(lambda _n: drain(alarming.SUBSCRIBER, alarming.raise_alarms), 4)

    assert Alarm.objects.filter(kind="VOID_NEAR_DUE").count() == 3


@pytest.fixture
def alarm(city: City) -> Alarm:
    """An alarm that the duty leader's void has raised."""
    move(city, dispatched(city), "leader1", "void", 30, reason="重复")
    watch()
    return Alarm.objects.get()


@pytest.mark.parametrize("who", WATCHERS)
def test_those_who_watch_read_and_note_an_alarm_once(city: City, alarm: Alarm, who: str) -> None:
    page = alarms_for(city[who], AlarmFilters())
    assert [item["id"] for item in page["items"]] == [alarm.pk]
    assert page["counts"]["VOID_NEAR_DUE"] == 1

    noted = note(alarm_id=alarm.pk, text="经核实为重复件", by=city[who], now=NOW)

    assert noted["note"] == "经核实为重复件"
    with pytest.raises(RuleError) as refusal:
        note(alarm_id=alarm.pk, text="再写一次", by=city[who], now=NOW)
    assert refusal.value.code == "ALREADY_NOTED"


def test_the_measured_neither_see_nor_note_alarms(city: City, alarm: Alarm) -> None:
    for who in ("leader1", "dispatcher1", "handler1", "commander1", "operator1", "nobody"):
        with pytest.raises(NotAllowedError):
            alarms_for(city[who], AlarmFilters())
        with pytest.raises(NotAllowedError):
            note(alarm_id=alarm.pk, text="没有问题", by=city[who], now=NOW)
        client = Client()
        client.force_login(city[who])
        assert client.get("/alarms/").status_code == 403
        assert client.get("/api/v1/alarms").status_code == 403


def test_who_caused_an_alarm_cannot_note_it_even_with_a_supervisors_post(
    city: City, alarm: Alarm
) -> None:
    give_post(user=city["leader1"], role=Role.SUPERVISOR, area_code=A, unit=None, now=NOW)
    leader = type(city["leader1"]).objects.get(pk=city["leader1"].pk)

    with pytest.raises(RuleError) as refusal:
        note(alarm_id=alarm.pk, text="没有问题", by=leader, now=NOW)

    assert refusal.value.code == "OWN_WORK"


def test_an_alarm_of_another_district_is_not_there(city: City, alarm: Alarm) -> None:
    city["evaluator1"].posts.update(area_code="339902")
    user = type(city["evaluator1"]).objects.get(username="evaluator1")

    assert alarms_for(user, AlarmFilters())["items"] == []


def test_the_page_shows_the_alarm_and_links_only_where_the_case_may_be_read(
    city: City, alarm: Alarm
) -> None:
    for who, may_open in (("supervisor1", True), ("auditor1", False)):
        client = Client()
        client.force_login(city[who])
        content = client.get("/alarms/?kind=VOID_NEAR_DUE").content.decode()
        assert alarm.case_no in content
        assert (f"case={alarm.case_no}" in content) is may_open
    assert client.get("/alarms/?kind=NONE").status_code == 404


def test_the_api_takes_a_note_and_refuses_an_empty_one(city: City, alarm: Alarm) -> None:
    client, headers = Client(), {"Authorization": f"Bearer {city.token('supervisor1')}"}
    path = f"/api/v1/alarms/{alarm.pk}/note"

    empty = client.post(path, {"text": " "}, "application/json", headers=headers)
    good = client.post(path, {"text": "已约谈"}, "application/json", headers=headers)

    assert (empty.status_code, good.status_code) == (422, 200)
    assert Alarm.objects.get().noted_by == city["supervisor1"]


def refused(constraint: str, **changes: Any) -> None:
    """The database itself refuses the changed alarm."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Alarm.objects.update(**changes)


def test_the_database_takes_a_pair_of_kind_and_event_once(city: City, alarm: Alarm) -> None:
    alarm.pk = None
    with pytest.raises(IntegrityError, match="once_per_kind_and_event"), transaction.atomic():
        alarm.save(force_insert=True)


def test_the_database_knows_the_kinds_and_who_may_note(city: City, alarm: Alarm) -> None:
    refused("kind_is_known", kind="OTHER")
    refused("noted_by_another", noted_by=city["leader1"], noted_at=NOW, note="没有问题")
    refused("note_has_words_and_a_writer", noted_by=city["auditor1"], noted_at=NOW)
    with pytest.raises(IntegrityError, match="kind_is_known"), transaction.atomic():
        AlarmThreshold.objects.create(kind="OTHER", seconds=1)


def test_every_event_has_at_most_one_alarm_per_kind_after_a_long_time(city: City) -> None:
    for n in range(3):
        case = closed(city)
        move(city, case, "leader1", "reopen", 60 + n, reason="虚假办结")
        move(city, case, "leader1", "void", 90 + n, reason="重复")
    later = NOW + timedelta(days=2)

    first, again = watch(later), watch(later)

    assert first == again == {"REOPENED_SOON": 3, "VOID_NEAR_DUE": 3}
    assert Event.objects.filter(topic="case.voided").count() == 3
