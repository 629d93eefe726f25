"""Of somebody who holds several posts, one may be lent, and each to another."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.actions import PowersError, give_post
from accounts.arranging import ArrangementError, NotYoursToArrangeError, Period
from accounts.deputies import arrange_deputy, deputies_for, end_deputy, people_for
from accounts.models import Deputy, Post, Role, User
from dispatch.actions.moving import make_move
from dispatch.duties import foretelling, standing_in
from dispatch.facts import facts_of
from dispatch.models import Event
from tests.app.asking import ask
from tests.app.test_disputes import dispatched, move
from tests.city import A, B, City

HOUR = timedelta(hours=1)


@pytest.fixture(name="two")
def _two(city: City) -> dict[str, Post]:
    """handler1's posts by unit: she works for the centre and for the roads."""
    give_post(user=city["handler1"], role=Role.HANDLER, area_code=A, unit=city.units["A1"],
              now=datetime.now(UTC))  # fmt: skip
    return posts_of(city["handler1"])


def posts_of(user: User) -> dict[str, Post]:
    posts = Post.objects.filter(user=user, ended_at__isnull=True).select_related("unit")
    return {post.unit.code: post for post in posts if post.unit}


def lend(city: City, deputy: str, post: Post | None, by: str = "leader1", **later: int) -> Deputy:
    """Lend handler1's post, or all of them, for an hour around now (or around later)."""
    now = datetime.now(UTC)
    at = now + timedelta(**later)
    return arrange_deputy(
        absent="handler1", deputy=deputy, post=post.pk if post else None,
        period=Period(at - HOUR, at + HOUR, "年休假"), by=city[by], now=now,
    )  # fmt: skip


def units_of(user: User) -> set[int]:
    return set(User.objects.get(pk=user.pk).scope().unit_ids)


def code_of(act: Any) -> str:
    with pytest.raises(ArrangementError) as refused:
        act()
    return refused.value.code


def test_the_deputy_holds_the_post_that_is_lent_and_no_other(
    city: City, two: dict[str, Post]
) -> None:
    before = units_of(city["cleaner1"])

    row = lend(city, "cleaner1", two["A1"])

    assert units_of(city["cleaner1"]) == before | {city.units["A1"].pk}
    scope = User.objects.get(pk=city["cleaner1"].pk).scope()
    assert [(post.unit_id, post.lent_by) for post in scope.posts if post.lent_by] == [
        (city.units["A1"].pk, city["handler1"].pk)
    ]
    end_deputy(deputy_id=row.pk, reason="已返岗", by=city["leader1"], now=datetime.now(UTC))
    assert units_of(city["cleaner1"]) == before


def test_two_deputies_share_the_posts_of_one_who_is_away(city: City, two: dict[str, Post]) -> None:
    lend(city, "cleaner1", two["A0"])
    lend(city, "helper1", two["A1"])

    assert city.units["A0"].pk in units_of(city["cleaner1"])
    assert units_of(city["helper1"]) == {city.units["A1"].pk}
    assert code_of(lambda: lend(city, "approver1", two["A1"])) == "ALREADY_ARRANGED"
    assert code_of(lambda: lend(city, "approver1", None)) == "ALREADY_ARRANGED"
    assert lend(city, "approver1", None, days=2).post is None
    assert code_of(lambda: lend(city, "helper1", two["A1"], days=2)) == "ALREADY_ARRANGED"


def test_moves_with_the_lent_post_name_both(city: City, two: dict[str, Post]) -> None:
    case = move(city, dispatched(city), "dispatcher1", "urge", 1, text="催")
    type(case).objects.filter(pk=case.pk).update(lead_unit=city.units["A1"])
    lend(city, "cleaner1", two["A1"])
    case.refresh_from_db()
    by = User.objects.get(pk=city["cleaner1"].pk)

    make_move(case_no=case.case_no, move="sign", version=case.version, data={}, by=by,
              now=datetime.now(UTC))  # fmt: skip

    signed = Event.objects.get(case_id=case.pk, topic="case.signed")
    assert (signed.actor_id, signed.payload["for"]) == (by.pk, city["handler1"].pk)


@pytest.mark.parametrize("wrong", ["another's", "ended", "nobody's"])
def test_a_post_that_is_not_hers_or_has_ended_is_not_lent(
    city: City, two: dict[str, Post], wrong: str
) -> None:
    post = two["A1"]
    if wrong == "another's":
        post = posts_of(city["cleaner1"])["A2"]
    elif wrong == "ended":
        Post.objects.filter(pk=post.pk).update(ended_at=datetime.now(UTC))
    else:
        post.pk = 10**9

    assert code_of(lambda: lend(city, "helper1", post)) == "UNKNOWN_POST"


def test_who_reaches_one_post_of_a_person_lends_that_one_and_not_all(city: City) -> None:
    give_post(user=city["handler1"], role=Role.HANDLER, area_code=B, unit=city.units["B1"],
              now=datetime.now(UTC))  # fmt: skip
    two = posts_of(city["handler1"])

    (found,) = people_for(city["approver1"], "handler1")
    assert ([one["id"] for one in found.lendable], found.whole) == ([two["A0"].pk], False)
    with pytest.raises(NotYoursToArrangeError):
        lend(city, "cleaner1", None, by="approver1")
    with pytest.raises(NotYoursToArrangeError):
        lend(city, "cleaner1", two["B1"], by="approver1")
    row = lend(city, "cleaner1", two["A0"], by="approver1")

    assert row in deputies_for(city["approver1"], now=datetime.now(UTC))
    assert end_deputy(
        deputy_id=row.pk, reason="已返岗", by=city["approver1"], now=datetime.now(UTC)
    ).cancelled_at


