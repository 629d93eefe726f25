"""What an absence or a deputy would mean is said before it is saved; afterwards, who did what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.arranging import ArrangementError, Period
from accounts.deputies import arrange_deputy, end_deputy
from accounts.models import AccessLog, Deputy, Post, User
from dispatch import casefile
from dispatch.actions.duties.absences import arrange_absence
from dispatch.actions.moving import make_move
from dispatch.duties import foretelling
from dispatch.duties.foretelling import Foretold
from dispatch.models import UnitAbsence
from dispatch.oversight.wording import worded
from tests.app.asking import ask
from tests.app.test_disputes import dispatched, log
from tests.app.threads import at_once
from tests.city import NOW, City

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def foretold(
    city: City, unit: str, deputy: str, *, start: datetime = NOW, days: int = 2
) -> Foretold:
    """What sending a unit away for days would mean."""
    period = Period(start, start + days * DAY, "检修")
    return foretelling.of_absence(
        unit=unit, deputy_unit=deputy, period=period, by=city["leader1"], now=NOW
    )


def away(
    city: City, unit: str, deputy: str, *, start: datetime = NOW, days: int = 2
) -> UnitAbsence:
    """A unit that is away."""
    period = Period(start, start + days * DAY, "检修")
    return arrange_absence(
        unit=unit, deputy_unit=deputy, period=period, by=city["leader1"], now=NOW
    )


def lend(city: City, absent: str, deputy: str) -> Deputy:
    """A deputy for an hour around now."""
    at = datetime.now(UTC)
    period = Period(at - timedelta(hours=1), at + timedelta(hours=1), "年休假")
    return arrange_deputy(absent=absent, deputy=deputy, period=period, by=city["leader1"], now=at)


def fresh(city: City, name: str) -> User:
    """The user as the next request reads her."""
    return User.objects.get(pk=city[name].pk)


def test_waiting_cases_are_counted_apart_from_those_in_hand(city: City) -> None:
    for _ in range(2):
        log(city)
    given = dispatched(city)
    assert given.lead_unit == city.units["A2"]

    found = foretold(city, "A2", "A1")

    text = " ".join(one.text for one in found.sentences)
    assert found.cases == 2
    assert "现有 2 件待派遣的案件归云中区环卫所" in text
    assert "已派给云中区环卫所的 1 件在办案件不动" in text
    assert all(one.tone == "" for one in found.sentences)


def test_looking_ahead_saves_nothing(city: City) -> None:
    foretold(city, "A2", "A1")

    assert not UnitAbsence.objects.exists()


def test_a_deputy_unit_that_is_away_itself_is_named_with_who_gets_the_work_then(
    city: City,
) -> None:
    away(city, "A1", "A0", start=NOW + DAY)

    warnings = [one.text for one in foretold(city, "A2", "A1").sentences if one.tone == "warn"]

    assert len(warnings) == 1
    assert "云中区市政所" in warnings[0]
    assert "由云中区处置中心承办" in warnings[0]


def test_two_units_that_stand_in_for_each_other_keep_their_work_and_the_page_says_so(
    city: City,
) -> None:
    away(city, "A1", "A2")

    warnings = [one.text for one in foretold(city, "A2", "A1").sentences if one.tone == "warn"]

    assert len(warnings) == 1
    assert "仍派给云中区环卫所" in warnings[0]


def test_the_work_that_a_unit_does_for_another_goes_on_too(city: City) -> None:
    away(city, "A0", "A2")

    warnings = [one.text for one in foretold(city, "A2", "A1").sentences if one.tone == "warn"]

    assert any("云中区处置中心" in text and "也转给云中区市政所" in text for text in warnings)


PERIOD = {"starts_at": "2099-01-01T09:00", "ends_at": "2099-01-01T18:00", "reason": ""}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("unit-absences", {"unit": "A2", "deputy_unit": "A2"}, "deputy_unit"),
        ("unit-absences", {"unit": "ZZ", "deputy_unit": "A2"}, "unit"),
        ("deputies", {"absent": "handler1", "deputy": "handler1"}, "deputy"),
        ("deputies", {"absent": "handler1", "deputy": "callback1"}, "deputy"),
    ],
)
def test_a_preview_refuses_at_the_field_as_saving_would(
    city: City, path: str, body: dict[str, Any], field: str
) -> None:
    at = datetime.now(UTC)
    period = {"starts_at": at.isoformat(), "ends_at": (at + DAY).isoformat(), "reason": ""}

    answer = ask(city, "leader1", "POST", f"{path}/preview", {**body, **period})

    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not Deputy.objects.exists()


def test_several_wrong_fields_are_named_at_once(city: City) -> None:
    body = {"absent": "handler1", "deputy": "handler1", **PERIOD, "ends_at": "2098-01-01T09:00"}

    fields = ask(city, "leader1", "POST", "deputies", body).json()["error"]["fields"]

    assert set(fields) == {"deputy", "starts_at", "ends_at", "reason"}


def test_who_does_not_arrange_is_told_at_which_field(city: City) -> None:
    at = datetime.now(UTC)
    body = {"absent": "handler1", "deputy": "handler2", "starts_at": at.isoformat(),
            "ends_at": (at + DAY).isoformat(), "reason": "外出"}  # fmt: skip

    answer = ask(city, "approver1", "POST", "deputies", body)

    assert answer.status_code == 403
    assert list(answer.json()["error"]["fields"]) == ["deputy"]


def test_an_ending_without_a_reason_is_refused_and_a_second_one_changes_nothing(
    city: City,
) -> None:
    row = away(city, "A2", "A1", start=datetime.now(UTC))
    path = f"unit-absences/{row.pk}/end"

    refused = ask(city, "leader1", "POST", path, {"reason": "  "})
    ended = ask(city, "leader1", "POST", path, {"reason": "已恢复"})
    again = ask(city, "dispatcher1", "POST", path, {"reason": "另一个理由"})

    assert refused.status_code == 422
    assert ended.json()["standing"] == "ENDED"
    assert again.json()["cancel_reason"] == "已恢复"
    assert again.json()["cancelled_by"] == "leader1"


def test_people_and_units_are_found_by_pinyin_within_reach_only(city: City) -> None:
    User.objects.filter(username="cleaner1").update(name="王小明")

    people = ask(city, "leader1", "GET", "deputies/people?q=wxm").json()["items"]
    beyond = ask(city, "approver2", "GET", "deputies/people?q=wxm").json()["items"]
    own = ask(city, "approver1", "GET", "deputies/people?q=").json()["items"]
    units = ask(city, "approver1", "GET", "unit-absences/units?q=hws").json()["items"]

    assert people == [
        {
            "username": "cleaner1",
            "name": "王小明",
            "posts": ["处置员 · 云中区环卫所"],
            "lendable": [
                {"id": Post.objects.get(user=city["cleaner1"]).pk, "name": "处置员 · 云中区环卫所"}
            ],
            "whole": True,
        }
    ]
    assert beyond == []
    assert {one["username"] for one in own} == {"approver1", "cleaner1", "handler1", "helper1"}
    assert [one["code"] for one in units] == ["A2"]


@pytest.mark.parametrize(
    ("who", "tabs"),
    [("leader1", 2), ("approver1", 2), ("dispatcher1", 1), ("commander1", 1), ("handler1", 0),
     ("supervisor1", 0), ("evaluator1", 0), ("sysadmin1", 0), ("nobody", 0)],
)  # fmt: skip
def test_the_page_opens_to_who_arranges_and_only_with_her_parts(
    city: City, who: str, tabs: int
) -> None:
    client = Client()
    client.force_login(city[who])

    answer = client.get("/absences/?tab=people")

    assert answer.status_code == (200 if tabs else 403)
    if tabs:
        assert len(answer.context["tabs"]) == tabs
        assert answer.context["tab"] == ("people" if tabs == 2 else "units")


def test_the_history_and_the_access_log_name_whose_post_was_used(city: City) -> None:
    case = dispatched(city)
    lend(city, "handler1", "helper1")
    make_move(case_no=case.case_no, move="sign", version=case.version, data={},
              by=fresh(city, "helper1"), now=datetime.now(UTC))  # fmt: skip

    last = casefile.case_for(city["leader1"], case.case_no, now=NOW)["timeline"][-1]

    assert (last["by"], last["on_behalf_of"]) == ("helper1", "handler1")


def test_a_reveal_in_a_lent_post_names_whose_post_it_was(city: City) -> None:
    lend(city, "callback1", "receiver1")
    voice = log(city).intakes.get()

    for who in ("receiver1", "leader1"):
        casefile.reveal(intake_no=voice.intake_no, purpose="核对回访电话", by=fresh(city, who),
                        now=datetime.now(UTC))  # fmt: skip

    found = AccessLog.objects.order_by("id").values_list("user__username", "on_behalf_of__username")
    assert list(found) == [("receiver1", "callback1"), ("leader1", None)]


def test_the_facts_of_alarms_are_told_by_names_and_in_order(city: City) -> None:
    told = worded(
        [
            {"closed_by": city["handler1"].pk, "closed_at": "2026-03-02T01:00:00+00:00"},
            {"longer_s": 86400, "to_category": "C0101", "from_category": "E0104"},
            {"times": 4, "unit": city.units["A2"].pk},
            {"took_s": 42},
        ]
    )

    assert [fact.value for fact in told[0]][1] == "handler1"
    assert [fact.name for fact in told[1]] == ["from_category", "to_category", "longer_s"]
    assert told[1][0].value != "E0104"
    assert told[2][0].value == "云中区环卫所"
    assert told[3][0].kind == "seconds"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_send_one_unit_away_at_once_one_is_told_so(real_city: City) -> None:
    def act(which: int) -> str:
        try:
            arrange_absence(
                unit="A2",
                deputy_unit=("A0", "A1")[which],
                period=Period(NOW, NOW + DAY, "检修"),
                by=real_city[("leader1", "dispatcher1")[which]],
                now=NOW,
            )
        except ArrangementError as error:
            return error.code
        return "done"

    assert sorted(at_once(act, 2)) == ["ALREADY_AWAY", "done"]
    assert UnitAbsence.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_end_a_deputyship_at_once_the_first_reason_stays(real_city: City) -> None:
    row = lend(real_city, "handler1", "helper1")
    reasons = ("已返岗", "安排有误")

    def act(which: int) -> str:
        by = real_city[("leader1", "approver1")[which]]
        now = datetime.now(UTC)
        ended = end_deputy(deputy_id=row.pk, reason=reasons[which], by=by, now=now)
        return ended.cancel_reason

    told = at_once(act, 2)

    assert told[0] == told[1] == Deputy.objects.get(pk=row.pk).cancel_reason
    assert told[0] in reasons


def test_the_page_asks_no_more_for_many_arrangements_than_for_one(city: City) -> None:
    client = Client()
    client.force_login(city["leader1"])
    lend(city, "dispatcher1", "commander1")
    away(city, "A2", "A1", start=datetime.now(UTC))
    client.get("/absences/")
    counts: dict[str, list[int]] = {"units": [], "people": []}
    for more in (False, True):
        if more:
            for absent, deputy in (("approver1", "cleaner1"), ("handler1", "helper1")):
                lend(city, absent, deputy)
            for unit in ("A1", "B1", "B2"):
                away(city, unit, "A0", start=datetime.now(UTC) + DAY)
        for tab, asked in counts.items():
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"/absences/?tab={tab}").status_code == 200
            asked.append(len(queries))

    assert counts["units"][0] == counts["units"][1]
    assert counts["people"][0] == counts["people"][1]
