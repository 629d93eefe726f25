"""While somebody is away another holds her posts: for that time, in the open, powers apart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.actions import PowersError, end_post, give_post
from accounts.arranging import ArrangementError, NotYoursToArrangeError, Period
from accounts.deputies import arrange_deputy, end_deputy
from accounts.models import Deputy, Post, Role, User
from accounts.queries import authority_stamp, user_by_token
from dispatch.actions.moving import make_move
from dispatch.models import Event
from tests.app.asking import ask
from tests.app.test_disputes import dispatched
from tests.app.threads import at_once
from tests.city import A, City

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


def now() -> datetime:
    """The clock of the database, which decides when a deputy's time has come."""
    return datetime.now(UTC)


def arrange(city: City, absent: str, deputy: str, by: str, **changes: Any) -> Deputy:
    """Arrange a deputy for an hour around now."""
    at = now()
    period = {"starts_at": at - HOUR, "ends_at": at + HOUR, "reason": "年休假", **changes}
    return arrange_deputy(
        absent=absent, deputy=deputy, period=Period(**period), by=city[by], now=at
    )


def fresh(user: User) -> User:
    """The user as the next request reads her."""
    return User.objects.get(pk=user.pk)


def test_a_deputy_holds_the_posts_of_who_is_away_and_only_then(city: City) -> None:
    assert not fresh(city["cleaner1"]).scope().roles & {"UNIT_APPROVER"}

    row = arrange(city, "approver1", "cleaner1", "leader1")

    scope = fresh(city["cleaner1"]).scope()
    assert "UNIT_APPROVER" in scope.roles
    assert scope.lenders == (city["approver1"].pk,)
    assert scope.of(None).roles == {"HANDLER"}
    end_deputy(deputy_id=row.pk, reason="已返岗", by=city["leader1"], now=now())
    assert "UNIT_APPROVER" not in fresh(city["cleaner1"]).scope().roles


@pytest.mark.parametrize(("starts", "ends"), [(1, 2), (-3, None)])
def test_before_and_after_the_time_nothing_is_lent(
    city: City, starts: int, ends: int | None
) -> None:
    at = now()
    row = arrange(city, "approver1", "cleaner1", "leader1")
    Deputy.objects.filter(pk=row.pk).update(
        starts_at=at + starts * HOUR,
        ends_at=at + ends * HOUR if ends else at - HOUR / 2,
    )

    assert fresh(city["cleaner1"]).scope().lenders == ()


def test_a_token_opens_the_same_posts_as_a_session(city: City) -> None:
    arrange(city, "approver1", "cleaner1", "leader1")
    token = city.token("cleaner1")

    found = user_by_token(token, now=now())

    assert found is not None
    assert set(found[0].scope().posts) == set(fresh(city["cleaner1"]).scope().posts)


def test_who_was_locked_out_lends_nothing(city: City) -> None:
    arrange(city, "approver1", "cleaner1", "leader1")
    User.objects.filter(username="approver1").update(is_active=False)

    assert fresh(city["cleaner1"]).scope().lenders == ()
    found = user_by_token(city.token("cleaner1"), now=now())
    assert found is not None
    assert found[0].scope().lenders == ()


def test_a_post_that_ends_is_lent_no_more(city: City) -> None:
    arrange(city, "approver1", "cleaner1", "leader1")

    end_post(post=Post.objects.get(user=city["approver1"]), now=now())

    assert fresh(city["cleaner1"]).scope().lenders == ()


def test_sockets_learn_that_a_time_began_and_ended(city: City) -> None:
    before = authority_stamp()
    row = arrange(city, "approver1", "cleaner1", "leader1")
    during = authority_stamp()
    Deputy.objects.filter(pk=row.pk).update(ends_at=now() - HOUR / 2)
    after = authority_stamp()

    assert before != during
    assert after == before


def test_a_time_that_lies_ahead_does_not_wake_the_sockets(city: City) -> None:
    before = authority_stamp()
    at = now()

    arrange(city, "approver1", "cleaner1", "leader1", starts_at=at + HOUR, ends_at=at + 2 * HOUR)

    assert authority_stamp() == before


