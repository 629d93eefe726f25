"""From the duty list to the unit: suggestion, reason, guards, rules that accept by category."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.arranging import ArrangementError, NotYoursToArrangeError, Period
from accounts.models import Unit, UnitLevel
from dispatch import catalogue
from dispatch.actions.duties.absences import arrange_absence, end_absence
from dispatch.actions.errors import MoveError, RuleError
from dispatch.casefile import case_for
from dispatch.duties import reasons, rosters, workload
from dispatch.models import Assignment, Case, Category, DutyItem, DutyList, Event, UnitAbsence
from tests.app.asking import ask
from tests.app.test_disputes import RETURN, log, move
from tests.city import NOW, A, City

NIGHT = NOW + timedelta(hours=12)
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


def in_force(*items: dict[str, Any], number: int = 2) -> DutyList:
    """A second list from 1 January 2026 on, with the items of the first and these."""
    first = DutyList.objects.get(number=1)
    second = DutyList.objects.create(number=number, title="第二版", created_at=NOW)
    kept = [
        DutyItem(duty_list=second, item_no=i.item_no, category=i.category, area_code=i.area_code,
                 unit=i.unit)
        for i in first.items.all()
    ]  # fmt: skip
    DutyItem.objects.bulk_create(kept + [DutyItem(duty_list=second, **item) for item in items])
    second.state, second.published_at, second.valid_from = "PUBLISHED", NOW, date(2026, 1, 1)
    second.save()
    catalogue.refresh()
    workload.forget()
    return second


def item(city: City, number: str, category: str | None, unit: str, **more: Any) -> dict[str, Any]:
    """An item in district A."""
    found = Category.objects.get(code=category) if category else None
    values = {"item_no": number, "category": found, "area_code": A, "unit": city.units.get(unit)}
    return {**values, **more}


def pending(city: City, category: str = "E0104", **changes: Any) -> Case:
    """A case that waits for its dispatcher."""
    case = log(city, category, **changes)
    move(city, case, "receiver1", "accept")
    return move(city, case, "leader1", "file")


def last_event(case: Case, topic: str = "case.dispatched") -> Event:
    """The newest event of a case about that topic."""
    found = Event.objects.filter(case_id=case.pk, topic=topic).order_by("-id").first()
    assert found is not None
    return found


def street_office(city: City) -> Unit:
    """The office of the street of district A, below the district's centre."""
    return Unit.objects.create(
        code="A9", name="望江街道办事处", level=UnitLevel.STREET, parent=city.units["A0"],
        path="/A0/A9/", area_code=f"{A}001",
    )  # fmt: skip


def test_dispatch_without_a_unit_takes_the_list_and_keeps_the_reason_by_codes(city: City) -> None:
    case = pending(city)

    move(city, case, "dispatcher1", "dispatch")

    codes = {"rule": "LIST", "item": "A-E01", "list": 1, "category": "E01", "area": A}
    assignment = Assignment.objects.get(case=case)
    assert assignment.unit == city.units["A2"]
    assert assignment.why_codes == codes
    assert last_event(case).payload["why"] == codes


def test_the_case_file_suggests_to_dispatchers_before_the_dispatch_and_to_nobody_else(
    city: City,
) -> None:
    case = pending(city)

    told = case_for(city["dispatcher1"], case.case_no, now=NOW)["suggestion"]

    assert (told["unit"], told["item_no"], told["list_version"]) == ("A2", "A-E01", 1)
    assert told["why"].startswith("依据 权责清单 v1 第 A-E01 项")
    assert told["open_cases"] == 1
    for other in ("receiver1", "commander1", "handler1", "callback1"):
        assert case_for(city[other], case.case_no, now=NOW)["suggestion"] is None
    move(city, case, "dispatcher1", "dispatch")
    assert case_for(city["dispatcher1"], case.case_no, now=NOW)["suggestion"] is None


def test_the_alternatives_are_the_next_items_of_the_list(city: City) -> None:
    in_force(item(city, "A-00", None, "A0"), item(city, "A-E0104", "E0104", "A1"))
    case = pending(city)

    told = case_for(city["dispatcher1"], case.case_no, now=NOW)["suggestion"]

    assert told["unit"] == "A1"
    assert [(o["unit"], o["item_no"]) for o in told["alternatives"]] == [
        ("A2", "A-E01"),
        ("A0", "A-00"),
    ]


