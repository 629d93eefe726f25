"""Numbers are true: after random moves each counter of the page is what SQL counts anew."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from dispatch.actions.errors import MoveError
from dispatch.actions.moving import make_move
from dispatch.casefile import moves_for
from dispatch.models import Case
from dispatch.voices import Position
from tests.app.test_disputes import log
from tests.city import A, B, City

MOVES = 200
PEOPLE = ("receiver1", "leader1", "dispatcher1", "handler1", "approver1", "cleaner1", "helper1",
          "inspector1", "callback1", "handler2", "approver2", "operator1")  # fmt: skip
WATCHERS = {
    "leader1": "district_code = '339901'",
    "dispatcher1": "district_code = '339901'",
    "handler1": "lead_unit_id = ANY(%(A0)s) OR support_units && %(A0)s::bigint[]",
    "cleaner1": "lead_unit_id = ANY(%(A2)s) OR support_units && %(A2)s::bigint[]",
    "helper1": "lead_unit_id = ANY(%(A1)s) OR support_units && %(A1)s::bigint[]",
    "handler2": "lead_unit_id = ANY(%(B0)s) OR support_units && %(B0)s::bigint[]",
}
RECOUNT = """
SELECT count(*), count(*) FILTER (WHERE due_at <= %(now)s),
       count(*) FILTER (WHERE due_at > %(now)s AND due_at <= %(soon)s),
       count(*) FILTER (WHERE state = 'PENDING_SIGN'),
       count(*) FILTER (WHERE created_at >= %(midnight)s),
       count(*) FILTER (WHERE line = 'HOTLINE'), count(*) FILTER (WHERE line = 'GRID'),
       count(*) FILTER (WHERE line = 'AFFAIRS')
FROM dispatch_case WHERE is_open AND ({scope}) {more}
"""
NAMES = ("all", "overdue", "due_soon", "unsigned", "today", "hotline", "grid", "affairs")
FILTERS = {
    "": "",
    "line=HOTLINE": "AND line = 'HOTLINE'",
    "priority=0": "AND priority = 0",
    "state=PROCESSING": "AND state = 'PROCESSING'",
    "q=%E7%AC%AC": "AND title LIKE '%%第%%'",
    "rel=supervised": "AND id IN (SELECT case_id FROM dispatch_supervision WHERE ended_at IS NULL)",
}


def some_value(draw: random.Random, field: dict[str, Any]) -> Any:
    """A value that a field may take, mostly."""
    if field["choices"]:
        return draw.choice(field["choices"])
    kinds: dict[str, Any] = {
        "unit": draw.choice(["A0", "A1", "A2"]),
        "photos": [],
        "number": "2",
        "date": f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}",
        "category": "E0104",
    }
    return kinds.get(field["kind"], "现场情况属实，已经处理")


def one_move(city: City, draw: random.Random) -> bool:
    """A random person makes a random move that is hers on a random case; True when it was taken."""
    user = city[draw.choice(PEOPLE)]
    cases = list(Case.objects.visible_to(user).order_by("pk"))
    if not cases:
        return False
    case = draw.choice(cases)
    possible, _blocked = moves_for(user, case, now=timezone.now())
    if not possible:
        return False
    move = draw.choice(possible)
    data = {field["name"]: some_value(draw, field) for field in move["fields"]}
    try:
        make_move(case_no=case.case_no, move=move["move"], version=case.version, data=data,
                  by=user, now=timezone.now())  # fmt: skip
    except MoveError:
        return False
    return True


def recounted(city: City, who: str, more: str, now: datetime) -> dict[str, int]:
    """The counters by SQL alone, with the scope spelled out by hand."""
    below = {"A0": ["A0", "A1", "A2"], "B0": ["B0", "B1", "B2"]}
    units = {
        code: [city.units[one].pk for one in below.get(code, [code])]
        for code in ("A0", "A1", "A2", "B0")
    }
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    params: dict[str, Any] = {
        **units,
        "now": now,
        "soon": now + timedelta(hours=2),
        "midnight": midnight,
    }
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT.format(scope=WATCHERS[who], more=more), params)
        return dict(zip(NAMES, cursor.fetchone(), strict=True))


@pytest.mark.parametrize("seed", [1, 2026])
def test_after_two_hundred_random_moves_every_counter_is_what_sql_counts(
    city: City, seed: int
) -> None:
    draw = random.Random(seed)
    for number in range(24):
        west = 119.597 if number % 3 else 119.617
        place = Position(west + 0.0007 * number, 29.897 + 0.0006 * number, "WGS84")
        log(city, draw.choice(["E0104", "C0101"]), title=f"第 {number} 件", position=place,
            priority=number % 4)  # fmt: skip
    made = 0
    for _ in range(10 * MOVES):
        made += one_move(city, draw)
        if made == MOVES:
            break
    assert made == MOVES

    for who in WATCHERS:
        client = Client()
        client.force_login(city[who])
        for query, more in FILTERS.items():
            before = timezone.now()
            shown = client.get(f"/queue/counters?{query}").json()
            shown.pop("unseen")
            wanted = recounted(city, who, more, before)
            assert shown == wanted, (who, query)


def test_the_districts_add_up_to_the_city_and_the_lines_to_all(city: City) -> None:
    for number in range(10):
        west = 119.6 if number % 2 else 119.62
        log(city, position=Position(west, 29.9 + 0.001 * number, "WGS84"))
    client = Client()
    client.force_login(city["leader1"])
    parts = [client.get(f"/queue/counters?district={code}").json() for code in (A, B)]

    assert sum(part["all"] for part in parts) == Case.objects.open().count()
    for part in parts:
        assert part["hotline"] + part["grid"] + part["affairs"] == part["all"]
