"""After one busy day every figure is a recount: trend, issues, rates, ranking, map, feed, sums."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone

from dispatch.fields import Satisfaction
from dispatch.lifecycle import OPEN, State
from dispatch.models import Callback, Case, Event, Timer
from dispatch.wall.rates import COEFFICIENTS, LOOP
from screen import board, figures, flows, past
from screen.board import Board
from screen.models import Flow, FlowHead
from screen.places import WallArea
from tests.app.test_wall_numbers import CITY, call_at, lively, shown
from tests.app.test_wall_rates import closed
from tests.city import NOW, A, B, City

AREAS = (CITY, WallArea(A), WallArea(B))
WEEK, DAY = timedelta(days=7), timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    board.forget()
    yield
    board.forget()


@pytest.fixture(scope="module")
def busy(city_of_module: City) -> datetime:
    """200 random moves, calls in other hours and a week before, three closings with answers."""
    city = city_of_module
    for hours in (-7 * 24 - 1, -7 * 24, -3, -2, -1):
        call_at(city, NOW + timedelta(hours=hours), f"{hours} 小时的一件")
    for n, answer in enumerate(("SATISFIED", "BASICALLY", "DISSATISFIED")):
        closed(city, 60 + n, answer, solved="NO" if n == 2 else "YES")
    _, at = lively(city, 31)
    return at


def panels(at: datetime, area: WallArea) -> dict[str, Any]:
    """The slow panels of a board that was never asked before."""
    with mock.patch.object(timezone, "now", return_value=at):
        return Board(area).panels()


def arrived(area: WallArea, since: datetime, until: datetime) -> list[Event]:
    """The registrations of the area in (since, until], one event each."""
    made = Event.objects.filter(from_state="", district__startswith=area.code)
    return list(made.filter(at__gte=since, at__lte=until))


def endings(area: WallArea, since: datetime, until: datetime) -> dict[int, Event]:
    """The last closing of each case that was closed in (since, until]."""
    found = Event.objects.filter(topic="case.closed", district__startswith=area.code)
    return {e.case_id: e for e in found.filter(at__gt=since, at__lte=until).order_by("id")}


def share(good: float, n: int) -> dict[str, Any]:
    return {"share": good / n if n else None, "n": n}


def test_the_trend_is_a_recount_by_hour_and_line_and_districts_add_up(busy: datetime) -> None:
    shown = {area.code: panels(busy, area)["trend"] for area in AREAS}
    for area in AREAS:
        hours = shown[area.code]["hours"]
        first = datetime.fromtimestamp(hours[0], NOW.tzinfo)
        made = Counter(
            (e.line, int(e.at.timestamp()) // 3600 * 3600) for e in arrived(area, first, busy)
        )
        for line in figures.LINES:
            wanted = [made[(line, hour)] for hour in hours]
            assert shown[area.code]["lines"][line] == wanted, (area.code, line)
    whole, one, two = (shown[area.code]["lines"] for area in AREAS)
    for line in figures.LINES:
        assert whole[line] == [n + m for n, m in zip(one[line], two[line], strict=True)]
    assert sum(sum(counts) for counts in whole.values()) >= 27


def test_the_top_issues_and_their_changes_are_a_recount(busy: datetime) -> None:
    today = board.midnight(busy)
    for area in AREAS:
        now = Counter(e.category for e in arrived(area, today, busy))
        then = Counter(e.category for e in arrived(area, today - WEEK, busy - WEEK))
        found = panels(busy, area)

        top = sorted(now.items(), key=lambda pair: (-pair[1], pair[0]))[: board.MOST_ISSUES]
        assert [(i["code"], i["n"], i["before"]) for i in found["issues"]] == [
            (code, n, then[code]) for code, n in top
        ]
        assert (found["today_total"], found["today_before"]) == (now.total(), then.total())
    assert panels(busy, CITY)["today_before"] > 0


def test_all_four_rates_are_a_recount_of_the_last_day(busy: datetime) -> None:
    for area in AREAS:
        span = {"at__gt": busy - DAY, "at__lte": busy, "district__startswith": area.code}
        ended = endings(area, busy - DAY, busy)
        in_time = [e for e in ended.values() if e.payload["close_type"] != "OVERTIME"]
        signed = [
            Timer.objects.filter(case_id=e.case_id, stage="SIGN", ended_at=e.at).first()
            for e in Event.objects.filter(topic="case.signed", **span)
        ]
        judged = [t for t in signed if t and t.state in {"MET", "MISSED"}]
        asked = Event.objects.filter(topic__in=["case.closed", "case.called_back"], **span)
        said = Callback.objects.filter(
            intake__case__in=set(asked.values_list("case_id", flat=True)),
            at__gt=busy - DAY,
            at__lte=busy,
        ).exclude(satisfaction="")
        worth = sum(COEFFICIENTS[Satisfaction(one.satisfaction)] for one in said)
        answers = {pk: answers_of(pk) for pk in ended if answers_of(pk)}
        once = [
            pk
            for pk, told in answers.items()
            if told == {"YES"} and not Case.objects.get(pk=pk).rework_count
        ]

        assert panels(busy, area)["rates"] == {
            "CLOSED_IN_TIME": share(len(in_time), len(ended)),
            "SIGNED_IN_TIME": share(sum(t.state == "MET" for t in judged), len(judged)),
            "CONTENT": share(worth, said.count()),
            "SOLVED_ONCE": share(len(once), len(answers)),
        }
    assert all(rate["n"] > 0 for rate in panels(busy, CITY)["rates"].values())


def answers_of(case_id: int) -> set[str]:
    """What the citizens of a case answered to "is it solved"."""
    said = Callback.objects.filter(intake__case_id=case_id, solved__in=["YES", "NO", "PARTIAL"])
    return set(said.values_list("solved", flat=True))


def test_the_ranking_is_a_recount_of_seven_days(busy: datetime) -> None:
    ended = endings(CITY, busy - WEEK, busy)
    by_district = Counter(e.district for e in ended.values())
    late = Counter(e.district for e in ended.values() if e.payload["close_type"] == "OVERTIME")
    leads = dict(Case.objects.filter(pk__in=ended).values_list("pk", "lead_unit__name"))
    by_unit = Counter(leads[pk] for pk, e in ended.items() if e.district == A and leads[pk])

    districts = {row["code"]: row for row in panels(busy, CITY)["ranking"]}
    units = {row["name"]: row["n"] for row in panels(busy, WallArea(A))["ranking"]}

    assert {code: row["n"] for code, row in districts.items()} == dict(by_district)
    assert {code: row["share"] for code, row in districts.items()} == {
        code: (n - late[code]) / n for code, n in by_district.items()
    }
    assert units == {name.removeprefix(WallArea(A).name): n for name, n in by_unit.items()}
    assert by_unit.total() > 0


def test_stays_and_bottleneck_are_a_recount_by_hand(busy: datetime) -> None:
    steps = {state: name for name, states in LOOP for state in states}
    for area in AREAS:
        told: dict[str, list[float]] = {}
        for case_id in Case.objects.values_list("pk", flat=True):
            entered: dict[str, datetime] = {}
            for event in Event.objects.filter(case_id=case_id).order_by("id"):
                left, come = step_of(steps, event.from_state), step_of(steps, event.to_state)
                if left == come:
                    continue
                is_counted = busy - board.STAYS_WITHIN < event.at <= busy
                if left in entered and is_counted and event.district.startswith(area.code):
                    stay = (event.at - entered[left]).total_seconds()
                    told.setdefault(left, []).append(stay)
                if come:
                    entered[come] = event.at
        shown = panels(busy, area)["stays"]
        assert {step: found["n"] for step, found in shown.items()} == {
            step: len(stays) for step, stays in told.items()
        }
        for step, found in shown.items():
            stays = sorted(told[step])
            middle = (stays[(len(stays) - 1) // 2] + stays[len(stays) // 2]) / 2
            assert found["median_s"] == pytest.approx(middle), step
    assert panels(busy, CITY)["stays"]


def step_of(steps: dict[State, str], state: str) -> str:
    """The step of the loop where a case waits in a state; "" outside the loop."""
    return steps.get(State(state), "") if state else ""


def test_map_density_feed_and_emergencies_are_a_recount(busy: datetime) -> None:
    for area in AREAS:
        seen = Board(area)
        with mock.patch.object(timezone, "now", return_value=busy):
            shown, pulse = seen.map(), seen.pulse()
        opened = Case.objects.filter(is_open=True, district_code__startswith=area.code)
        cells = Counter(
            code[: area.density_length()]
            for code in opened.filter(sensitive=False).values_list("cell_code", flat=True)
            if code
        )
        placed = opened.filter(sensitive=False, location__isnull=False)
        urgent = placed.filter(priority=0).order_by("-created_at", "-id")

        assert dict(shown["density"]) == dict(cells)
        assert {dot[0] for dot in shown["points"]} == set(placed.values_list("case_no", flat=True))
        assert {row["case_no"] for row in pulse["emergencies"]} == {
            case.case_no for case in urgent[: board.MOST_EMERGENCIES]
        }
        assert pulse["emergencies_in_all"] == urgent.count()
        assert [row["case_no"] for row in pulse["feed"]] == newest_news(area)
        counted = Counter(
            {(r["district"], r["line"], r["state"]): r["count"] for r in pulse["rows"]}
        )
        cases = Case.objects.filter(district_code__startswith=area.code)
        assert counted == Counter(cases.values_list("district_code", "line", "state"))


def newest_news(area: WallArea) -> list[str]:
    """The cases of the newest changes of state in the area, newest first."""
    told = [
        event
        for event in Event.objects.filter(district__startswith=area.code, seq__isnull=False)
        if event.from_state != event.to_state
    ]
    told.sort(key=lambda event: (event.at.isoformat(), event.seq or 0), reverse=True)
    return [event.case_no for event in told[: board.MOST_FEED]]


def test_districts_add_up_to_the_city_and_lines_to_the_total(busy: datetime) -> None:
    whole, parts = shown(busy), [shown(busy, WallArea(code)) for code in (A, B)]

    for name in whole["board"]:
        assert whole["board"][name] == sum(part["board"][name] for part in parts), name
    assert whole["today"]["total"] == sum(whole["today"]["lines"].values())
    assert whole["today"]["total"] == sum(part["today"]["total"] for part in parts)
    assert whole["board"]["open"] == sum(whole["open_lines"].values())


def test_received_less_dispatched_is_waiting_for_dispatch_and_so_at_every_step(
    busy: datetime,
) -> None:
    pulse = shown(busy)
    steps = {row["step"]: row for row in pulse["loop"]}

    received, dispatched = steps["ACCEPT"]["reached"], steps["DISPATCH"]["reached"]
    assert received - dispatched == pulse["board"]["waiting_dispatch"]
    for before, after in zip(pulse["loop"], pulse["loop"][1:], strict=False):
        assert before["reached"] - after["reached"] == before["waiting"]
    assert sum(row["waiting"] for row in pulse["loop"]) == pulse["board"]["open"]


def test_steps_played_forward_lead_from_one_moment_to_the_other(busy: datetime) -> None:
    start, middle = NOW + timedelta(minutes=30, microseconds=7), NOW + timedelta(minutes=130)

    one = past.moment(CITY, at=start, now=busy)
    two = past.moment(CITY, at=middle, now=busy)
    steps = past.steps(CITY, since=start, after_id=2**53 - 1, until=middle, now=busy)["items"]

    states = Counter(one["states"])
    for made in steps:
        if made["from_state"] != made["to_state"]:
            states[made["from_state"]] -= 1
            states[made["to_state"]] += 1
    opened = {state.value for state in OPEN}
    assert {s: n for s, n in states.items() if n and s in opened} == {
        s: n for s, n in two["states"].items() if n
    }


def test_flows_added_up_in_pieces_and_twice_say_the_same_as_the_log(busy: datetime) -> None:
    with flows.held(("3399",)) as (folded, _):
        from_log = Counter(dict(as_pairs(folded.buckets(NOW - timedelta(1)))))
    flows.fold(limit=13)
    flows.fold()
    with flows.held(("3399",)) as (folded, _):
        assert folded.rest == []
        from_flows = Counter(dict(as_pairs(folded.buckets(NOW - timedelta(1)))))

    assert from_flows == from_log
    assert {h.district: h.seq for h in FlowHead.objects.all()} == folded.upto
    assert Flow.objects.exists()


def as_pairs(moves: Any) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Transitions as key and count."""
    added: Counter[tuple[Any, ...]] = Counter()
    for move in moves:
        added[move[:-1]] += move.n
    yield from added.items()