def test_powers_are_kept_apart_over_the_post_that_is_lent(city: City, two: dict[str, Post]) -> None:
    assert code_of(lambda: lend(city, "callback1", two["A1"])) == "POWERS_APART"
    lend(city, "cleaner1", two["A1"])

    with pytest.raises(PowersError):
        give_post(user=city["cleaner1"], role=Role.DISPATCHER, area_code=A, now=datetime.now(UTC))


def test_who_stood_in_for_one_post_judges_no_work_of_that_unit_alone(
    city: City, two: dict[str, Post]
) -> None:
    """helper1 (roads) stands in at the centre; cleaner1 stands in at the roads."""
    case = dispatched(city, "L9013")
    assert case.lead_unit == city.units["A0"]
    give_post(user=city["nobody"], role=Role.HANDLER, area_code=B, unit=city.units["B1"],
              now=datetime.now(UTC))  # fmt: skip
    Deputy.objects.create(
        absent=city["handler1"], deputy=city["nobody"], post=two["A1"], by=city["leader1"],
        starts_at=case.created_at, ends_at=datetime.now(UTC) + HOUR, reason="年休假",
        created_at=case.created_at,
    )  # fmt: skip

    by_branch = facts_of(case, by=city["nobody"], now=case.created_at).own_work
    Deputy.objects.update(post=two["A0"])
    by_lead = facts_of(case, by=city["nobody"], now=case.created_at).own_work

    assert by_branch  # a unit below the one that leads is of its line
    assert by_lead
    other = dispatched(city, "E0104")
    assert other.lead_unit == city.units["A2"]
    Deputy.objects.update(post=two["A1"])
    assert not facts_of(other, by=city["nobody"], now=case.created_at).own_work


def test_the_preview_and_the_page_speak_of_the_one_post(city: City, two: dict[str, Post]) -> None:
    dispatched(city, "E0402")
    dispatched(city, "E0104")
    now = datetime.now(UTC)
    period = Period(now - HOUR, now + HOUR, "")

    def foretold(post: int | None) -> foretelling.Foretold:
        return foretelling.of_deputy(
            absent="handler1", deputy="cleaner1", post=post, period=period,
            by=city["leader1"], now=now,
        )  # fmt: skip

    one, every = foretold(two["A1"].pk), foretold(None)
    assert (one.cases, every.cases) == (1, 2)
    assert "处置员 · 云中区市政所" in one.sentences[0].text
    assert "处置中心" not in one.sentences[0].text
    assert "处置中心" in every.sentences[0].text
    lend(city, "cleaner1", two["A1"])
    page = standing_in.context({"tab": "people"}, city["leader1"], now=datetime.now(UTC))
    (line,) = page["groups"][0]["lines"]
    assert line.posts == ("处置员 · 云中区市政所",)
    assert line.may_end


def test_programs_name_the_post_and_an_empty_choice_means_all(
    city: City, two: dict[str, Post]
) -> None:
    now = datetime.now(UTC)
    body = {
        "absent": "handler1", "deputy": "cleaner1", "post": two["A1"].pk, "reason": "年休假",
        "starts_at": (now - HOUR).isoformat(), "ends_at": (now + HOUR).isoformat(),
    }  # fmt: skip

    foretold = ask(city, "leader1", "POST", "deputies/preview", body)
    assert "市政所" in foretold.json()["sentences"][0]["text"]
    made = ask(city, "leader1", "POST", "deputies", body)
    assert made.status_code == 201
    assert made.json()["post"] == two["A1"].pk
    assert made.json()["posts"] == ["处置员 · 云中区市政所"]
    wrong = ask(city, "leader1", "POST", "deputies", {**body, "post": 10**9})
    assert (wrong.status_code, set(wrong.json()["error"]["fields"])) == (422, {"post"})
    later = {"starts_at": (now + 3 * HOUR).isoformat(), "ends_at": (now + 4 * HOUR).isoformat()}
    every = ask(city, "leader1", "POST", "deputies", {**body, "post": "", **later})
    assert (every.status_code, every.json()["post"]) == (201, None)
    assert len(every.json()["posts"]) == 2


def test_the_database_lends_no_post_of_somebody_else(city: City, two: dict[str, Post]) -> None:
    lend(city, "cleaner1", two["A1"])
    other = posts_of(city["helper1"])["A1"].pk

    with (
        pytest.raises(IntegrityError, match="accounts_deputy_lends_a_post_of_the_absent"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_deputy SET post_id = %s", [other])
    with (
        pytest.raises(IntegrityError, match="accounts_deputy_one_at_a_time"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO accounts_deputy (absent_id, deputy_id, post_id, starts_at, ends_at,"
            " reason, by_id, created_at, cancel_reason) SELECT absent_id, deputy_id, NULL,"
            " starts_at, ends_at, reason, by_id, created_at, '' FROM accounts_deputy"
        )
