"""What a review found open and what holds now: linked cases, hidden voices, lent posts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import deputies
from accounts.actions import end_post, give_post
from accounts.arranging import ArrangementError, NotYoursToArrangeError, Period
from accounts.models import Deputy, Post, Role, User
from accounts.queries import user_by_token
from dispatch import casefile
from dispatch.actions.duties.absences import arrange_absence
from dispatch.attachments.images import store_image
from dispatch.duties.items import COLUMNS, Known, read_csv
from dispatch.facts import facts_of
from dispatch.models import Attachment, Case, Intake, SeenMark
from dispatch.queries import FilterError
from dispatch.queue.saving import save_filter
from dispatch.queue.seeing import LONGEST_AGO, look
from dispatch.queue.sheets import harmless
from dispatch.timekeeping.segments import clock_of
from dispatch.voices import Caller, Position
from tests.app.asking import ask
from tests.app.doors import FINDINGS, Door, finding
from tests.app.joining_fixtures import rule, say
from tests.app.test_bad_images import picture
from tests.app.test_disputes import log, move, processing
from tests.city import B_CENTRE, NOW, City

LATER = NOW + timedelta(hours=1)
HERE = Position(119.6001, 29.9001, "WGS84")
DAY = timedelta(days=1)
SECRET = "邻区案件的标题"
HIDDEN = Caller(phone="13900139000", name="李雷", confidential=True)
LAST_MOMENT = datetime.fromisoformat("9999-12-31T23:59:59-12:00")
"""A time that PostgreSQL keeps and Python cannot read again: year 10000 in UTC."""


def page(city: City, who: str, path: str) -> str:
    """A page as a person sees it."""
    client = Client()
    client.force_login(city[who])
    answer = client.get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def test_the_drawer_names_a_linked_case_of_another_district_by_number_alone(city: City) -> None:
    case = log(city)
    other = log(city, position=Position(*B_CENTRE, "WGS84"), title=SECRET)
    move(city, case, "leader1", "link", 5, other=other.case_no, reason="界河", joint="A 区清淤")
    Case.objects.filter(pk=case.pk).update(lead_unit=city.units["A0"])

    told = page(city, "handler1", f"/queue/drawer/{case.case_no}")

    assert other.case_no in told
    assert "A 区清淤" in told
    assert SECRET not in told
    assert SECRET not in page(city, "handler1", f"/cases/{case.case_no}/")
    assert SECRET in page(city, "leader1", f"/queue/drawer/{case.case_no}")


def test_an_address_with_a_case_out_of_sight_says_so_and_shows_nothing_of_it(city: City) -> None:
    other = log(city, position=Position(*B_CENTRE, "WGS84"), title=SECRET)
    words = "这件工单不在您的岗位范围内，或者不存在"

    told = page(city, "handler1", f"/queue/?case={other.case_no}")

    assert words in told
    assert SECRET not in told
    assert words in page(city, "handler1", "/queue/?case=NOBODY")
    assert words not in page(city, "leader1", f"/queue/?case={other.case_no}")
    assert words not in page(city, "handler1", "/queue/")


@pytest.fixture
def with_hidden(city: City) -> tuple[Case, Intake, Attachment]:
    """A case of unit A0 with a confidential voice among others, and the photo that it sent."""
    rule("GARBAGE", attach_confidential=True)
    case = log(city)
    say(city, "E0104", 5, attach_to_case=case.case_no, caller=HIDDEN, title="他家倒的垃圾",
        wants_reply=True)  # fmt: skip
    Case.objects.filter(pk=case.pk).update(lead_unit=city.units["A0"])
    voice = Intake.objects.get(case=case, confidential=True)
    photo = store_image(picture(), by=city["operator1"], now=NOW)
    Attachment.objects.filter(pk=photo.pk).update(case=case, intake=voice, role="BEFORE")
    return case, voice, photo


def test_a_hidden_voice_leaves_no_number_no_clock_and_no_photo(
    city: City, with_hidden: tuple[Case, Intake, Attachment]
) -> None:
    case, voice, photo = with_hidden

    unit = casefile.case_for(city["handler1"], case.case_no, now=LATER)
    clock = clock_of(city["handler1"], case.case_no, now=LATER)
    drawer = page(city, "handler1", f"/queue/drawer/{case.case_no}")

    for told in (str(unit), str(clock), drawer):
        assert voice.intake_no not in told
        assert str(photo.pk) not in told
    assert ask(city, "handler1", "GET", f"attachments/{photo.pk}").status_code == 404


def test_a_hidden_voice_that_left_for_a_case_of_its_own_leaves_nothing_behind(
    city: City, with_hidden: tuple[Case, Intake, Attachment]
) -> None:
    case, voice, photo = with_hidden
    move(city, case, "leader1", "split", 10, intakes=[voice.intake_no], reason="另一件事")

    unit = casefile.case_for(city["handler1"], case.case_no, now=LATER)
    clock = clock_of(city["handler1"], case.case_no, now=LATER)

    for told in (str(unit), str(clock), page(city, "handler1", f"/queue/drawer/{case.case_no}")):
        assert voice.intake_no not in told
        assert str(photo.pk) not in told
    leader = casefile.case_for(city["leader1"], case.case_no, now=LATER)
    assert voice.intake_no in str(leader["timeline"])


def test_who_may_know_the_voice_sees_its_number_clock_and_photo(
    city: City, with_hidden: tuple[Case, Intake, Attachment]
) -> None:
    case, voice, photo = with_hidden

    leader = casefile.case_for(city["leader1"], case.case_no, now=LATER)

    assert voice.intake_no in str(leader["timeline"])
    assert voice.intake_no in str(leader["timers"])
    assert [one["id"] for one in leader["attachments"]] == [str(photo.pk)]
    assert ask(city, "leader1", "GET", f"attachments/{photo.pk}").status_code == 200


def test_photos_of_the_work_stay_visible_whatever_voice_they_hang_on(
    city: City, with_hidden: tuple[Case, Intake, Attachment]
) -> None:
    case, _voice, photo = with_hidden
    Attachment.objects.filter(pk=photo.pk).update(role="AFTER")

    unit = casefile.case_for(city["handler1"], case.case_no, now=LATER)

    assert [one["id"] for one in unit["attachments"]] == [str(photo.pk)]


def lend(city: City, absent: str, deputy: str) -> Deputy:
    """A deputy for an hour around now."""
    at = datetime.now(UTC)
    return deputies.arrange_deputy(
        absent=absent, deputy=deputy,
        period=Period(at - timedelta(hours=1), at + timedelta(hours=1), "年休假"),
        by=city["leader1"], now=at,
    )  # fmt: skip


def belonged(user: User, case: Case) -> bool:
    """Whether she worked in a unit of the case, as the moves ask it."""
    return facts_of(case, by=user, now=LATER).own_work


def test_who_was_deputy_in_a_unit_does_not_judge_its_work_afterwards(city: City) -> None:
    case = processing(city)
    lend(city, "handler1", "helper1")
    assert belonged(city["helper1"], case)

    end_post(post=Post.objects.get(user=city["helper1"]), now=NOW)
    Post.objects.filter(user=city["helper1"]).update(ended_at=case.created_at - DAY)
    deputies.end_deputy(
        deputy_id=Deputy.objects.get().pk, reason="已返岗", by=city["leader1"], now=LATER
    )
    Deputy.objects.update(cancelled_at=case.created_at + timedelta(minutes=1))
    assert belonged(city["helper1"], case)
    Deputy.objects.update(cancelled_at=case.created_at - timedelta(minutes=1))
    assert not belonged(city["helper1"], case)


def test_a_post_that_is_held_in_person_is_not_lent_even_when_it_is_given_later(
    city: City,
) -> None:
    lend(city, "handler1", "helper1")
    now = datetime.now(UTC)
    for who in ("handler1", "helper1"):
        end_post(post=Post.objects.get(user=city[who]), now=now)
    give_post(user=city["handler1"], role=Role.EVALUATOR, area_code="3399", unit=None, now=now)

    assert User.objects.get(pk=city["helper1"].pk).scope().posts == ()
    found = user_by_token(city.token("helper1"), now=now)
    assert found is not None
    assert found[0].scope().posts == ()


@pytest.mark.parametrize("unit", ["A0", "A1"])
def test_an_approver_hands_the_work_of_her_unit_to_her_own_units_only(
    city: City, unit: str
) -> None:
    def arrange(deputy: str) -> Any:
        return arrange_absence(
            unit=unit, deputy_unit=deputy, period=Period(NOW, NOW + DAY, "检修"),
            by=city["approver1"], now=NOW,
        )  # fmt: skip

    with pytest.raises(NotYoursToArrangeError):
        arrange("B0")
    assert arrange("A2").deputy_unit == city.units["A2"]


@pytest.mark.parametrize(
    ("starts", "ends"),
    [(NOW, LAST_MOMENT), (LAST_MOMENT - DAY, LAST_MOMENT), (NOW - 400 * DAY, NOW + DAY)],
)
def test_a_time_beyond_all_calendars_stops_neither_routing_nor_the_list_of_deputies(
    city: City, starts: datetime, ends: datetime
) -> None:
    with pytest.raises(ArrangementError):
        arrange_absence(
            unit="A2", deputy_unit="A1", period=Period(starts, ends, "检修"),
            by=city["leader1"], now=NOW,
        )  # fmt: skip
    with pytest.raises(ArrangementError):
        deputies.arrange_deputy(
            absent="approver1", deputy="cleaner1", period=Period(starts, ends, "年休假"),
            by=city["leader1"], now=NOW,
        )  # fmt: skip
    assert ask(city, "leader1", "GET", "deputies").status_code == 200
    assert ask(city, "leader1", "GET", "unit-absences").status_code == 200


BAD_QUERIES = ("q=%00", "state=NOWHERE", "line=FOURTH", "priority=99999999999999999999", "rel=x")


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_filter_that_no_page_could_show_is_neither_kept_nor_shared_nor_exported(
    city: City, query: str
) -> None:
    with pytest.raises(FilterError):
        save_filter(name="坏", query=query, pinned=True, unit_code="A0", by=city["approver1"],
                    now=NOW)  # fmt: skip
    answer = ask(city, "leader1", "POST", "exports", {"format": "CSV", "query": query})
    assert answer.status_code == 400


def test_a_view_looked_at_before_all_calendars_does_not_close_ones_queue(city: City) -> None:
    early = datetime.fromisoformat("0001-01-01T00:00:00+14:00")

    look(view="all", until=early, by=city["leader1"], now=NOW)

    assert SeenMark.objects.get().until == NOW - LONGEST_AGO


@pytest.mark.parametrize("text", ["＝1+1", "＋86", "－1", "＠SUM(A1)", "\u3000=1+1", "\xa0@x"])
def test_wide_signs_and_wide_blanks_make_no_formula_either(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("number", ["=1+1", "@x", "-1", "＝1"])
def test_an_item_number_is_no_formula(city: City, number: str) -> None:
    header = ",".join(COLUMNS)
    rows, refused = read_csv(f"{header}\n{number},E01,339901,,ALWAYS,A2\n", Known.read())

    assert rows == []
    assert [one.column for one in refused] == ["item_no"]


@pytest.mark.parametrize("text", ["{header}\n{long},E01,339901,,ALWAYS,A2\n", "{long}\n"])
def test_a_cell_that_no_reader_takes_refuses_the_file(city: City, text: str) -> None:
    rows, refused = read_csv(
        text.format(header=",".join(COLUMNS), long="x" * 200_000), Known.read()
    )

    assert rows == []
    assert len(refused) == 1


def test_a_page_of_alarms_with_a_number_too_long_is_the_first_page(city: City) -> None:
    assert "alarms" in page(city, "supervisor1", f"/alarms/?before={'9' * 5000}")


ODD: tuple[Any, ...] = ("\x00", "\ud800", -1, 0, 10**30, 1e308, None, [], {}, "9" * 5000)
DOORS = (
    ("POST", "cases/batch", {"move": "sign", "cases": [{"case_no": "x", "version": 1}]}),
    ("POST", "cases/batch/moves", {"cases": ["x"]}),
    ("POST", "queue/seen", {"view": "all", "until": "2026-03-02T09:00:00"}),
    ("POST", "queue/filters", {"name": "x", "query": "", "pinned": True, "unit": ""}),
    ("POST", "queue/filters/order", {"order": [1]}),
    ("POST", "exports", {"format": "CSV", "query": "", "bom": True}),
    ("POST", "deputies", {"absent": "x", "deputy": "y", "starts_at": "2026-03-02T09:00:00",
                          "ends_at": "2026-03-02T10:00:00", "reason": "x"}),
    ("POST", "unit-absences", {"unit": "A2", "deputy_unit": "A1", "reason": "x",
                               "starts_at": "2026-03-02T09:00:00",
                               "ends_at": "2026-03-02T10:00:00"}),
    ("POST", "deputies/preview", {"absent": "handler1", "deputy": "cleaner1", "reason": "x",
                                  "starts_at": "2026-03-02T09:00:00",
                                  "ends_at": "2026-03-02T10:00:00"}),
    ("POST", "unit-absences/preview", {"unit": "A2", "deputy_unit": "A1", "reason": "x",
                                       "starts_at": "2026-03-02T09:00:00",
                                       "ends_at": "2026-03-02T10:00:00"}),
    ("POST", "deputies/1/end", {"reason": "x"}),
    ("POST", "unit-absences/1/end", {"reason": "x"}),
    ("POST", "duty-lists", {"title": "x"}),
    ("POST", "duty-lists/1/items", {"item_no": "x", "category": "E01", "area_code": "339901",
                                    "condition": "", "hours": "ALWAYS", "unit": "A2"}),
    ("PUT", "duty-lists/1/items", {"csv": "x"}),
    ("POST", "duty-lists/1/publication", {"valid_from": "2026-03-02"}),
    ("POST", "incidents/1/accept", {"answer": "x", "auto_join": True}),
    ("POST", "incidents/1/answer", {"answer": "x", "auto_join": True, "instead_of": "x"}),
    ("POST", "incidents/1/dismiss", {"reason": "x"}),
    ("POST", "screen/displays", {"code": "ABCDEFGH", "name": "x", "area": "3399"}),
    ("POST", "alarms/1/note", {"text": "x"}),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), DOORS, ids=[f"{d[0]} {d[1]}" for d in DOORS])
def test_odd_values_are_refused_and_break_nothing(
    city: City, method: str, path: str, body: dict[str, Any]
) -> None:
    broken = []
    for name in body:
        for odd in ODD:
            answer = ask(city, "leader1", method, path, {**body, name: odd})
            if answer.status_code >= 500:
                broken.append((name, odd, answer.status_code))

    assert broken == []


HUGE = "99999999999999999999999"
ADDRESSES = (
    f"alarms?before={HUGE}&limit={HUGE}",
    f"alarms?before=-{HUGE}&limit=-1",
    "returns/counters?district=339901&from=0001-01-01T00:00:00&to=9999-12-31T23:59:59",
    "screen/at?at=0001-01-01T00:00:00",
    "screen/at?at=9999-12-31T23:59:59-12:00",
    f"screen/steps?since=2026-03-02T09:00:00&until=9999-12-31T23:59:59-12:00&after={HUGE}",
    "incidents?district=339901&state=NOWHERE",
    f"duty-lists/{HUGE}",
    f"deputies/{HUGE}/end",
    f"unit-absences/{HUGE}/end",
    "deputies/people?q=%00%ED%A0%80",
    "unit-absences/units?q=%00%ED%A0%80",
    f"incidents/{HUGE}/accept",
    f"screen/displays/{HUGE}/revoke",
    "radar?category=C0101&lon=nan&lat=inf&crs=WGS84",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_odd_addresses_are_refused_and_break_nothing(city: City, address: str) -> None:
    for who in ("leader1", "supervisor1", "sysadmin1"):
        for method in ("GET", "POST", "DELETE"):
            answer = ask(city, who, method, address, {} if method != "GET" else None)
            assert answer.status_code < 500, (who, method)


def test_a_rule_error_of_many_cases_names_no_case_that_is_out_of_sight(city: City) -> None:
    foreign = log(city, position=Position(*B_CENTRE, "WGS84"), title=SECRET)
    body = {"move": "sign", "cases": [{"case_no": foreign.case_no, "version": 1}]}

    answer = ask(city, "handler1", "POST", "cases/batch", body)

    [row] = answer.json()["items"]
    assert (row["result"], row["code"], row["who"]) == ("REFUSED", "NOT_FOUND", "")
    assert SECRET not in answer.content.decode()


def test_a_receipt_does_not_say_that_a_sensitive_case_lies_here(city: City) -> None:
    body = say(city, "E0104", caller=HIDDEN, title="他家倒的垃圾", position=HERE)
    assert Case.objects.get(case_no=body["case_no"]).sensitive

    told = Door(city, FINDINGS).send(finding(category="E0104")).json()
    again = say(city, "E0104", 5, position=HERE)

    assert told["duplicates"] == []
    assert body["case_no"] in {one["case_no"] for one in again["duplicates"]}
