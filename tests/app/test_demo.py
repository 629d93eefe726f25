"""The demo city: what contract.md 2 promises is there, and its history is as true as any."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test import override_settings
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker

from accounts import identity
from accounts.actions import sign_in
from accounts.models import Post, Unit, User
from affairs.models import ServiceItem, UpstreamSystem
from config.demo.load import Wishes, load_demo
from config.demo.past import history, plans
from config.demo.past.routes import ENDS
from config.demo.units import districts, streets
from dispatch import catalogue, outbox
from dispatch.casefile import case_for
from dispatch.drawer.sights import gallery_of
from dispatch.incidents import recognising
from dispatch.lifecycle import State
from dispatch.models import (
    Assignment,
    Attachment,
    Case,
    Event,
    FeedHead,
    Incident,
    Intake,
    Link,
    Supervision,
    Tally,
)
from dispatch.subscribing import drain
from gis import locator

NOW = datetime(2026, 11, 19, 7, 30, tzinfo=UTC)
"""Thursday 19 November 2026, 15:30 in the city."""
PASSWORD = "the-demo-in-the-test"
SECRET = "whsec_c2FueGlhbi1kZW1vLXNlY3JldC0wMTIzNDU2Nzg5"
WISHES = Wishes(password=PASSWORD, secret=SECRET, days=5, cases=220)
MD5 = "django.contrib.auth.hashers.MD5PasswordHasher"
PROMISED = {
    "operator1": ("OPERATOR", "3399"),
    "inspector1": ("INSPECTOR", "339901"),
    "inspector2": ("INSPECTOR", "339902"),
    "receiver1": ("RECEIVER", "3399"),
    "leader1": ("DUTY_LEADER", "3399"),
    "dispatcher1": ("DISPATCHER", "3399"),
    "handler1": ("HANDLER", "339901"),
    "approver1": ("UNIT_APPROVER", "339901"),
    "handler2": ("HANDLER", "339902"),
    "approver2": ("UNIT_APPROVER", "339902"),
    "callback1": ("CALLBACK", "3399"),
    "commander1": ("COMMANDER", "3399"),
    "evaluator1": ("EVALUATOR", "3399"),
    "steward1": ("DATA_STEWARD", "3399"),
    "auditor1": ("AUDITOR", "3399"),
    "supervisor1": ("SUPERVISOR", "3399"),
}

pytestmark = pytest.mark.django_db


class CutOffError(Exception):
    """The power went."""


def cut_off_at_the_third_line(words: str, said: list[str]) -> None:
    said.append(words)
    if sum(" steps of " in line for line in said) == 3:
        raise CutOffError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo's pictures lie."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module", autouse=True)
def said(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    folder: Path,
) -> Iterator[list[str]]:
    """The demo, loaded once for these tests: cut off in its history, then gone on with."""
    lines: list[str] = []
    with (
        override_settings(STORAGES=storages(folder), PASSWORD_HASHERS=[MD5]),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        with pytest.raises(CutOffError):
            load_demo(WISHES, now=NOW, say=lambda words: cut_off_at_the_third_line(words, lines))
        load_demo(WISHES, now=NOW + timedelta(hours=3), say=lines.append)
        catalogue.refresh()
        yield lines
        transaction.set_rollback(True)
    catalogue.refresh()


def storages(folder: Path) -> dict[str, object]:
    files = "django.core.files.storage.FileSystemStorage"
    mine = {"BACKEND": files, "OPTIONS": {"location": str(folder)}}
    return {**django_settings.STORAGES, "default": mine}


def counts() -> dict[str, int]:
    models = (Unit, User, Post, ServiceItem, Case, Intake, Event, Attachment, FeedHead)
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.parametrize("username", PROMISED)
def test_every_promised_account_signs_in_and_has_its_one_post(username: str) -> None:
    user = sign_in(username=username, password=PASSWORD, now=NOW)

    posts = [(post.role, post.area_code) for post in user.posts.all()]
    assert posts == [PROMISED[username]]
    assert user.name


def test_handler_and_approver_of_a_district_belong_to_its_root_unit() -> None:
    units = {post.user.username: post.unit for post in Post.objects.filter(unit__parent=None)}

    assert units["handler1"] == units["approver1"] == Unit.objects.get(code="Y01-0")
    assert units["handler2"] == units["approver2"] == Unit.objects.get(code="Y02-0")


def test_every_category_has_a_lead_unit_in_every_district() -> None:
    book = catalogue.current()
    codes = [code for code, category in book.categories.items() if category.selectable]

    without = [
        (code, district.code)
        for code in codes
        for district in districts()
        if book.suggest_unit(code, district.code, at=NOW) is None
    ]

    assert len(codes) > 150
    assert not without


def test_a_street_answers_for_manhole_covers_that_nobody_owns() -> None:
    for number, street in enumerate(streets("339901"), start=1):
        suggestion = catalogue.current().suggest_unit("C0114", f"{street.code}001001", at=NOW)

        assert suggestion is not None
        assert Unit.objects.get(pk=suggestion.unit_id).code == f"Y01-S{number:02d}"


def test_the_service_hall_has_its_secret_its_items_and_five_as_best() -> None:
    hall = UpstreamSystem.objects.get(code="hall")

    assert identity.unseal(hall.secret) == SECRET
    assert hall.satisfaction_map["5"] == "VERY_SATISFIED"
    assert 50 <= ServiceItem.objects.count() <= 70


def test_a_second_run_adds_nothing(said: list[str]) -> None:
    before, lines = counts(), list[str]()

    load_demo(WISHES, now=NOW + timedelta(days=1), say=lines.append)

    assert counts() == before
    assert sum("already" in line for line in lines) >= 5


def test_a_second_run_gives_another_password_and_secret_where_they_are_asked_for() -> None:
    other = Wishes(password="another-password", secret=SECRET[:-4] + "NTY3", days=5, cases=9)

    load_demo(other, now=NOW, say=lambda _: None)

    assert sign_in(username="auditor1", password="another-password", now=NOW)
    assert identity.unseal(UpstreamSystem.objects.get(code="hall").secret) == other.secret


def test_a_load_that_was_cut_off_is_gone_on_with_and_doubles_nothing(said: list[str]) -> None:
    planned = history.plan_all(history.Extent(NOW, WISHES.days, WISHES.cases))

    voices = sum(step.leg.act == "voice" for plan in planned for step in plan.steps)
    assert Case.objects.count() == len(planned)
    assert 0.95 < len(planned) / WISHES.cases < 1.05
    assert Intake.objects.count() == voices


def test_those_who_look_over_the_work_find_something_to_look_at() -> None:
    assert Supervision.objects.filter(ended_at=None, opened_by__username="supervisor1").count() == 2
    assert Supervision.objects.filter(answered_at=None).count() == 1
    assert set(Link.objects.values_list("kind", flat=True)) == {"RELATED", "JOINT"}
    assert Assignment.objects.filter(role="SUPPORT", state="SIGNED").exists()
    below = Assignment.objects.filter(role="SUB", ended_at=None, unit__code__startswith="Y01")
    assert set(below.values_list("state", flat=True)) == {"PENDING_SIGN", "SIGNED", "SUBMITTED"}


def test_the_neighbours_calls_about_an_outage_are_offered_as_one_incident() -> None:
    drain(recognising.SUBSCRIBER, partial(recognising.recognise, now=NOW))

    assert Incident.objects.filter(district_code="339901", voices__gte=5).count() >= 1


def test_every_state_of_the_straight_way_is_there() -> None:
    states = set(Case.objects.values_list("state", flat=True).distinct())

    ended = {State.CLOSED, State.REJECTED, State.VOIDED, State.MERGED}
    assert {*history.STANDING, *ended} <= states
    kinds = set(Case.objects.values_list("close_type", flat=True).distinct())
    assert {"NORMAL", "DIRECT_ANSWER", "SELF_HANDLED"} <= kinds


def test_the_lines_speak_about_as_often_as_they_should() -> None:
    lines = Counter(Case.objects.values_list("line", flat=True))

    assert 0.40 < lines["HOTLINE"] / WISHES.cases < 0.66
    assert 0.24 < lines["GRID"] / WISHES.cases < 0.48
    assert 0.04 < lines["AFFAIRS"] / WISHES.cases < 0.20


def test_district_a_has_cases_that_are_overdue_near_and_in_time() -> None:
    open_cases = Case.objects.open().filter(district_code="339901")
    overdue = open_cases.filter(due_at__lte=NOW).count()
    near = open_cases.filter(due_at__gt=NOW, due_at__lte=NOW + timedelta(hours=2)).count()

    assert 1 <= overdue <= open_cases.count() * 0.2
    assert near >= 3
    assert open_cases.count() - overdue - near >= open_cases.count() * 0.3


def test_a_few_hundred_cases_and_more_leave_district_a_with_its_full_queue() -> None:
    planned = history.plan_all(history.Extent(NOW, 21, 1300))

    open_in_a = [
        plan
        for plan in planned[:450]
        if plan.steps[0].story.spot.district == "339901" and plan.steps[-1].leg.act not in ENDS
    ]
    assert 120 <= len(open_in_a) <= 150


def test_nothing_has_happened_after_now_and_each_case_in_order() -> None:
    late = Event.objects.filter(at__gt=NOW)
    moments: dict[int, datetime] = {}
    for case_id, at in Event.objects.order_by("id").values_list("case_id", "at"):
        assert moments.get(case_id, at) <= at
        moments[case_id] = at

    assert not late.exists()
    assert min(moments.values()) > NOW - plans.SEARCH_BACK, "open ones may have a long limit"


def test_the_tally_is_what_a_recount_says() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT district_code, line, category_code, state, count(*) FROM dispatch_case"
            " GROUP BY 1, 2, 3, 4"
        )
        counted = set(cursor.fetchall())
    columns = ("district", "line", "category", "state", "count")

    assert set(Tally.objects.filter(count__gt=0).values_list(*columns)) == counted


def test_the_log_is_numbered_without_gaps_and_its_chain_holds() -> None:
    names = (
        "id case_id case_no topic actor_id at from_state to_state line category priority district"
    ).split()
    before: dict[str, tuple[int, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT seq, digest, {', '.join(names)}, payload::text FROM dispatch_event"
            " ORDER BY district, seq"
        )
        for seq, digest, *row in cursor.fetchall():
            last, previous = before.get(row[11], (0, outbox.GENESIS))
            assert seq == last + 1
            assert digest == outbox.digest_of(previous, seq, row)
            before[row[11]] = (seq, digest)

    assert dict(FeedHead.objects.values_list("district", "seq")) == {
        district: seq for district, (seq, _) in before.items()
    }


def test_the_callers_have_numbers_that_nobody_has() -> None:
    sealed = Intake.objects.exclude(caller_phone=None).values_list("caller_phone", flat=True)

    phones = [identity.unseal(phone) for phone in sealed]
    assert len(phones) > 80
    assert all(phone.startswith("1380013") and len(phone) == 11 for phone in phones)


def test_some_cases_have_several_voices_and_some_have_pictures(folder: Path) -> None:
    assert Case.objects.filter(intakes_count__gt=1).exists()
    photo = Attachment.objects.filter(case__isnull=False).first()

    assert photo is not None
    assert (folder / str(photo.file)).read_bytes().startswith(b"\xff\xd8\xff")


def test_the_pictures_before_and_after_say_how_far_apart_they_were_taken() -> None:
    worked_on = Attachment.objects.filter(role="AFTER").values_list("case_id", flat=True)
    galleries = [
        gallery_of(case_id, [str(one.pk) for one in Attachment.objects.filter(case_id=case_id)])
        for case_id in worked_on
        if case_id
    ]

    metres = [one.metres for one in galleries if one.before]
    assert len(metres) > 1
    assert all(n is not None and n < 300 for n in metres)


def test_the_handler_of_the_root_may_sign_every_case_of_her_district() -> None:
    waiting = Case.objects.filter(district_code="339901", state=State.PENDING_SIGN.value)
    handler = User.objects.get(username="handler1")

    seen = waiting.visible_to(handler)

    assert seen.count() == waiting.count() > 3
    for case in seen:
        moves = case_for(handler, case.case_no, now=NOW)["moves"]
        assert "sign" in {move["move"] for move in moves}


def test_every_case_lies_in_the_cell_and_district_that_it_names() -> None:
    for case in Case.objects.exclude(location=None)[:60]:
        assert case.location is not None
        found = locator.locate(case.location.x, case.location.y)

        assert found is not None
        assert (found.district_code, found.cell_code) == (case.district_code, case.cell_code)


def test_the_words_are_filled_in() -> None:
    texts = Intake.objects.values_list("title", "content")

    assert not [text for pair in texts for text in pair if "{" in text or "|" in text]


def test_the_demo_is_refused_where_it_is_not_a_demo(settings: Settings) -> None:
    settings.DEMO = False

    for name in ("load_demo", "simulate"):
        with pytest.raises(CommandError, match="DEMO"):
            call_command(name)
