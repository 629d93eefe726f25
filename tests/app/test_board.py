"""The counters and the clusters of the board are those of the tables, after whatever moves."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.scope import HeldPost, Scope
from dispatch.board import counters
from dispatch.board.counters import counters_for
from dispatch.board.current import Board, board
from dispatch.board.opencases import OpenCases
from dispatch.board.tiles import HALF_WORLD_M, cases_tile
from dispatch.models import Case, Event, FeedHead
from dispatch.models.cases import is_visible, visible_condition
from dispatch.queries import OwnWork, QueueFilters, filtered
from dispatch.voices import Position
from tests.app.mvt import decode
from tests.app.test_disputes import dispatched, log, move
from tests.app.test_feed import relay_all, wander
from tests.app.threads import at_once
from tests.city import NOW, City

WHO = ("leader1", "commander1", "handler1", "cleaner1", "helper1", "handler2", "inspector1",
       "inspector2", "nobody", "evaluator1")  # fmt: skip
FILTERS = (
    QueueFilters(),
    QueueFilters(district="339901"),
    QueueFilters(district="339902"),
    QueueFilters(street="339901001", line=["HOTLINE"]),
    QueueFilters(line=["GRID", "AFFAIRS"]),
    QueueFilters(state=["PROCESSING", "PENDING_SIGN"]),
    QueueFilters(category="E01"),
    QueueFilters(priority=[0, 2]),
    QueueFilters(relation=["supervised"]),
    QueueFilters(relation=["returned"]),
    QueueFilters(q="第 1"),
)
_CLUSTERS = """
SELECT count(*), max((due_at <= %s)::int), min(priority), avg(x)::float8, avg(y)::float8,
       CASE WHEN count(*) = 1 THEN min(case_no) END
FROM (SELECT *, ST_X(ST_Transform(location, 3857)) AS x, ST_Y(ST_Transform(location, 3857)) AS y
      FROM dispatch_case WHERE id = ANY(%s) AND is_open) c
