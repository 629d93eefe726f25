"""A day of the demo city: people speak and work over HTTP, and wait for a server that is away."""

import io
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import LoginFailure
from affairs.models import UpstreamSystem
from config.demo.load import Wishes, load_demo
from config.demo.spots import Spots
from config.demo.stories import StoryTeller
from config.demo.today.day import Day
from config.demo.today.day import Wishes as WholeDay
from config.demo.today.doors import Answer, Doors, SignInRefusedError
from config.demo.today.voices import Spoken, Voices
from config.demo.today.work import Work
from dispatch import catalogue
from dispatch.models import Event, FeedHead, Intake, Line
from gis import locator
from tests.city import HALL_SECRET, City

PASSWORD = "the-day-in-the-test"
NOBODY_LISTENS = "http://127.0.0.1:9"
BEGAN = datetime(2026, 11, 19, 7, 30, tzinfo=UTC)


@pytest.fixture
def demo(transactional_db: None, settings: Settings, tmp_path: Path) -> None:
    """A small demo, committed, with its files in a folder of this test."""
    settings.DEMO = True
    files = "django.core.files.storage.FileSystemStorage"
    mine = {"BACKEND": files, "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "default": mine}
    wishes = Wishes(password=PASSWORD, secret="", days=2, cases=60)
    load_demo(wishes, now=datetime.now(UTC), say=lambda _: None)


def simulate(base_url: str, **options: object) -> str:
    out = io.StringIO()
    call_command("simulate", base_url=base_url, stdout=out, seed=7, **options)
    return out.getvalue()


def assert_log_as_written() -> None:
    """Nobody altered the log of any district."""
    out = io.StringIO()
    call_command("verify_log", stdout=out)
    assert out.getvalue().count("as written") == FeedHead.objects.count() >= 6


def test_voices_of_all_lines_come_in_and_cases_go_on_over_http(
    demo: None, live_server: LiveServer
) -> None:
    assert_log_as_written()
    voices, last = Intake.objects.count(), Event.objects.order_by("-id").values_list("id")[0][0]

    said = simulate(live_server.url, password=PASSWORD, rate=240, minutes=0.35, incident=True)

    new = Intake.objects.order_by("id")[voices:]
    assert len(new) >= 12
    assert {intake.line for intake in new} == {"HOTLINE", "GRID", "AFFAIRS"}
    topics = set(Event.objects.filter(id__gt=last).values_list("topic", flat=True))
    assert {"case.registered", "case.answered"} & topics
    assert len(topics) >= 4
    assert "voices" in said
    assert "refused" not in said


def test_a_password_that_does_not_fit_is_tried_only_once(
    real_city: City, live_server: LiveServer
) -> None:
    doors = Doors(live_server.url, "not-the-password")

    with pytest.raises(SignInRefusedError):
        doors.get("me", user="operator1")

    doors.close()
    assert LoginFailure.objects.count() == 1


class Caller(Voices):
    """Somebody who only asks who she is."""

    def speak(self, now: datetime) -> Spoken:
        return Spoken(Line.HOTLINE, self.doors.get("me", user="operator1"))


def test_a_server_that_is_away_is_waited_for(city: City) -> None:
    said: list[str] = []
    doors, draw = Doors(NOBODY_LISTENS, ""), random.Random(3)
    caller = Caller(doors, StoryTeller(Spots([], locator.snapshot()), draw), HALL_SECRET)

    Day(caller, work_on(doors), WholeDay(rate=600, minutes=0.06), say=said.append).run()

    assert any("The server is away" in words for words in said)
    assert "0 voices" in said[-1]


def test_without_a_password_it_says_what_to_give(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO = True
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)

    with pytest.raises(CommandError, match="DEMO_PASSWORD"):
        simulate(NOBODY_LISTENS)


class OneCase(Doors):
    """A server with one open case; it takes every move."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__(NOBODY_LISTENS, "")
        self.item = item
        self.moves: list[str] = []

    def get(self, path: str, *, user: str) -> Answer:
        return Answer(200, {"items": [self.item], "next": None})

    def post(self, path: str, body: Mapping[str, Any], *, user: str) -> Answer:
        self.moves.append(body["move"])
        self.item["version"] += 1
        return Answer(200, {"version": self.item["version"]})


def open_case(changed: datetime) -> dict[str, Any]:
    return {
        "case_no": "33990120261119H000001",
        "state": "PENDING_FILING",
        "state_at": changed.isoformat(),
        "version": 3,
        "priority": 2,
        "line": "GRID",
    }


def work_on(doors: Doors) -> Work:
    return Work(doors, catalogue.current(), random.Random(3), rate=60, began=BEGAN)


def rounds(work: Work, count: int) -> None:
    for number in range(1, count + 1):
        work.round(BEGAN + timedelta(minutes=number))


def test_a_case_that_lay_there_before_is_worked_on(city: City) -> None:
    doors = OneCase(open_case(BEGAN - timedelta(hours=1)))

    rounds(work_on(doors), 30)

    assert doors.moves


def test_an_inspector_is_on_her_way_before_she_checks(city: City) -> None:
    asked = {**open_case(BEGAN - timedelta(seconds=20)), "state": "CHECKING", "district": "339901"}
    doors = OneCase(asked)
    work = work_on(doors)

    work.round(BEGAN + timedelta(seconds=30))
    assert work.checking(asked) is None, "a check within a minute of its order is no check"
    work.round(BEGAN + timedelta(seconds=120))

    act = work.checking(asked)
    assert act is not None
    assert act[1] in {"check_pass", "check_fail"}


def test_call_backs_are_shared_and_one_case_keeps_its_caller(city: City) -> None:
    work = work_on(OneCase(open_case(BEGAN)))
    callers = {}
    for number in range(60):
        case = {**open_case(BEGAN), "case_no": f"33990120261119H{number:06d}"}
        first, second = work.pending_callback(case), work.pending_callback(case)
        assert first is not None
        assert second is not None
        callers[number] = first[0]
        if second[1] == "callback_done":
            assert second[0] == first[0]

    assert set(callers.values()) == {"callback2", "callback3", "callback4"}


def test_an_emergency_is_looked_at_while_its_unit_works(city: City) -> None:
    case = {
        **open_case(BEGAN), "state": "REGISTERED", "priority": 0, "line": "HOTLINE",
        "district": "339901", "category": {"code": "E0401"}, "sensitive": False,
        "location": {"lon": 119.6, "lat": 29.9}, "due": {"stage": "SIGN"},
    }  # fmt: skip
    work = work_on(OneCase(case))
    sent = work.registered(case)
    assert sent is not None
    assert sent[1] == "emergency_dispatch"
    assert (work.pending_sign(case) or ("", ""))[1] == "sign", "she is on her way"

    work.round(BEGAN + timedelta(minutes=3))
    look = work.pending_sign(case)

    assert look is not None
    assert (look[0], look[1]) == ("inspector3", "verified_true")
    assert (work.processing(case) or ("", ""))[1] == "submit_result", "she has looked"


def test_a_case_that_somebody_has_taken_in_hand_is_left_alone(city: City) -> None:
    of_somebody = OneCase(open_case(BEGAN + timedelta(seconds=20)))
    taken_over = OneCase(open_case(BEGAN - timedelta(hours=1)))
    work = work_on(taken_over)
    rounds(work, 30)
    before = len(taken_over.moves)
    taken_over.item["version"] += 1

    rounds(work_on(of_somebody), 60)
    rounds(work, 60)

    assert not of_somebody.moves
    assert before
    assert len(taken_over.moves) == before


def test_a_city_without_the_demo_is_told_to_load_it(real_city: City, settings: Settings) -> None:
    settings.DEMO = True
    UpstreamSystem.objects.all().delete()

    with pytest.raises(CommandError, match="load_demo"):
        simulate(NOBODY_LISTENS, password=PASSWORD)