def test_the_hours_of_the_city_decide_which_item_holds(city: City) -> None:
    in_force(item(city, "A-N", "E0104", "A1", hours="OFF_HOURS"))
    book = catalogue.current()

    day = book.suggest_unit("E0104", f"{A}001", at=NOW)
    night = book.suggest_unit("E0104", f"{A}001", at=NIGHT)

    assert day is not None
    assert night is not None
    assert (day.item_no, night.item_no) == ("A-E01", "A-N")


def test_a_filing_condition_decides_which_item_holds(city: City) -> None:
    condition = catalogue.current().conditions_of["E0104"][0].code
    in_force(item(city, "A-C", "E0104", "A1", condition_code=condition))
    book = catalogue.current()

    with_it = book.suggest_unit("E0104", A, condition=condition, at=NOW)
    without = book.suggest_unit("E0104", A, at=NOW)

    assert with_it is not None
    assert without is not None
    assert (with_it.item_no, without.item_no) == ("A-C", "A-E01")


def test_what_no_item_names_falls_to_the_centre_and_says_so(city: City) -> None:
    in_force(item(city, "A-00", None, "A0"))
    case = pending(city, "E0201")

    told = case_for(city["dispatcher1"], case.case_no, now=NOW)["suggestion"]

    assert (told["unit"], told["why_codes"]["rule"]) == ("A0", "FALLBACK")
    assert "兜底" in told["why"]


def test_where_nothing_fits_the_dispatcher_has_to_choose(city: City) -> None:
    case = pending(city, "E0201")

    assert case_for(city["dispatcher1"], case.case_no, now=NOW)["suggestion"] is None
    with pytest.raises(RuleError) as refusal:
        move(city, case, "dispatcher1", "dispatch")
    assert refusal.value.code == "UNIT_REQUIRED"
    move(city, case, "dispatcher1", "dispatch", unit="A1")
    assert last_event(case).payload["why"] == {"rule": "CHOSEN"}


def test_a_pool_shares_its_work_by_load(city: City) -> None:
    in_force(item(city, "P-1", "E0104", "A1"), item(city, "P-2", "E0104", "A2"))

    units = [log(city).lead_unit for _ in range(4)]

    assert [unit.code for unit in units if unit] == ["A1", "A2", "A1", "A2"]


def test_a_pool_keeps_the_unit_that_was_foreseen_at_the_registration(city: City) -> None:
    in_force(item(city, "P-1", "E0104", "A1"), item(city, "P-2", "E0104", "A2"))
    case = pending(city)

    move(city, case, "dispatcher1", "dispatch")

    assert case.lead_unit == city.units["A1"]
    why = last_event(case).payload["why"]
    assert (why["item"], why["open_cases"]) == ("P-1", 0)
    assert set(why["pool"]) == {city.units["A1"].pk, city.units["A2"].pk}


def test_registering_asks_the_database_no_more_often_for_a_pool(city: City) -> None:
    in_force(item(city, "P-1", "E0104", "A1"), item(city, "P-2", "E0104", "A2"))
    log(city)
    book = catalogue.current()

    with CaptureQueriesContext(connection) as asked:
        suggestion = book.suggest_unit("E0104", A, at=NOW)

    assert suggestion is not None
    assert suggestion.why.item_no == "P-2"
    assert len(asked) == 0


def test_while_a_unit_is_away_its_deputy_gets_the_work_and_the_reason_names_both(
    city: City,
) -> None:
    absence = arrange_absence(
        unit="A2", deputy_unit="A1", period=Period(NOW, NOW + HOUR, "设备检修"),
        by=city["leader1"], now=NOW,
    )  # fmt: skip
    catalogue.refresh()
    case = pending(city)

    told = case_for(city["dispatcher1"], case.case_no, now=NOW)["suggestion"]

    assert told["unit"] == "A1"
    assert told["why_codes"]["away"] == city.units["A2"].pk
    assert "云中区环卫所 停派" in told["why"]
    later = catalogue.current().suggest_unit("E0104", A, at=NOW + HOUR)
    assert later is not None
    assert later.unit_id == city.units["A2"].pk
    end_absence(absence_id=absence.pk, reason="已恢复", by=city["leader1"], now=NOW)
    assert rosters.absences() == ()


