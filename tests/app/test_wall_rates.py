"""The rates of the wall are the domain's: by endings in the period, never by creation."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from dispatch.models import Callback, Case, Event, Intake, Timer
from dispatch.wall import rates
from dispatch.wall.rates import Rate, Standing, Stay
from screen import board, figures
from screen.board import Board
from screen.models import Flow, FlowHead, Reading
from screen.places import WallArea
from tests.app.test_disputes import dispatched, log, move
from tests.app.test_feed import relay_all
from tests.app.test_lifecycle_machine import CATEGORIES
from tests.city import NOW, A, B, City

DAY = timedelta(days=1)
END = NOW + timedelta(days=3)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    board.forget()
    yield
    board.forget()


def signed(city: City, minutes: float) -> Case:
    """A case that its unit signed so many minutes after it was dispatched."""
    return move(city, dispatched(city), "handler1", "sign", minutes=minutes)


def closed(city: City, minutes: float, satisfaction: str, solved: str = "YES") -> Case:
    """A case closed by a call back so many minutes after NOW."""
    case = signed(city, 1)
    Case.objects.filter(pk=case.pk).update(state="PENDING_CALLBACK")
    Event.objects.create(
        case_id=case.pk, case_no=case.case_no, topic="case.check_skipped", at=case.state_at,
        from_state="PROCESSING", to_state="PENDING_CALLBACK", line=case.line,
        category=case.category_code, priority=case.priority, district=case.district_code,
    )  # fmt: skip
    at = NOW + timedelta(minutes=minutes)
    Callback.objects.create(
        intake=case.intakes.get(), at=at, by=city["callback1"], solved=solved,
        satisfaction=satisfaction,
    )  # fmt: skip
    Intake.objects.filter(case=case).update(wants_reply=False)
    return move(city, case, "callback1", "callback_done", minutes=minutes)


def test_each_rate_is_a_recount_of_what_ended_in_the_period(city: City) -> None:
    early = closed(city, 60, "SATISFIED")
    closed(city, 70, "BASICALLY")
    again = closed(city, 80, "DISSATISFIED", solved="NO")
    Case.objects.filter(pk=again.pk).update(rework_count=1)
    later = closed(city, 3 * 24 * 60, "VERY_SATISFIED")
    relay_all()
    since, until = NOW + timedelta(minutes=65), NOW + timedelta(days=2)

    found = rates.rates([A, B], since=since, until=until)

    ended = Event.objects.filter(topic="case.closed", at__gt=since, at__lte=until)
    in_time = [e for e in ended if e.payload["close_type"] != "OVERTIME"]
    assert set(ended.values_list("case_id", flat=True)).isdisjoint({early.pk, later.pk})
    assert found["CLOSED_IN_TIME"] == Rate(len(in_time) / 2, 2)
    assert found["CONTENT"] == Rate(0.8 / 2, 2)
    assert found["SOLVED_ONCE"] == Rate(1 / 2, 2)


def test_old_cases_count_on_the_day_they_are_closed(city: City) -> None:
    case = closed(city, 4 * 24 * 60, "SATISFIED")
    relay_all()
    day_made = rates.rates([A], since=NOW - DAY, until=NOW + DAY)
    day_closed = rates.rates([A], since=NOW + 3 * DAY, until=NOW + 5 * DAY)

    assert case.created_at == NOW
    assert day_made["CLOSED_IN_TIME"] == Rate(None, 0)
    assert day_closed["CLOSED_IN_TIME"].n == 1


def test_signing_in_time_goes_by_the_signing_and_its_clock(city: City) -> None:
    quick, slow = signed(city, 2), signed(city, 60 * 24 * 2)
    signed(city, 60 * 24 * 9)
    relay_all()

    found = rates.rates([A, B], since=NOW, until=END)["SIGNED_IN_TIME"]

    timers = Timer.objects.filter(case__in=[quick, slow], stage="SIGN")
    met = sum(timer.state == "MET" for timer in timers)
    assert (met, timers.count()) == (1, 2)
    assert found == Rate(1 / 2, 2)


def test_nothing_ended_means_no_rate_rather_than_nought(city: City) -> None:
    log(city)
    relay_all()
    found = rates.rates([A, B], since=NOW - DAY, until=END)
    assert set(found.values()) == {Rate(None, 0)}


def test_a_stay_is_from_entering_a_step_to_leaving_it(city: City) -> None:
    for minutes in (10, 20, 90):
        case = log(city)
        move(city, case, "receiver1", "accept", minutes=minutes - 5)
        move(city, case, "leader1", "file", minutes=minutes)
        move(city, case, "dispatcher1", "dispatch", minutes=minutes + 30)
    relay_all()

    found = {s.step: s for s in rates.stays([A, B], since=NOW - DAY, until=END)}

    assert found == {"COLLECT": Stay("COLLECT", 1200.0, 3), "ACCEPT": Stay("ACCEPT", 1800.0, 3)}
    assert figures.bottleneck(found.values()) == "", "three stays are too few"
    enough = [Stay("COLLECT", 1200, 5), Stay("ACCEPT", 1800, 5), Stay("CHECK", 9999, 4)]
    assert figures.bottleneck(enough) == "ACCEPT"


def test_too_few_cases_give_no_place_and_places_move(city: City) -> None:
    rows = figures.ranking(
        [
            Standing("A", "甲", Rate(0.9, 40), Rate(0.7, 40)),
            Standing("B", "乙", Rate(0.8, 40), Rate(0.8, 40)),
            Standing("C", "丙", Rate(1.0, 9), Rate(1.0, 40)),
        ],
        {},
    )
    assert [(r["name"], r["place"], r["moved"]) for r in rows] == [
        ("甲", 1, 1), ("乙", 2, -1), ("丙", None, None),
    ]  # fmt: skip


def test_districts_are_ranked_in_the_city_and_units_in_a_district(city: City) -> None:
    for n in range(3):
        closed(city, 60 + n, "SATISFIED")
    relay_all()
    span: dict[str, Any] = {"since": NOW - 7 * DAY, "middle": NOW, "until": END}

    by_district = rates.standings([A, B], by_unit=False, **span)
    by_unit = rates.standings([A], by_unit=True, **span)

    assert [(s.code, s.on_time.n) for s in by_district] == [(A, 3)]
    assert [(s.name, s.on_time.n, s.before.n) for s in by_unit] == [("云中区环卫所", 3, 0)]
    people = set(Callback.objects.values_list("by__name", flat=True)) | {"handler1"}
    assert not people & {s.name for s in by_unit}


def test_issues_change_against_the_same_weekday_until_the_same_hour(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    for category in (CATEGORIES[0], CATEGORIES[0], CATEGORIES[1]):
        log(city, category)
    relay_all()
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=7, minutes=1))
    week_later = Board(WallArea("3399")).panels()
    board.forget()
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(minutes=1))
    same_day = Board(WallArea("3399")).panels()

    assert [(i["code"], i["n"], i["before"]) for i in same_day["issues"]] == [
        (CATEGORIES[0], 2, 0), (CATEGORIES[1], 1, 0),
    ]  # fmt: skip
    assert same_day["today_change"] is None
    assert week_later["issues"] == []
    assert (week_later["today_before"], week_later["today_change"]) == (3, -1.0)


FLOW = {"district": A, "bucket": NOW, "line": "GRID", "category": "E0104",
        "from_state": "", "to_state": "REGISTERED", "count": 1}  # fmt: skip


def test_the_database_keeps_one_flow_each_and_none_that_goes_nowhere(city: City) -> None:
    Flow.objects.create(**FLOW)
    with pytest.raises(IntegrityError, match="screen_flow_one_row_each"), transaction.atomic():
        Flow.objects.create(**FLOW)
    with pytest.raises(IntegrityError, match="screen_flow_goes_somewhere"), transaction.atomic():
        Flow.objects.create(**{**FLOW, "from_state": "REGISTERED"})


def test_the_database_keeps_one_reading_and_one_head_each(city: City) -> None:
    Reading.objects.create(district=A, at=NOW, overdue=1, due_soon=1)
    with pytest.raises(IntegrityError, match="screen_reading_one_per_moment"), transaction.atomic():
        Reading.objects.create(district=A, at=NOW, overdue=2, due_soon=2)
    FlowHead.objects.create(district=A)
    with pytest.raises(IntegrityError), transaction.atomic():
        FlowHead.objects.create(district=A)
