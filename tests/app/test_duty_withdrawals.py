"""A duty list that was dated wrongly holds up nobody: absurd dates are refused, coming ones can be
taken back."""

from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from dispatch import catalogue
from dispatch.actions.duties import duty_lists
from dispatch.actions.duties.duty_lists import DutyListError
from dispatch.duties import presenting, rosters
from dispatch.models import DutyList, DutyWithdrawal
from tests.app.asking import ask
from tests.app.test_duty_lists import SWEPT, TODAY, draft, publish, refused, tried
from tests.app.threads import at_once
from tests.city import NOW, City

pytestmark = pytest.mark.django_db
NEXT_WEEK = TODAY + timedelta(days=7)


def coming(city: City, on: date = NEXT_WEEK) -> DutyList:
    """A list that was published and does not hold yet."""
    found = draft(city, SWEPT)
    tried(found)
    return publish(city, found, on=on)


def withdraw(
    city: City, found: DutyList, *, by: str = "commander1", reason: str = "日期有误"
) -> None:
    duty_lists.withdraw(number=found.number, reason=reason, by=city[by], now=NOW)


@pytest.mark.parametrize("on", [date(9999, 1, 1), TODAY + timedelta(days=367)])
def test_a_list_is_not_dated_further_ahead_than_a_year(city: City, on: date) -> None:
    found = draft(city, SWEPT)
    tried(found)

    assert refused(lambda: publish(city, found, on=on)) == "DATE_TOO_FAR"
    assert publish(city, found, on=TODAY + timedelta(days=366)).state == "PUBLISHED"


def test_a_coming_list_is_taken_back_and_the_next_one_may_come_sooner(city: City) -> None:
    found = coming(city)

    withdraw(city, found)

    row = DutyWithdrawal.objects.get(duty_list=found)
    assert (row.by, row.at, row.reason) == (city["commander1"], NOW, "日期有误")
    assert rosters.roster_on(NEXT_WEEK).list_no == 1
    again = draft(city, SWEPT)
    assert again.based_on == DutyList.objects.get(number=1)
    tried(again)
    publish(city, again, on=TODAY)
    assert rosters.roster_on(TODAY).list_no == again.number


def test_the_versions_say_who_took_one_back_and_why(city: City) -> None:
    found = coming(city)
    withdraw(city, found)

    newest = presenting.versions(TODAY)[0]

    assert newest["standing"] == "WITHDRAWN"
    assert newest["withdrawn"] == {"by": "commander1", "at": NOW.isoformat(), "reason": "日期有误"}
    found.refresh_from_db()
    assert (found.state, found.valid_from) == ("PUBLISHED", NEXT_WEEK), "the list stays as it was"


def test_a_draft_drawn_from_what_was_taken_back_is_not_published(city: City) -> None:
    found = coming(city)
    later = draft(city)
    tried(later)

    withdraw(city, found)

    assert refused(lambda: publish(city, later, on=NEXT_WEEK)) == "OUTDATED"


def test_nobody_takes_back_what_holds_a_draft_or_twice_or_without_a_reason(city: City) -> None:
    holds = draft(city, SWEPT)
    assert refused(lambda: withdraw(city, holds)) == "NOT_PUBLISHED"
    tried(holds)
    publish(city, holds, on=TODAY)
    assert refused(lambda: withdraw(city, holds)) == "IN_FORCE"
    found = coming(city)
    assert refused(lambda: withdraw(city, found, reason=" ")) == "REQUIRED"
    withdraw(city, found)
    assert refused(lambda: withdraw(city, found)) == "WITHDRAWN"


def test_of_two_that_are_to_come_the_later_goes_first(city: City) -> None:
    first = coming(city)
    second = coming(city, on=NEXT_WEEK + timedelta(days=1))

    assert refused(lambda: withdraw(city, first)) == "NOT_THE_NEWEST"
    withdraw(city, second)
    withdraw(city, first)

    assert rosters.newest_published() == DutyList.objects.get(number=1)