WHERE x BETWEEN %s AND %s AND y BETWEEN %s AND %s
GROUP BY floor(x / %s), floor(y / %s)
"""


def with_own(user: User, filters: QueueFilters) -> list[QueueFilters]:
    own = OwnWork(tuple(user.scope().unit_ids), ("REGISTERED", "PENDING_FILING"))
    return [
        replace(filters, relation=[relation], own=work)
        for relation in ("mine", "supporting", "returned")
        for work in (own, OwnWork((), own.states))
    ]


def in_sql(user: User, filters: QueueFilters) -> dict[str, int]:
    midnight = timezone.localtime(LATER).replace(hour=0, minute=0, second=0, microsecond=0)
    return counters._counted(filtered(Case.objects.visible_to(user), filters), LATER, midnight)


LATER = NOW + timedelta(days=4, hours=6)
TURNS = 4


def everywhere(city: City, many: int = 12) -> list[Case]:
    """Cases of different categories and places in both districts."""
    kinds = ("E0104", "C0101", "E0105", "L9099")
    return [
        log(
            city,
            kinds[n % 4],
            title=f"第 {n} 件",
            position=Position(119.597 + 0.003 * n, 29.897 + 0.001 * n, "WGS84"),
            kind="REPORT" if n % 5 == 4 else "COMPLAINT",
        )
        for n in range(many)
    ]


def assert_true(city: City, *, turn: int = 0, turns: int = 1) -> None:
    """Every counter is the recount; of several turns each looks at its share of the filters."""
    for who in WHO:
        user = city[who]
        for filters in (*FILTERS, *with_own(user, QueueFilters()))[turn % turns :: turns]:
            told = counters_for(user, filters=filters, now=LATER)
            assert told == in_sql(user, filters), (who, filters)


def test_after_each_of_200_random_moves_every_counter_is_the_recount(city: City) -> None:
    cases, made, seed = everywhere(city), 0, 0
    assert_true(city)
    while made < 200:
        made += wander(city, cases, seed, 30, NOW + seed * timedelta(minutes=30))
        seed += 1
        if seed % 6 == 0:
            cases += everywhere(city, 4)
        if seed % 3 == 0:
            relay_all()
        assert_true(city, turn=seed, turns=TURNS)
    assert_true(city)


def test_a_case_that_ends_is_counted_no_more_and_a_reopened_one_again(city: City) -> None:
    case, leader = log(city), city["leader1"]

    def count() -> int:
        return counters_for(leader, filters=QueueFilters(), now=LATER)["all"]

    assert count() == 1
    move(city, case, "leader1", "void", reason="误报")
    assert count() == 0
    relay_all()
    assert count() == 0


def test_another_process_follows_the_log_by_itself(city: City) -> None:
    first = log(city)
    other = Board()
    assert other.read(lambda cases: cases.count) == 1
    log(city, title="另一件")
    relay_all()
    move(city, first, "leader1", "void", reason="误报")

    assert other.read(lambda cases: cases["case_no"].tolist()) == [
        Case.objects.get(is_open=True).case_no.encode()
    ]


def test_a_log_that_is_not_the_one_seen_before_is_read_anew(city: City) -> None:
    """A restored backup: the same or a lower number, another digest."""
    case = log(city)
    relay_all()
    other = Board()
    other.read(lambda cases: None)
    Case.objects.filter(pk=case.pk).update(priority=3)
    FeedHead.objects.update(digest="f" * 64)
    assert other.read(lambda cases: cases.among("priority", [3]).sum()) == 1

    Case.objects.filter(pk=case.pk).update(priority=1)
    FeedHead.objects.update(seq=0)
    assert other.read(lambda cases: cases.among("priority", [1]).sum()) == 1


def test_a_look_is_three_statements_and_none_reads_all_cases(city: City) -> None:
    case, user = dispatched(city), city["handler1"]
    user.scope()
    counters_for(user, filters=QueueFilters(), now=LATER)
    relay_all()
    move(city, case, "handler1", "sign")
    with CaptureQueriesContext(connection) as sent:
        counters_for(user, filters=QueueFilters(), now=LATER)

    texts = [query["sql"] for query in sent]
    assert len([sql for sql in texts if not sql.startswith("PREPARE")]) == 3
    assert not any("WHERE is_open" in sql for sql in texts)


SCOPES = (
    ("COMMANDER", "3399", ()), ("COMMANDER", "339901", ()), ("SUPERVISOR", "339901001", ()),
    ("RECEIVER", "339902001001", ()), ("RECEIVER", "339902001001001", ()), ("COMMANDER", "", ()),
    ("INSPECTOR", "3399", ()), ("INSPECTOR", "339901001", ()), ("HANDLER", "339901", ("A1",)),
    ("HANDLER", "339901", ("A0", "A2")), ("UNIT_APPROVER", "339902", ("B0", "B1", "B2")),
    ("EVALUATOR", "3399", ()),
)  # fmt: skip


@pytest.mark.parametrize("first", range(len(SCOPES)))
@pytest.mark.parametrize("second", [None, 2, 6, 9])
def test_the_board_shows_to_each_scope_what_the_tables_show(
    city: City, first: int, second: int | None
) -> None:
    cases = everywhere(city, 8)
    wander(city, cases, first, 20)
    Case.objects.filter(pk=cases[0].pk).update(support_units=[city.units["A1"].pk])
    board.forget()
    posts = [
        HeldPost(role, area, None, frozenset(city.units[code].pk for code in units))
        for role, area, units in [SCOPES[n] for n in (first, second) if n is not None]
    ]
    scope = Scope(tuple(posts))

    def shown(cases: OpenCases) -> set[int]:
        return set(cases["id"][cases.visible(scope)].tolist())

    in_tables = set(
        Case.objects.filter(visible_condition(scope), is_open=True).values_list("pk", flat=True)
    )
    assert board.read(shown) == in_tables
    at_hand = {case.pk for case in Case.objects.filter(is_open=True) if is_visible(scope, case)}
    assert at_hand == in_tables


def tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int, int]:
    side = 2**zoom
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * side
    return zoom, int((lon + 180) / 360 * side), int(row)


def grouped_in_sql(user: User, z: int, x: int, y: int) -> list[tuple[Any, ...]]:
    side = 2 * HALF_WORLD_M / 2**z
    west, north = x * side - HALF_WORLD_M, HALF_WORLD_M - y * side
    ids = list(Case.objects.visible_to(user).values_list("pk", flat=True))
    box = [west, west + side, north - side, north, side / 6, side / 6]
    with connection.cursor() as cursor:
        cursor.execute(_CLUSTERS, [LATER, ids, *box])
        return sorted(cursor.fetchall())


@pytest.mark.parametrize("zoom", [9, 11, 12, 13, 14])
def test_the_clusters_of_a_tile_are_those_of_the_tables_for_each_viewer(
    city: City, zoom: int
) -> None:
    cases = everywhere(city)
    wander(city, cases, zoom, 40)
    Case.objects.filter(pk=cases[1].pk).update(location=Point(119.6012, 29.9011, srid=4326))
    board.forget()
    for who in WHO:
        at = tile_of(119.605, 29.9, zoom)
        expected = grouped_in_sql(city[who], *at)
        drawn = decode(cases_tile(city[who], *at, now=LATER)).get("cases", [])
        told = [(f["n"], f["overdue"], f["priority"], f.get("case_no")) for f in drawn]
        assert sorted(told, key=str) == sorted(
            ((n, over, priority, number) for n, over, priority, _, _, number in expected), key=str
        )


def test_a_cluster_lies_in_the_middle_of_its_cases(city: City) -> None:
    everywhere(city)
    at = tile_of(119.605, 29.9, 12)
    side = 2 * HALF_WORLD_M / 2 ** at[0]
    west, north = at[1] * side - HALF_WORLD_M, HALF_WORLD_M - at[2] * side
    box = (west, north - side, west + side, north)

    def middle(cases: OpenCases) -> list[tuple[float, float]]:
        every = cases.visible(city["leader1"].scope())
        return [(c.x, c.y) for c in cases.clusters(every, box, size=side / 6, now=LATER)]

    expected = [(x, y) for *_, x, y, _ in grouped_in_sql(city["leader1"], *at)]
    assert sorted(board.read(middle)) == [
        pytest.approx(pair, abs=0.01) for pair in sorted(expected)
    ]


@pytest.mark.django_db(transaction=True)
def test_readers_and_movers_at_once_end_with_true_counters(real_city: City) -> None:
    cases = everywhere(real_city, 8)

    def work(n: int) -> None:
        if n >= 4:
            for _again in range(15):
                counters_for(real_city["commander1"], filters=QueueFilters(), now=LATER)
                relay_all()
            return
        for case in cases[n::4]:
            move(real_city, case, "receiver1", "ask_verify")

    at_once(work)

    assert (
        Case.objects.filter(state="VERIFYING").count()
        == Event.objects.exclude(from_state="").count()
    )
    assert_true(real_city)