@pytest.mark.parametrize("who", ["handler1", "approver2", "operator1", "evaluator1", "nobody"])
def test_who_does_not_lead_the_unit_or_the_area_sends_no_unit_away(city: City, who: str) -> None:
    with pytest.raises(NotYoursToArrangeError):
        arrange_absence(
            unit="A2", deputy_unit="A1", period=Period(NOW, NOW + HOUR, "检修"),
            by=city[who], now=NOW,
        )  # fmt: skip


def test_a_unit_is_away_once_at_a_time_and_never_its_own_deputy(city: City) -> None:
    def arrange(deputy: str) -> UnitAbsence:
        return arrange_absence(
            unit="A2", deputy_unit=deputy, period=Period(NOW, NOW + HOUR, "检修"),
            by=city["leader1"], now=NOW,
        )  # fmt: skip

    with pytest.raises(ArrangementError) as refusal:
        arrange("A2")
    assert refusal.value.code == "SAME_UNIT"
    arrange("A1")
    with pytest.raises(ArrangementError) as refusal:
        arrange("A0")
    assert refusal.value.code == "ALREADY_AWAY"


REFUSED = (
    ("dispatch_unitabsence_deputy_is_another_unit",
     "UPDATE dispatch_unitabsence SET deputy_unit_id = unit_id"),
    ("dispatch_unitabsence_ends_after_its_start",
     "UPDATE dispatch_unitabsence SET ends_at = starts_at"),
    ("dispatch_unitabsence_one_at_a_time",
     "INSERT INTO dispatch_unitabsence (unit_id, deputy_unit_id, starts_at, ends_at, reason,"
     " by_id, created_at, cancel_reason) SELECT unit_id, deputy_unit_id, starts_at, ends_at,"
     " reason, by_id, created_at, cancel_reason FROM dispatch_unitabsence"),
    ("dispatch_unitabsence_is_ended_by_somebody_with_a_reason",
     "UPDATE dispatch_unitabsence SET cancelled_at = now(), cancelled_by_id = by_id"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "sql"), REFUSED, ids=[name for name, _ in REFUSED])
