"""Whatever changes a row of an open case, the board of another process notices it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from dispatch import catalogue
from dispatch.actions.importing import Outcome, close_as_at_source
from dispatch.actions.joining.deciding import accept
from dispatch.board.current import Board
from dispatch.board.opencases import WORDS, OpenCases
from dispatch.bulk import submit_many
from dispatch.models import Case, Category, Intake
from dispatch.timekeeping import calendars
from dispatch.timekeeping.calendars import Day
from dispatch.timekeeping.recomputing import recompute_deadlines
from dispatch.timekeeping.reviewing import mark_reviews
from dispatch.timekeeping.sweeping import end_pauses, sweep_due
from tests.app.joining_fixtures import ESTATE, caller, recognise, say
from tests.app.test_bulk import voice
from tests.app.test_disputes import RETURN, dispatched, log, move, processing
from tests.app.test_feed import relay_all
from tests.app.test_tasks import GIVE, led_by_the_centre
from tests.city import NOW, City

Rows = dict[int, dict[str, Any]]


@pytest.fixture
def follower(city: City) -> Iterator[Board]:
    """A board that has looked once, and from now on only reads what the log says."""
    board = Board()
    board.read(rows_of)
    yield board
    assert_true(board)
    catalogue.refresh()


def rows_of(cases: OpenCases) -> Rows:
    """Every open case with all that the board knows of it."""
    words = {name: list(cases.words[name]) for name in WORDS}
    rows: Rows = {}
    for place, pk in enumerate(cases["id"].tolist()):
        row = {name: cases[name][place].item() for name in cases.columns}
        rows[pk] = {
            **{name: words[name][value] if name in words else value for name, value in row.items()},
            "supports": cases.supports.get(pk, frozenset()),
        }
    return rows


def assert_true(board: Board) -> None:
    """What was followed is what somebody who reads all anew finds, numbered and not."""
    assert board.read(rows_of) == Board().read(rows_of)
    relay_all()
    assert board.read(rows_of) == Board().read(rows_of)


def test_voices_that_join_and_cases_that_merge_and_part(city: City, follower: Board) -> None:
    primary, other = dispatched(city, "E0105"), log(city, "E0105", priority=1)
    assert_true(follower)
    say(city, "E0105", 5, attach_to_case=primary.case_no, caller=caller(1), priority=0)
    assert_true(follower)
    move(city, other, "leader1", "merge", 10, into=primary.case_no, reason="同一处")
    assert_true(follower)
    move(city, other, "leader1", "unmerge", 20, reason="并错了")
    assert_true(follower)
    number = Intake.objects.filter(case=primary).latest("pk").intake_no
    move(city, primary, "leader1", "split", 30, intakes=[number], reason="是两件事")
    assert_true(follower)


def test_units_that_come_and_go(city: City, follower: Board) -> None:
    case = led_by_the_centre(city)
    move(city, case, "handler1", "sub_dispatch", 10, **GIVE, hours="4")
    assert_true(follower)
    move(city, case, "approver1", "recall", 20, unit="A2", reason="不需要了")
    assert_true(follower)
    move(city, case, "approver1", "request_return", 30, **{**RETURN, "unit": "A1"})
    assert_true(follower)
    move(city, case, "dispatcher1", "accept_return", 40, reason="确属市政")
    assert_true(follower)


def test_clocks_that_stand_run_on_and_are_reckoned_anew(city: City, follower: Board) -> None:
    case = processing(city)
    move(city, case, "handler1", "wait_citizen", 10, text="请补充", way="PHONE")
    assert_true(follower)
    assert end_pauses(now=NOW + timedelta(days=8))
    assert_true(follower)
    move(city, case, "approver1", "request_suspension", 60 * 24 * 8, cause="SEASON", reason="回暖")
    move(city, case, "leader1", "suspend", 60 * 24 * 8 + 5, until="2026-04-30", reason="同意")
    assert_true(follower)
    assert mark_reviews(now=NOW + timedelta(days=40))
    assert_true(follower)
    fresh = dispatched(city, "E0105")
    calendars.load_days([Day(date(2026, 3, 3), is_workday=False, name="防汛停工")], source="t")
    catalogue.refresh()
    assert recompute_deadlines(now=NOW)
    assert_true(follower)
    assert sweep_due(now=NOW + timedelta(days=4))
    assert Case.objects.filter(pk=fresh.pk, is_open=True).exists()


def test_what_the_rules_file_and_dispatch_by_themselves(city: City, follower: Board) -> None:
    Category.objects.filter(code="E0104").update(auto_file=True, auto_dispatch=True)
    catalogue.refresh()
    case = log(city)
    move(city, case, "receiver1", "accept", 5)
    assert case.state == "PENDING_SIGN"
    assert_true(follower)


def test_what_an_import_brings_and_its_source_has_closed(city: City, follower: Board) -> None:
    assert submit_many([voice(str(n), seconds=n) for n in range(4)], by=None)
    assert_true(follower)
    keys = Intake.objects.exclude(source_id="").values_list("source_system", "source_id")
    Intake.objects.update(wants_reply=False)
    ended = [Outcome(key, NOW + timedelta(hours=1)) for key in list(keys)[:2]]
    assert close_as_at_source(ended, by=None, now=NOW + timedelta(days=1)) == len(ended)
    assert_true(follower)


def test_an_area_incident_that_joins_its_cases(city: City, follower: Board) -> None:
    for n in range(12):
        say(city, "L9013", n / 2, caller=caller(n), address=ESTATE)
    (incident,) = recognise(NOW + timedelta(minutes=10))
    assert_true(follower)
    accept(
        incident_id=incident.pk, answer="正在抢修", auto_join=True, by=city["leader1"],
        now=NOW + timedelta(minutes=12),
    )  # fmt: skip
    assert Case.objects.filter(state="MERGED").exists()
    assert_true(follower)
