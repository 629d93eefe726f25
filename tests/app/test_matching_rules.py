"""What the radar finds beside the point: rules by category, callers, applications, names."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import catalogue
from dispatch.duplicates import radar
from dispatch.duplicates.candidates import Typed, around, duplicates_of
from dispatch.intake import submit
from dispatch.models import Case, DuplicateRule, Event, Intake, Line
from dispatch.voices import Caller, NewIntake, Position
from tests.app.joining_fixtures import ESTATE, FAR, SPOT, caller, case_of, rule, say
from tests.app.test_disputes import move
from tests.city import B_CENTRE, NOW, A, City
from tests.client import Api, call

LATER = NOW + timedelta(hours=1)


def reasons(receipt: dict[str, Any]) -> list[list[str]]:
    return [hit["reasons"] for hit in receipt["duplicates"]]


def test_a_category_may_have_its_own_rule_else_its_familys_else_the_citys(city: City) -> None:
    DuplicateRule.objects.create(category_code="E0104", radius_m=7)
    catalogue.refresh()
    book = catalogue.current()

    assert book.duplicate_rule("E0104", "GARBAGE").radius_m == 7
    assert book.duplicate_rule("E0102", "GARBAGE").name == "GARBAGE"
    assert book.duplicate_rule("X", "UNHEARD").name == "*"


def test_the_rules_of_the_seed_are_those_of_the_domains_table(city: City) -> None:
    road, noise = (catalogue.current().rules[name] for name in ("ROAD", "NOISE"))
    utility, order = (catalogue.current().rules[name] for name in ("UTILITY", "ORDER"))

    assert (road.radius_m, road.window_hours, road.closed_hours) == (50, None, 168)
    assert road.same_road
    assert (noise.window_hours, noise.closed_hours, noise.time_band) == (72, 360, True)
    assert (utility.same_place, utility.incident_count, utility.incident_minutes) == (True, 5, 30)
    assert (order.window_hours, order.closed_hours) == (4, 0)
    assert not any(one.auto_merge for one in catalogue.current().rules.values())


def test_a_caller_is_found_again_without_a_place(city: City) -> None:
    first = say(city, "L9013")

    again = say(city, "L9013", 60, position=None, address="说不清")

    assert again["duplicates"][0]["case_no"] == first["case_no"]
    assert "SAME_CALLER" in again["duplicates"][0]["reasons"]
    assert again["duplicates"][0]["distance_m"] is None


def test_a_caller_who_speaks_of_another_place_or_matter_is_not_the_same(city: City) -> None:
    say(city, "L9013")

    elsewhere = say(city, "L9013", 60, position=FAR)
    otherwise = say(city, "L9022", 61, position=None, address="某处", title="欠薪")

    assert not any("SAME_CALLER" in found for found in reasons(elsewhere) + reasons(otherwise))


def test_who_hides_is_never_found_by_the_phone(city: City) -> None:
    hidden = Caller(phone="13800138000", confidential=True)
    say(city, "L9013", caller=hidden)
    say(city, "L9013", 1, caller=replace(hidden, confidential=False, anonymous=True))
    say(city, "L9013", 2, kind="REPORT")

    again = say(city, "L9013", 60, position=None, address="某处")

    assert again["duplicates"] == []


def test_the_same_caller_is_told_only_to_who_may_see_the_case(city: City) -> None:
    first = say(city, "L9013", caller=Caller(phone="13800138000"))
    voice = NewIntake(
        line=Line.GRID, channel="INSPECTOR", kind="FINDING", category="L9013", title="停水了",
        occurred_at=LATER, district="339902", address="某处", caller=Caller(phone="13800138000"),
    )  # fmt: skip

    by_stranger = submit(voice, by=city["inspector2"], now=LATER)
    by_system = submit(voice, by=None, now=LATER)
    by_operator = submit(voice, by=city["operator1"], now=LATER)

    named = [[hit["case_no"] for hit in one.body["duplicates"]] for one in (by_stranger, by_system)]
    assert not any(first["case_no"] in numbers for numbers in named)
    assert first["case_no"] in [hit["case_no"] for hit in by_operator.body["duplicates"]]


def test_an_inspector_cannot_look_a_phone_up(city: City) -> None:
    say(city, "L9013")
    typed = Typed(category="L9013", phone="138 0013 8000")

    assert around(city["operator1"], typed, now=LATER)[0]["reasons"][0] == "SAME_CALLER"
    assert around(city["inspector1"], typed, now=LATER) == []


def test_who_calls_again_and_is_attached_urges_the_case(city: City) -> None:
    first = say(city, "L9013")

    say(city, "L9013", 5, attach_to_case=first["case_no"])
    say(city, "L9013", 6, attach_to_case=first["case_no"], caller=caller(1))

    case = case_of(first)
    assert (case.urge_count, case.intakes_count) == (1, 3)
    assert Case.objects.count() == 1
    assert Intake.objects.filter(case=case).count() == 3


def test_one_application_is_found_across_lines_and_without_a_place(city: City) -> None:
    def voice(line: Line, **changes: Any) -> NewIntake:
        new = NewIntake(
            line=line, channel="SERVICE", kind="COMPLAINT", category="S0004", title="办件超期",
            occurred_at=NOW, district=A, applications=("project:P-1",),
        )  # fmt: skip
        return replace(new, **changes)

    first = submit(voice(Line.AFFAIRS), by=None, now=NOW)

    again = submit(voice(Line.AFFAIRS), by=None, now=LATER)
    call = submit(
        voice(Line.HOTLINE, category="L9099", title="许可证还没办"), by=city["operator1"], now=LATER
    )
    other = submit(voice(Line.AFFAIRS, applications=("project:P-2",)), by=None, now=LATER)

    hit = again.body["duplicates"][0]
    assert (hit["case_no"], hit["reasons"][0]) == (first.body["case_no"], "SAME_APPLICATION")
    assert first.body["case_no"] in [one["case_no"] for one in call.body["duplicates"]]
    assert other.body["duplicates"] == []


def test_one_camera_joins_its_open_case_by_itself(city: City) -> None:
    def seen(**changes: Any) -> NewIntake:
        new = NewIntake(
            line=Line.GRID, channel="CAMERA", kind="FINDING", category="E0102", title="暴露垃圾",
            occurred_at=NOW, position=SPOT, camera="cam-7/preset-2",
        )  # fmt: skip
        return replace(new, **changes)

    first = submit(seen(), by=None, now=NOW)

    again = submit(seen(position=FAR), by=None, now=LATER)
    other = submit(seen(category="E0104", position=FAR), by=None, now=LATER)

    assert again.body["merged_into_existing"]
    assert again.body["case_no"] == first.body["case_no"]
    assert other.body["created"]


def test_an_estate_speaks_without_a_point_where_the_rule_lets_it(city: City) -> None:
    first = say(city, "L9013", address=ESTATE, position=None)

    same = say(city, "L9013", 5, address="春晓花园5幢2单元", position=None, caller=caller(1))
    other = say(city, "L9013", 6, address="望江花园1幢", position=None, caller=caller(2))
    rubbish = say(city, "E0102", 7, address="春晓花园5幢", position=None, caller=caller(3))

    assert same["duplicates"][0]["case_no"] == first["case_no"]
    assert "SAME_PLACE" in same["duplicates"][0]["reasons"]
    assert other["duplicates"] == rubbish["duplicates"] == []


def test_an_address_alone_finds_what_has_a_point_but_not_across_a_border(city: City) -> None:
    first = say(city, "L9013", address=ESTATE)
    over_there = Position(*B_CENTRE, "WGS84")

    spoken = say(city, "L9013", 5, address="春晓花园5幢", position=None, caller=caller(1))
    namesake = say(city, "L9013", 6, address=ESTATE, position=over_there, caller=caller(2))

    assert [hit["case_no"] for hit in spoken["duplicates"]] == [first["case_no"]]
    assert first["case_no"] not in [hit["case_no"] for hit in namesake["duplicates"]]


def test_potholes_of_one_road_are_near_along_it(city: City) -> None:
    first = say(city, "E0401", position=None, address="云中区秋涛路22号")

    along = say(city, "E0401", 5, position=None, address="秋涛路30号", caller=caller(1))
    away = say(city, "E0401", 6, position=None, address="望江路30号", caller=caller(2))

    assert [hit["case_no"] for hit in along["duplicates"]] == [first["case_no"]]
    assert "SAME_ROAD" in reasons(along)[0]
    assert away["duplicates"] == []


def test_night_noise_matches_night_noise(city: City) -> None:
    say(city, "L9001")

    night = say(city, "L9001", 14 * 60, caller=caller(1))
    next_night = say(city, "L9001", 16 * 60, caller=caller(2))

    assert night["duplicates"] == []
    assert [hit["case_no"] for hit in next_night["duplicates"]] == [night["case_no"]]


def test_what_was_closed_lately_is_offered_with_its_answer(city: City) -> None:
    case = case_of(say(city, "L9013", kind="CONSULT"))
    move(city, case, "operator1", "answer_directly", 30, text="抢修中，今晚恢复供水")
    typed = Typed(category="L9013", position=SPOT, text="停水了")

    [hit] = around(city["operator1"], typed, now=LATER)

    assert hit["case_no"] == case.case_no
    assert hit["reasons"][0] == "RECENTLY_CLOSED"
    assert hit["answer"] == "抢修中，今晚恢复供水"
    assert hit["closed_at"]
    assert around(city["operator1"], typed, now=NOW + timedelta(days=5)) == []


def test_the_city_may_let_a_rule_join(city: City) -> None:
    rule("GARBAGE", auto_merge=True)
    first = say(city, "E0102", title="垃圾成堆")

    joined = say(city, "E0102", 5, title="垃圾成堆", caller=caller(1))
    praise = say(city, "E0102", 6, title="垃圾成堆", caller=caller(2), kind="PRAISE")
    report = say(city, "E0102", 7, title="垃圾成堆", caller=caller(3), kind="REPORT")

    assert joined["case_no"] == first["case_no"]
    assert praise["created"]
    assert report["created"]


def test_what_a_rule_joined_names_the_rule_and_can_be_split_off(city: City) -> None:
    rule("GARBAGE", auto_merge=True)
    first = say(city, "E0102", title="垃圾成堆")
    joined = say(city, "E0102", 5, title="垃圾成堆", caller=caller(1))
    case = case_of(first)

    payload = Event.objects.get(topic="intake.attached").payload
    move(city, case, "leader1", "split", 10, intakes=[joined["intake_no"]], reason="不是一处")

    assert payload["rule"] == "AUTO:GARBAGE"
    assert payload["score"] >= 0.8
    assert Intake.objects.get(intake_no=joined["intake_no"]).case_id != case.pk


def test_the_duplicates_of_a_case_say_whether_and_why_not(city: City) -> None:
    case = case_of(say(city, "E0102", title="垃圾成堆"))
    twin = case_of(say(city, "E0102", 5, title="垃圾成堆", caller=caller(1)))
    report = case_of(say(city, "E0102", 6, title="垃圾成堆", kind="REPORT", caller=caller(2)))

    found = {one["case_no"]: one for one in duplicates_of(city["leader1"], case.case_no, now=LATER)}
    told = duplicates_of(city["operator1"], case.case_no, now=LATER)

    assert found[twin.case_no]["may_merge"]
    assert found[twin.case_no]["why"][0] == "位置相近"
    assert (found[report.case_no]["may_merge"], found[report.case_no]["why_not_code"]) == (
        False,
        "CONFIDENTIAL",
    )
    assert {one["why_not_code"] for one in told} == {"NOT_ALLOWED", "CONFIDENTIAL"}
    assert case.case_no not in found


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "位置相近"), ("en", "Nearby")])
def test_the_reasons_come_in_the_readers_language(city: City, language: str, word: str) -> None:
    client = Api(city, "operator1")
    client.post("hotline/tickets", call(category="E0102"))
    client.headers["Accept-Language"] = language

    status, body = client.get(
        "radar", lon=119.6001, lat=29.9001, category="E0102", accuracy_m=5, address="秋涛路1号"
    )

    assert status == 200, body
    assert word in body["items"][0]["why"]
    assert body["items"][0]["reasons"][0] == "NEAR"


def test_the_radar_finds_a_caller_before_a_category_is_chosen(city: City) -> None:
    client = Api(city, "operator1")
    _, first = client.post("hotline/tickets", call(category="E0102"))
    phone = call()["caller"]["phone"]

    _, body = client.post("radar", {"phone": phone})
    _, by_address = client.get("radar", phone=phone)

    assert [one["case_no"] for one in body["items"]] == [first["case_no"]]
    assert by_address["items"] == []


def test_the_radar_takes_one_round_trip_however_many_ways_it_looks(city: City) -> None:
    probe = radar.Probe(
        lon=119.6001, lat=29.9001, accuracy_m=5, category="L9013", family="UTILITY", at=NOW,
        text="停水", keys=frozenset({"P:春晓花园", "C:3399"}), callers=("a" * 32,),
        district=A,
    )  # fmt: skip
    radar.look(probe, limit=5, lock=True, closed=True)

    with CaptureQueriesContext(connection) as queries:
        radar.look(probe, limit=5, lock=True, closed=True)

    assert len(queries) == 1