def test_the_database_refuses(city: City, name: str, sql: str) -> None:
    arrange_absence(
        unit="A2", deputy_unit="A1", period=Period(NOW, NOW + HOUR, "检修"),
        by=city["leader1"], now=NOW,
    )  # fmt: skip

    with (
        pytest.raises(IntegrityError, match=name),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_the_api_arranges_shows_and_ends_an_absence(city: City) -> None:
    at = datetime.now(UTC)
    body = {"unit": "A2", "deputy_unit": "A1", "reason": "检修",
            "starts_at": at.isoformat(), "ends_at": (at + HOUR).isoformat()}  # fmt: skip

    made = ask(city, "dispatcher1", "POST", "unit-absences", body)
    shown = ask(city, "approver1", "GET", "unit-absences")
    hidden = ask(city, "approver2", "GET", "unit-absences")
    path = f"unit-absences/{made.json()['id']}/end"
    ended = ask(city, "approver1", "POST", path, {"reason": "已恢复"})

    assert made.status_code == 201
    assert [one["unit"]["code"] for one in shown.json()["items"]] == ["A2"]
    assert hidden.json()["items"] == []
    assert ended.json()["cancelled_at"]


def test_an_accepted_return_suggests_the_unit_that_was_proposed(city: City) -> None:
    case = pending(city)
    move(city, case, "dispatcher1", "dispatch")
    move(city, case, "handler1", "request_return", 5, **RETURN)
    move(city, case, "dispatcher1", "accept_return", 10, reason="确属市政")

    told = case_for(city["dispatcher1"], case.case_no, now=NOW)["suggestion"]
    move(city, case, "dispatcher1", "dispatch", 15)

    assert told["unit"] == "A1"
    assert case.lead_unit == city.units["A1"]
    assert last_event(case).payload["why"] == {"rule": "RETURNED"}


def test_a_departments_duty_goes_to_a_street_only_with_a_reason(city: City) -> None:
    street_office(city)
    case = pending(city)

    with pytest.raises(RuleError) as refusal:
        move(city, case, "dispatcher1", "dispatch", unit="A9")
    assert refusal.value.code == "TERRITORIAL_REASON"
    assert "reason" in refusal.value.fields
    move(city, case, "dispatcher1", "dispatch", unit="A9", reason="责任主体不明，先由属地兜底")

    assert last_event(case).payload["why"] == {
        "rule": "CHOSEN",
        "territorial": True,
        "copied_to": city.units["A0"].pk,
    }


def test_what_the_list_gives_to_a_street_needs_no_reason_and_is_copied_to_its_district(
    city: City,
) -> None:
    city.units["A9"] = street_office(city)
    in_force(item(city, "A-S", "E0104", "A9", area_code=f"{A}001"))
    case = pending(city)

    move(city, case, "dispatcher1", "dispatch")

    payload = last_event(case).payload
    assert payload["copied_to"] == city.units["A0"].pk
    shown = case_for(city["dispatcher1"], case.case_no, now=NOW)["assignments"][0]
    assert shown["why_codes"]["copied_to"] == city.units["A0"].pk
    assert "同时送 云中区处置中心" in reasons.words_for(shown["why_codes"])


def test_a_community_never_leads(city: City) -> None:
    Unit.objects.create(code="A8", name="春晓社区", level=UnitLevel.COMMUNITY, path="/A0/A8/",
                        parent=city.units["A0"], area_code=f"{A}001001")  # fmt: skip
    case = pending(city)

    with pytest.raises(MoveError) as refusal:
        move(city, case, "dispatcher1", "dispatch", unit="A8", reason="就近")

    assert refusal.value.code == "COMMUNITY_CANNOT_LEAD"


def automatic(*codes: str, **flags: bool) -> None:
    """Let the system file and dispatch these categories."""
    Category.objects.filter(code__in=codes).update(**flags)
    catalogue.refresh()


def test_rules_file_and_dispatch_what_was_accepted_each_with_its_own_event(city: City) -> None:
    automatic("E0402", auto_file=True, auto_dispatch=True)
    case = log(city, "E0402")

    move(city, case, "receiver1", "accept")

    assert (case.state, case.lead_unit) == ("PENDING_SIGN", city.units["A1"])
    events = Event.objects.filter(case_id=case.pk).order_by("id").exclude(topic="case.registered")
    told = [(e.topic, e.actor_id, e.payload.get("rule")) for e in events]
    assert told == [
        ("case.accepted", city["receiver1"].pk, None),
        ("case.filed", None, "auto_file:E0402"),
        ("case.dispatched", None, "auto_dispatch:E0402"),
    ]


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        ({"auto_file": True}, "PENDING_DISPATCH"),
        ({"auto_dispatch": True}, "PENDING_FILING"),
        ({}, "PENDING_FILING"),
    ],
)
def test_each_rule_makes_its_own_step_only(city: City, flags: dict[str, bool], state: str) -> None:
    automatic("E0402", **flags)
    case = log(city, "E0402")

    assert move(city, case, "receiver1", "accept").state == state


def test_a_sensitive_case_waits_for_people(city: City) -> None:
    automatic("E0402", auto_file=True, auto_dispatch=True)
    case = log(city, "E0402", kind="REPORT")

    assert move(city, case, "receiver1", "accept").state == "PENDING_FILING"
    assert move(city, case, "leader1", "file").state == "PENDING_DISPATCH"


def test_without_an_owner_the_rule_leaves_the_case_to_the_dispatcher(city: City) -> None:
    automatic("E0201", auto_file=True, auto_dispatch=True)
    case = log(city, "E0201")

    assert move(city, case, "receiver1", "accept").state == "PENDING_DISPATCH"


def test_no_category_accepts_by_itself_unless_a_city_says_so(city: City) -> None:
    assert not Category.objects.filter(auto_file=True).exists()
    assert not Category.objects.filter(auto_dispatch=True).exists()


def test_a_list_comes_into_force_at_midnight_without_a_restart(city: City) -> None:
    later = in_force(item(city, "A-E0104", "E0104", "A1"))
    assert later.valid_from is not None

    before = catalogue.read(later.valid_from - timedelta(days=1))
    after = catalogue.read(later.valid_from)

    assert (before.roster.list_no, after.roster.list_no) == (1, 2)


def test_the_snapshot_of_a_running_process_follows_the_day(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running process reads anew every few seconds and asks for the list of that day."""
    in_force(item(city, "A-E0104", "E0104", "A1"))
    monkeypatch.setattr(catalogue, "FRESH_FOR_S", 0.0)
    days = iter((date(2025, 12, 31), date(2026, 1, 1)))
    monkeypatch.setattr("dispatch.catalogue.timezone.localdate", lambda: next(days))

    assert [catalogue.current().roster.list_no for _ in range(2)] == [1, 2]
