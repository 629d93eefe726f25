"""Who is on duty: one last place, seen in one's own district only, erased with the duty."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction

from accounts.actions import give_post
from accounts.models import Deputy, Post, Role, User
from accounts.scope import CASE_ROLES
from dispatch.actions.errors import CaseNotFoundError, NotAllowedError
from dispatch.models import Case
from dispatch.voices import IntakeError, Position
from grid.actions import Report, report_finding
from grid.models import Duty
from grid.on_duty import (
    end_old_duties,
    go_off_duty,
    go_on_duty,
    longest,
    nearest_to,
    on_duty_for,
    own_duty,
)
from tests.app.test_disputes import log
from tests.app.threads import at_once
from tests.city import NOW, A, B, City
from tests.client import Api

HERE = Position(119.6011, 29.9012, "WGS84", 12.0)


def press(
    city: City, who: str = "inspector1", at: datetime = NOW, place: Position | None = HERE
) -> Duty | None:
    return go_on_duty(pressed_at=at, position=place, by=city[who], now=max(at, NOW))


def seen_by(city: City, who: str, district: str = "", at: datetime = NOW) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = on_duty_for(city[who], district=district, now=at)["items"]
    return items


def find(city: City, at: datetime, accuracy: float = 8.0, who: str = "inspector1") -> None:
    position = Position(119.6031, 29.9032, "WGS84", accuracy)
    report = Report(uid=uuid4(), device="d", captured_at=at, category="E0104", position=position)
    report_finding(report, by=city[who], now=at)


def test_who_went_on_duty_is_seen_by_name_area_and_last_place(city: City) -> None:
    press(city)

    (item,) = seen_by(city, "handler1")

    assert (item["name"], item["area"]) == ("inspector1", "云中区")
    assert (item["lon"], item["lat"], item["exact"]) == (119.6011, 29.9012, True)
    assert item["placed_at"] == NOW.isoformat()


def test_who_did_not_allow_a_place_stands_in_the_middle_of_her_area(city: City) -> None:
    press(city, place=None)

    (item,) = seen_by(city, "handler1")

    assert not item["exact"]
    assert item["placed_at"] is None
    assert 119.595 < item["lon"] < 119.615


def test_a_finding_overwrites_the_one_place(city: City) -> None:
    press(city)
    find(city, NOW + timedelta(minutes=20))

    (item,) = seen_by(city, "dispatcher1", at=NOW + timedelta(minutes=21))

    assert (item["lon"], item["lat"]) == (119.6031, 29.9032)
    assert item["placed_from"] == "FINDING"
    assert Duty.objects.count() == 1


@pytest.mark.parametrize(
    ("minutes", "accuracy"), [(-5, 8.0), (20, 0.0)], ids=["found before", "pin set by hand"]
)
def test_a_finding_that_does_not_say_where_she_is_changes_nothing(
    city: City, minutes: int, accuracy: float
) -> None:
    press(city)
    find(city, NOW + timedelta(minutes=minutes), accuracy)

    (item,) = seen_by(city, "handler1")

    assert item["placed_from"] == "PRESSED"


def test_a_finding_of_who_is_not_on_duty_keeps_no_place(city: City) -> None:
    find(city, NOW)

    assert not Duty.objects.exists()


def test_going_off_duty_leaves_nothing_behind(city: City) -> None:
    press(city)

    go_off_duty(by=city["inspector1"])

    assert not Duty.objects.exists()
    assert seen_by(city, "handler1") == []


def test_a_duty_ends_by_itself_even_before_the_sweep_comes(city: City) -> None:
    press(city)
    end = NOW + longest()

    assert len(seen_by(city, "handler1", at=end - timedelta(seconds=1))) == 1
    assert seen_by(city, "handler1", at=end) == []
    assert own_duty(city["inspector1"], now=end)["on"] is False
    assert end_old_duties(now=end - timedelta(seconds=1)) == 0
    assert end_old_duties(now=end) == 1
    assert not Duty.objects.exists()


def test_who_is_no_inspector_any_more_is_hidden_at_once_and_erased_by_the_sweep(city: City) -> None:
    press(city)
    Post.objects.filter(user=city["inspector1"]).update(ended_at=NOW)

    assert seen_by(city, "handler1") == []
    assert end_old_duties(now=NOW) == 1


def test_who_stands_in_for_an_inspector_may_be_on_duty(city: City) -> None:
    deputy = User.objects.create(username="deputy", name="deputy")
    real_now = datetime.now(NOW.tzinfo)
    Deputy.objects.create(
        absent=city["inspector1"], deputy=deputy, by=city["leader1"], reason="年休假",
        starts_at=real_now - timedelta(days=1), ends_at=real_now + timedelta(days=1),
        created_at=real_now,
    )  # fmt: skip
    city.users["deputy"] = deputy

    press(city, "deputy")

    assert [item["name"] for item in seen_by(city, "handler1")] == ["deputy"]
    assert end_old_duties(now=NOW) == 0


def test_the_same_press_twice_is_one_duty_and_brings_no_older_place_back(city: City) -> None:
    press(city)
    find(city, NOW + timedelta(minutes=1))

    press(city)

    assert seen_by(city, "handler1")[0]["placed_from"] == "FINDING"


def test_a_press_that_a_phone_kept_too_long_begins_nothing(city: City) -> None:
    assert press(city, at=NOW - longest()) is None
    assert not Duty.objects.exists()


def test_a_press_from_the_future_is_refused(city: City) -> None:
    with pytest.raises(IntakeError):
        go_on_duty(
            pressed_at=NOW + timedelta(hours=1), position=None, by=city["inspector1"], now=NOW
        )


def test_only_inspectors_go_on_duty(city: City) -> None:
    with pytest.raises(NotAllowedError):
        press(city, "handler1")


def test_each_sees_the_inspectors_of_her_own_areas_only(city: City) -> None:
    press(city, "inspector1")
    press(city, "inspector2")

    def names(who: str, district: str = "") -> list[str]:
        return [item["name"] for item in seen_by(city, who, district)]

    assert names("handler1") == names("cleaner1") == ["inspector1"]
    assert names("handler2") == ["inspector2"]
    assert names("handler1", B) == []
    assert names("dispatcher1") == ["inspector1", "inspector2"]
    assert names("dispatcher1", B) == ["inspector2"]


def test_a_unit_of_a_street_sees_its_district_and_a_receiver_of_a_street_the_street(
    city: City,
) -> None:
    for who, role, unit in (("street", Role.HANDLER, "A1"), ("desk", Role.RECEIVER, "")):
        user = User.objects.create(username=who, name=who)
        area = f"{A}001"
        give_post(user=user, role=role, area_code=area, unit=city.units.get(unit), now=NOW)
        city.users[who] = user
    press(city)

    assert len(seen_by(city, "street")) == 1
    assert seen_by(city, "desk") == []


@pytest.mark.parametrize("who", ["supervisor1", "evaluator1", "auditor1", "operator1", "nobody",
                                 "callback1", "inspector2", "sysadmin1"])  # fmt: skip
def test_who_sends_nobody_anywhere_sees_nobody(city: City, who: str) -> None:
    press(city)

    with pytest.raises(NotAllowedError):
        seen_by(city, who)
    status, _body = Api(city, who).get("grid/on-duty")
    assert status == 403


def test_no_role_that_judges_is_among_those_who_see(city: City) -> None:
    blind = CASE_ROLES & {"SUPERVISOR", "OPERATOR", "CALLBACK"}

    assert all(not city[f"{role.lower()}1"].scope().on_duty_areas for role in blind)


def test_the_nearest_who_may_go_are_proposed_first(city: City) -> None:
    case = log(city, "C0101")
    far = User.objects.create(username="far", name="far")
    give_post(user=far, role=Role.INSPECTOR, area_code=A, unit=None, now=NOW)
    city.users["far"] = far
    press(city, "far", place=Position(119.6140, 29.9140, "WGS84", 9))
    press(city, "inspector1", place=Position(119.6003, 29.9003, "WGS84", 9))
    press(city, "inspector2", place=Position(119.6001, 29.9001, "WGS84", 9))

    items = nearest_to(city["leader1"], case.case_no, now=NOW)

    assert [item["name"] for item in items] == ["inspector1", "far"]
    assert items[0]["distance_m"] < 100 < items[1]["distance_m"]


def test_a_task_is_not_lost_when_who_was_proposed_goes_off_duty(city: City) -> None:
    case = log(city, "C0101")
    press(city)
    assert len(nearest_to(city["dispatcher1"], case.case_no, now=NOW)) == 1

    go_off_duty(by=city["inspector1"])

    assert nearest_to(city["dispatcher1"], case.case_no, now=NOW) == []
    assert Case.objects.visible_to(city["inspector1"]).filter(pk=case.pk).exists()


def test_nobody_is_proposed_for_a_sensitive_case_that_inspectors_may_not_see(city: City) -> None:
    case = log(city, "C0101")
    Case.objects.filter(pk=case.pk).update(sensitive=True)
    press(city)

    assert nearest_to(city["leader1"], case.case_no, now=NOW) == []


def test_another_district_learns_neither_of_the_case_nor_of_who_is_near(city: City) -> None:
    case = log(city, "C0101")
    press(city)

    with pytest.raises(CaseNotFoundError):
        nearest_to(city["handler2"], case.case_no, now=NOW)
    with pytest.raises(NotAllowedError):
        nearest_to(city["supervisor1"], case.case_no, now=NOW)


def test_the_button_by_the_api(city: City) -> None:
    api, now = Api(city, "inspector1"), datetime.now(NOW.tzinfo)
    where = {"lon": HERE.lon, "lat": HERE.lat, "crs": "WGS84", "accuracy_m": 12}

    status, body = api.post(
        "grid/duty", {"on": True, "pressed_at": now.isoformat(), "location": where}
    )
    assert (status, body["on"], body["placed_from"]) == (200, True, "PRESSED")
    assert api.get("grid/duty")[1] == body
    assert Api(city, "handler1").get("grid/on-duty")[1]["n"] == 1

    off = api.post("grid/duty", {"on": False, "pressed_at": now.isoformat()})
    assert off == (200, {"on": False, "hours": 10})
    unknown = {"on": True, "pressed_at": now.isoformat(), "location": {**where, "crs": "MARS"}}
    assert api.post("grid/duty", unknown)[0] == 422


def test_two_presses_at_once_are_one_duty(real_city: City) -> None:
    answers = at_once(lambda second: press(real_city, at=NOW + timedelta(seconds=second)))

    assert all(answers)
    assert Duty.objects.count() == 1


REFUSED = (
    ("grid_duty_ends_after_its_start", "UPDATE grid_duty SET ends_at = started_at"),
    ("grid_duty_has_an_area", "UPDATE grid_duty SET area_code = 'x'"),
    ("grid_duty_place_has_a_time_and_a_source", "UPDATE grid_duty SET placed_at = NULL"),
    ("grid_duty_place_has_a_time_and_a_source", "UPDATE grid_duty SET place = NULL"),
    ("grid_duty_place_has_a_time_and_a_source", "UPDATE grid_duty SET placed_from = 'TRACK'"),
)


@pytest.mark.parametrize(("name", "statement"), REFUSED)
def test_the_database_itself_refuses(city: City, name: str, statement: str) -> None:
    press(city)

    with (
        pytest.raises(IntegrityError, match=name),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_database_knows_one_duty_of_a_person(city: City) -> None:
    press(city)

    with pytest.raises(IntegrityError), transaction.atomic():
        Duty.objects.create(
            inspector=city["inspector1"], area_code=A, started_at=NOW, ends_at=NOW + longest(),
            place=Point(119.6, 29.9), placed_at=NOW, placed_from="PRESSED",
        )  # fmt: skip