@pytest.mark.parametrize("who", ["leader1", "dispatcher1", "handler1", "auditor1"])
def test_only_the_commander_takes_a_list_back(city: City, who: str) -> None:
    found = coming(city)

    assert refused(lambda: withdraw(city, found, by=who)) == "NOT_ALLOWED"


def coming_today(city: City) -> DutyList:
    """A list for next week by the real clock, which the API and the command go by."""
    found = draft(city, SWEPT)
    now = timezone.now()
    tried(found, at=now)
    day = timezone.localdate(now) + timedelta(days=7)
    return duty_lists.publish(number=found.number, valid_from=day, by=city["commander1"], now=now)


def test_the_api_takes_a_list_back(city: City) -> None:
    found = coming_today(city)
    path = f"duty-lists/{found.number}/withdrawal"

    empty = ask(city, "commander1", "POST", path, {"reason": ""})
    done = ask(city, "commander1", "POST", path, {"reason": "误发"})

    assert (empty.status_code, empty.json()["error"]["code"]) == (422, "REQUIRED")
    assert (done.status_code, done.json()["withdrawn"]["reason"]) == (200, "误发")


def test_the_command_takes_a_list_back(city: City) -> None:
    found = coming_today(city)

    call_command("duty_list", "withdraw", str(found.number), reason="误发", by="commander1")

    assert DutyWithdrawal.objects.get().duty_list == found


def test_the_page_offers_it_to_the_commander_alone_and_then_says_what_happened(
    city: City, client: Client
) -> None:
    found = coming_today(city)
    client.force_login(city["dispatcher1"])
    assert "data-withdraw" not in client.get(f"/duties/?v={found.number}").content.decode()
    client.force_login(city["commander1"])
    assert "data-withdraw" in client.get(f"/duties/?v={found.number}").content.decode()

    duty_lists.withdraw(
        number=found.number, reason="日期有误", by=city["commander1"], now=timezone.now()
    )

    page = client.get(f"/duties/?v={found.number}").content.decode()
    assert "data-withdraw" not in page
    assert "撤回：日期有误" in page


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("comes_before_the_day", "INSERT INTO dispatch_dutywithdrawal (duty_list_id, by_id, at,"
         " reason) SELECT id, published_by_id, valid_from + 1, 'x' FROM dispatch_dutylist"
         " WHERE number = 2"),
        ("says_why", "INSERT INTO dispatch_dutywithdrawal (duty_list_id, by_id, at, reason)"
         " SELECT id, published_by_id, published_at, '' FROM dispatch_dutylist WHERE number = 2"),
        ("is_never_changed", "UPDATE dispatch_dutywithdrawal SET reason = 'y'"),
        ("is_never_changed", "DELETE FROM dispatch_dutywithdrawal"),
    ],
)  # fmt: skip
def test_the_database_refuses_a_bad_withdrawal(city: City, name: str, sql: str) -> None:
    found = coming(city)
    if name == "is_never_changed":
        withdraw(city, found)

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        connection.cursor().execute(sql)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_a_list_back_at_once_one_does(real_city: City) -> None:
    found = coming(real_city)

    def act(_which: int) -> str:
        try:
            withdraw(real_city, found)
        except DutyListError as error:
            return error.code
        return "done"

    assert sorted(at_once(act, 4)) == ["WITHDRAWN"] * 3 + ["done"]


@pytest.mark.django_db(transaction=True)
def test_taking_back_against_publishing_leaves_no_list_on_one_that_is_gone(
    real_city: City,
) -> None:
    found = coming(real_city)
    later = draft(real_city)
    tried(later)

    def act(which: int) -> str:
        try:
            if which:
                publish(real_city, later, on=NEXT_WEEK + timedelta(days=1))
            else:
                withdraw(real_city, found)
        except DutyListError as error:
            return error.code
        return "done"

    answers = sorted(at_once(act, 2))

    assert answers in (["OUTDATED", "done"], ["NOT_THE_NEWEST", "done"])
    catalogue.refresh()
    gone = DutyWithdrawal.objects.filter(duty_list=found).exists()
    later.refresh_from_db()
    assert gone == (later.state == "DRAFT")