@pytest.mark.parametrize(
    ("absent", "deputy", "by"),
    [
        ("dispatcher1", "handler1", "leader1"),
        ("dispatcher1", "commander1", "approver1"),
        ("handler2", "handler1", "approver1"),
        ("evaluator1", "leader1", "approver1"),
        ("auditor1", "steward1", "leader1"),
        ("handler1", "cleaner1", "handler1"),
        ("handler1", "cleaner1", "dispatcher1"),
        ("handler1", "cleaner1", "commander1"),
        ("handler1", "cleaner1", "evaluator1"),
        ("handler1", "cleaner1", "nobody"),
    ],
)
def test_who_does_not_lead_the_two_people_or_would_join_powers_is_refused(
    city: City, absent: str, deputy: str, by: str
) -> None:
    with pytest.raises((NotYoursToArrangeError, ArrangementError)):
        arrange(city, absent, deputy, by)

    assert not Deputy.objects.exists()


def test_an_approver_arranges_within_her_unit(city: City) -> None:
    row = arrange(city, "handler1", "cleaner1", "approver1")

    assert (row.absent, row.deputy, row.by) == (
        city["handler1"],
        city["cleaner1"],
        city["approver1"],
    )


def test_nobody_lends_herself_the_posts_of_another(city: City) -> None:
    with pytest.raises(ArrangementError) as refusal:
        arrange(city, "handler1", "approver1", "approver1")

    assert refusal.value.code == "BY_THE_DEPUTY"


def test_what_was_lent_cannot_be_lent_on(city: City) -> None:
    arrange(city, "approver1", "cleaner1", "leader1")

    with pytest.raises(NotYoursToArrangeError):
        arrange_deputy(
            absent="handler1", deputy="helper1",
            period=Period(now() - HOUR, now() + HOUR, "外出"),
            by=fresh(city["cleaner1"]), now=now(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "REQUIRED"),
        ({"ends_at": datetime(2020, 1, 1, tzinfo=UTC)}, "BAD_PERIOD"),
        ({"ends_at": datetime(2099, 1, 1, tzinfo=UTC)}, "TOO_LONG"),
    ],
)
def test_a_period_needs_a_reason_and_a_short_time(
    city: City, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ArrangementError) as refusal:
        arrange(city, "handler1", "cleaner1", "approver1", **changes)

    assert refusal.value.code == code


def test_one_person_has_one_deputy_at_a_time(city: City) -> None:
    arrange(city, "handler1", "cleaner1", "approver1")

    with pytest.raises(ArrangementError) as refusal:
        arrange(city, "handler1", "helper1", "approver1")

    assert refusal.value.code == "ALREADY_ARRANGED"


def test_a_deputy_does_not_join_powers(city: City) -> None:
    with pytest.raises(ArrangementError) as refusal:
        arrange(city, "dispatcher1", "callback1", "leader1")

    assert refusal.value.code == "POWERS_APART"


def test_a_deputy_is_given_no_post_that_would_join_powers(city: City) -> None:
    """cleaner1 loses her own post; what she holds for approver1 keeps her from another power."""
    arrange(city, "approver1", "cleaner1", "leader1")
    end_post(post=Post.objects.get(user=city["cleaner1"]), now=now())

    with pytest.raises(PowersError):
        give_post(user=city["cleaner1"], role=Role.DISPATCHER, area_code=A, now=now())


def test_nobody_away_is_given_a_post_that_her_deputy_may_not_hold(city: City) -> None:
    arrange(city, "approver1", "cleaner1", "leader1")
    end_post(post=Post.objects.get(user=city["approver1"]), now=now())

    with pytest.raises(PowersError):
        give_post(user=city["approver1"], role=Role.DISPATCHER, area_code=A, now=now())


