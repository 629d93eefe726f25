"""Every number of the wall is a recount: after random moves, in the past, and from the flows."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatch import outbox
from dispatch.lifecycle import OPEN
from dispatch.models import Case, Event
from dispatch.voices import Caller, Position
from dispatch.wall import points
from hotline.actions import Call, log_call
from screen import board, figures, flows, past
from screen.board import Board, board_of
from screen.models import Reading
from screen.places import WallArea
from tests.app.test_disputes import log
from tests.app.test_feed import relay_all
from tests.app.test_lifecycle_machine import step
from tests.city import A_CENTRE, B_CENTRE, NOW, A, B, City

CITY = WallArea("3399")
MOVES = 200


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    board.forget()
    yield
    board.forget()


def lively(city: City, seed: int, moves: int = MOVES) -> tuple[list[Case], datetime]:
    """Cases of both districts and several kinds, and so many random moves, a minute apart."""
    chance = Random(seed)
    cases = []
    for n in range(24):
        lon, lat = A_CENTRE if n % 3 else B_CENTRE
        place = Position(lon + n * 0.0002, lat, "WGS84")
        category = ("E0104", "E0102", "C0101")[n % 3]
        cases.append(log(city, category, title=f"第 {n} 件", position=place))
    for n in range(moves):
        step(chance, city, cases, NOW + timedelta(minutes=1 + n))
    relay_all()
    return cases, NOW + timedelta(minutes=1 + moves)


def shown(at: datetime, area: WallArea = CITY) -> dict[str, Any]:
    """What a board that was never asked before says at a moment."""
    with mock.patch.object(timezone, "now", return_value=at):
        return Board(area).pulse()


def recount(area: WallArea, at: datetime) -> dict[str, Any]:
    """The counters from the rows of the cases, by plain counting."""
    cases = Case.objects.filter(district_code__startswith=area.code)
    opened = cases.filter(is_open=True)
    day = {"at__gte": board.midnight(at), "district__startswith": area.code}
    return {
        "open": opened.count(),
        "waiting_dispatch": cases.filter(state="PENDING_DISPATCH").count(),
        "due_soon": opened.filter(due_at__gt=at, due_at__lte=at + timedelta(hours=2)).count(),
        "overdue": opened.filter(due_at__lte=at).count(),
        "closed": Event.objects.filter(**day, to_state="CLOSED")
        .exclude(from_state="CLOSED")
        .count(),
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_after_200_random_moves_every_counter_is_a_recount(city: City, seed: int) -> None:
    _, at = lively(city, seed)

    for area in (CITY, WallArea(A), WallArea(B)):
        pulse = shown(at, area)
        opened = Case.objects.filter(is_open=True, district_code__startswith=area.code)
        made = Case.objects.filter(
            created_at__gte=board.midnight(at), district_code__startswith=area.code
        )

        assert pulse["board"] == recount(area, at)
        assert pulse["today"]["lines"] == lines_of(made)
        assert pulse["open_lines"] == lines_of(opened)
        assert sum(pulse["labels"].values()) == pulse["board"]["open"]
        assert Counter(pulse["labels"]) == Counter(by_part(area, opened))


def lines_of(cases: Any) -> dict[str, int]:
    """Cases by line, all three named."""
    counted = Counter(cases.values_list("line", flat=True))
    return {line: counted[line] for line in figures.LINES}


def by_part(area: WallArea, cases: Any) -> Counter[str]:
    """Cases by district of a city or by street of a district."""
    column = "district_code" if area.is_city else "street_code"
    return Counter(cases.values_list(column, flat=True))


def test_each_open_state_stands_at_exactly_one_step_of_the_loop() -> None:
    from dispatch.wall.rates import LOOP

    stages = [state for _, states in LOOP for state in states]
    assert sorted(stages) == sorted(OPEN)


@pytest.mark.parametrize("fold_after", [0, 60, MOVES])
def test_the_past_is_what_was_recorded_at_that_moment(city: City, fold_after: int) -> None:
    """Recorded while it happened, asked for afterwards, with flows added up in between or not."""
    chance, recorded = Random(5), {}
    cases = [
        log(city, "E0104", title=f"第 {n} 件", position=Position(*place, "WGS84"), priority=n % 4)
        for n, place in enumerate((A_CENTRE, B_CENTRE, A_CENTRE, B_CENTRE, A_CENTRE, A_CENTRE))
    ]
    at = NOW
    for n in range(MOVES):
        step(chance, city, cases, at)
        if n % 20 == 7:
            call_at(city, at, f"后来的第 {n} 件")
        relay_all()
        if n == fold_after:
            flows.fold()
        if n % 10 == 0:
            recorded[at] = [whole_state(at, area) for area in (CITY, WallArea(A))]
        at += timedelta(minutes=7, seconds=13)

    for moment, states in recorded.items():
        for area, state in zip((CITY, WallArea(A)), states, strict=True):
            found = past.moment(area, at=moment, now=at)
            assert {name: found[name] for name in state} == state, moment


def call_at(city: City, at: datetime, title: str) -> None:
    """A call that comes in at that moment."""
    call = Call(
        kind="COMPLAINT",
        title=title,
        content="",
        category="E0104",
        caller=Caller(phone="13800138000"),
        occurred_at=at,
        position=Position(*A_CENTRE, "WGS84"),
    )
    log_call(call, by=city["operator1"], now=at)


def whole_state(at: datetime, area: WallArea) -> dict[str, Any]:
    """Counters, labels, loop, map and list as they are now, in the shape of the past."""
    pulse = shown(at, area)
    cases = points.newest(area.districts(), most=1500)
    urgent = points.emergencies(area.districts(), most=6)
    return {
        "board": {**pulse["board"], "due_soon": None, "overdue": None},
        "today": pulse["today"],
        "open_lines": pulse["open_lines"],
        "loop": pulse["loop"],
        "labels": {code: n for code, n in pulse["labels"].items() if n or area.is_city},
        "points": [board.dot(point) for point in cases if point.lon is not None],
        "queue": [past._row(point) for point in past.queue(cases)],
        "emergencies": [past._row(point) for point in urgent],
        "emergencies_in_all": pulse["emergencies_in_all"],
    }


def test_steps_come_in_pieces_without_a_gap_or_a_double(city: City) -> None:
    _, at = lively(city, 7, moves=60)
    everything = past.steps(CITY, since=NOW - timedelta(1), after_id=0, until=at, now=at)["items"]

    with mock.patch.object(past, "MOST_STEPS", 7):
        pieces, key = [], {"since": NOW - timedelta(1), "after_id": 0}
        while True:
            piece = past.steps(CITY, until=at, now=at, **key)  # type: ignore[arg-type]
            pieces += piece["items"]
            if piece["next"] is None:
                break
            since = datetime.fromisoformat(piece["next"]["since"])
            key = {"since": since, "after_id": piece["next"]["after"]}

    assert pieces == everything
    assert len(everything) == Event.objects.count()


def test_an_event_that_arrives_late_moves_the_past_too(city: City) -> None:
    lively(city, 9, moves=40)
    flows.fold()
    before = past.moment(CITY, at=NOW + timedelta(hours=3), now=NOW + timedelta(days=1))

    log(city, title="迟到的一件", occurred_at=NOW)
    relay_all()
    flows.fold()
    after = past.moment(CITY, at=NOW + timedelta(hours=3), now=NOW + timedelta(days=1))

    assert after["board"]["open"] == before["board"]["open"] + 1


def test_overdue_in_the_past_comes_from_readings_and_is_blank_without(city: City) -> None:
    lively(city, 10, moves=10)
    later = NOW + timedelta(days=2)
    flows.take_readings(now=later)
    written = recount(CITY, later)

    there = past.moment(CITY, at=later + timedelta(seconds=40), now=later + timedelta(hours=1))
    nowhere = past.moment(CITY, at=later - timedelta(hours=5), now=later + timedelta(hours=1))

    assert there["board"]["overdue"] == written["overdue"] > 0
    assert there["board"]["due_soon"] == written["due_soon"]
    assert nowhere["board"]["overdue"] is None
    assert Reading.objects.count() == 2


def test_the_time_machine_refuses_the_future_and_the_far_past(city: City) -> None:
    for at in (NOW + timedelta(seconds=1), NOW - timedelta(days=9)):
        with pytest.raises(past.MomentError):
            past.moment(CITY, at=at, now=NOW)


def test_a_hundred_walls_cost_what_one_costs(city: City) -> None:
    lively(city, 11, moves=10)
    board_of(CITY).pulse()
    board.forget()
    with CaptureQueriesContext(connection) as one:
        board_of(CITY).pulse()
    board.forget()
    with CaptureQueriesContext(connection) as hundred:
        for _ in range(100):
            board_of(CITY).pulse()

    assert len(hundred) == len(one)


def test_a_sensitive_case_is_counted_and_never_shown(city: City) -> None:
    case = log(city, title="敏感的一件", priority=0)
    Case.objects.filter(pk=case.pk).update(sensitive=True)
    relay_all()
    seen = Board(CITY)

    assert seen.pulse()["board"]["open"] == 1
    assert seen.pulse()["feed"] == seen.pulse()["emergencies"] == []
    assert seen.map() == {"points": [], "density": []}
    steps = past.steps(CITY, since=NOW - timedelta(1), after_id=0, until=NOW, now=NOW)["items"]
    assert [(made["case_no"], made["lon"]) for made in steps] == [("", None)]
    assert past.moment(CITY, at=NOW, now=NOW)["points"] == []


def test_a_point_stands_on_a_raster_and_tells_no_door(city: City) -> None:
    log(city, position=Position(119.60013, 29.90027, "WGS84"), address="秋涛路22号 3幢 501")
    relay_all()
    ((_, lon, lat, *_),) = Board(CITY).map()["points"]

    assert (lon, lat) == (119.6, 29.9005)
    assert "501" not in str(Board(CITY).pulse()) and "13800138000" not in str(Board(CITY).pulse())


def test_when_the_relay_stands_still_the_wall_says_since_when(city: City) -> None:
    log(city)
    outbox.number_batch(now=NOW)
    log(city, title="还没编号")

    pulse = shown(NOW + timedelta(minutes=3))

    assert pulse["at"] == NOW.isoformat()
    assert pulse["board"]["open"] == 1


def test_the_feed_is_full_though_clocks_run_out_after_every_change(city: City) -> None:
    """The newest numbers of a district may all belong to clocks: news are looked for behind."""
    case, *_ = lively(city, 32, moves=20)[0]
    noise = Event.objects.filter(case_id=case.pk).order_by("id").first()
    assert noise is not None
    Event.objects.bulk_create(
        Event(
            case_id=case.pk, case_no=case.case_no, topic="case.overdue", at=NOW + timedelta(days=1),
            from_state=case.state, to_state=case.state, line=case.line,
            category=case.category_code, priority=case.priority, district=case.district_code,
        )
        for _ in range(60)
    )  # fmt: skip
    relay_all()

    assert len(Board(WallArea(case.district_code)).pulse()["feed"]) == board.MOST_FEED


def test_a_costly_part_rests_ten_times_as_long_as_it_took_but_never_the_pulse() -> None:
    clock, asked = [0.0], []

    def slow(now: datetime) -> int:
        clock[0] += 3
        asked.append(now)
        return len(asked)

    kept = Board(CITY)
    with mock.patch.object(board, "time", SimpleNamespace(monotonic=lambda: clock[0])):
        answers = {}
        for at in (0, 5, 29, 31):
            clock[0] = max(clock[0], at)
            answers[at] = kept._part("map", board.MAP_S, slow)
        clock[0] = 100
        pulses = [kept._part("pulse", board.PULSE_S, slow) for _ in range(2)]

    assert answers == {0: 1, 5: 1, 29: 1, 31: 2}
    assert pulses == [3, 4]