REFUSED = (
    ("accounts_deputy_is_somebody_else", "UPDATE accounts_deputy SET deputy_id = absent_id"),
    ("accounts_deputy_is_arranged_by_another", "UPDATE accounts_deputy SET by_id = deputy_id"),
    ("accounts_deputy_ends_after_its_start", "UPDATE accounts_deputy SET ends_at = starts_at"),
    (
        "accounts_deputy_one_at_a_time",
        "INSERT INTO accounts_deputy (absent_id, deputy_id, starts_at, ends_at, reason, by_id,"
        " created_at, cancel_reason) SELECT absent_id, deputy_id, starts_at, ends_at, reason,"
        " by_id, created_at, cancel_reason FROM accounts_deputy",
    ),
    (
        "accounts_deputy_is_ended_by_somebody_with_a_reason",
        "UPDATE accounts_deputy SET cancelled_at = now(), cancelled_by_id = by_id",
    ),
    (
        "accounts_deputy_powers_are_kept_apart",
        "UPDATE accounts_deputy SET absent_id ="
        " (SELECT id FROM accounts_user WHERE username = 'dispatcher1')",
    ),
)


@pytest.mark.parametrize(("name", "sql"), REFUSED, ids=[name for name, _ in REFUSED])
def test_the_database_refuses(city: City, name: str, sql: str) -> None:
    arrange(city, "approver1", "cleaner1", "leader1")

    with (
        pytest.raises(IntegrityError, match=name),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_a_move_made_for_somebody_says_for_whom(city: City) -> None:
    case = dispatched(city)
    arrange(city, "handler1", "helper1", "approver1")

    make_move(
        case_no=case.case_no, move="sign", version=case.version, data={},
        by=fresh(city["helper1"]), now=now(),
    )  # fmt: skip

    event = Event.objects.filter(case_id=case.pk, topic="case.signed").get()
    assert event.actor_id == city["helper1"].pk
    assert event.payload["for"] == city["handler1"].pk


def test_a_move_of_ones_own_post_names_nobody_else(city: City) -> None:
    case = dispatched(city)
    arrange(city, "approver1", "handler1", "leader1")

    make_move(
        case_no=case.case_no, move="sign", version=case.version, data={},
        by=fresh(city["handler1"]), now=now(),
    )  # fmt: skip

    event = Event.objects.filter(case_id=case.pk, topic="case.signed").get()
    assert "for" not in event.payload


def test_the_api_arranges_shows_and_ends_a_deputy(city: City) -> None:
    at = now()
    body = {"absent": "handler1", "deputy": "cleaner1", "reason": "年休假",
            "starts_at": at.isoformat(), "ends_at": (at + HOUR).isoformat()}  # fmt: skip

    made = ask(city, "approver1", "POST", "deputies", body)
    shown = ask(city, "approver1", "GET", "deputies")
    path = f"deputies/{made.json()['id']}/end"
    ended = ask(city, "approver1", "POST", path, {"reason": "已返岗"})

    assert made.status_code == 201
    assert made.json()["in_force"]
    assert [item["id"] for item in shown.json()["items"]] == [made.json()["id"]]
    assert ended.status_code == 200
    assert ended.json()["cancelled_at"]


def test_an_outsider_neither_sees_nor_ends_a_deputy(city: City) -> None:
    row = arrange(city, "handler1", "cleaner1", "approver1")

    assert ask(city, "handler2", "GET", "deputies").json()["items"] == []
    assert (
        ask(city, "handler2", "POST", f"deputies/{row.pk}/end", {"reason": "x"}).status_code == 404
    )
    assert Deputy.objects.get(pk=row.pk).cancelled_at is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_join_powers_at_once_one_is_refused(real_city: City) -> None:
    """A deputy for a dispatcher, and at the same moment a handler's post for that deputy."""
    spare = User.objects.create(username="spare", name="spare", password="!")
    at = now()

    def act(which: int) -> str:
        try:
            if which:
                give_post(user=spare, role=Role.HANDLER, area_code=A,
                          unit=real_city.units["A1"], now=at)  # fmt: skip
            else:
                Deputy.objects.create(
                    absent=real_city["dispatcher1"], deputy=spare, starts_at=at - HOUR,
                    ends_at=at + HOUR, reason="年休假", by=real_city["leader1"], created_at=at,
                )  # fmt: skip
        except (PowersError, IntegrityError):
            return "refused"
        return "done"

    assert sorted(at_once(act, 2)) == ["done", "refused"]
