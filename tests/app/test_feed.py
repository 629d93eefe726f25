"""The log: numbered without gaps, in order for each case, chained, append-only, tallied."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.db import DatabaseError, InternalError, connection, transaction

from accounts.actions import log_access
from accounts.models import AccessLog
from dispatch import outbox
from dispatch.actions.errors import MoveError
from dispatch.actions.moving import make_move
from dispatch.lifecycle import ENDED, State, moves_from
from dispatch.models import Case, Event, FeedHead, Tally
from dispatch.outbox import GENESIS, deltas, digest_of
from dispatch.queries import events_after, heads_for
from tests.app.doors import each
from tests.app.test_disputes import log
from tests.app.threads import at_once
from tests.city import NOW, City

WORDS = {"text": "已处理", "reason": "误报", "reject_reason": "IMPROPER", "way": "PHONE",
         "solved": "YES", "satisfaction": "SATISFIED", "clause": "第一项", "unit": "A1",
         "evidence": "照片", "days": "1", "until": "2026-04-01", "category": "E0105"}  # fmt: skip
PEOPLE = ("operator1", "receiver1", "leader1", "dispatcher1", "handler1", "approver1",
          "inspector1", "callback1")  # fmt: skip


def wander(city: City, cases: list[Case], seed: int, steps: int, since: datetime = NOW) -> int:
    """Make random moves on the cases, one a minute; how many were accepted."""
    chance, made = Random(seed), 0
    for step in range(steps):
        case = Case.objects.get(pk=chance.choice(cases).pk)
        rows = moves_from(State(case.state))
        names = [row.name for row in rows if row.target not in ENDED or chance.random() < 0.05]
        if not names:
            continue
        try:
            make_move(
                case_no=case.case_no,
                move=chance.choice(names),
                version=case.version,
                data=WORDS,
                by=city[chance.choice(PEOPLE)],
                now=since + timedelta(minutes=step),
            )
            made += 1
        except MoveError:
            continue
    return made


def relay_all() -> None:
    """Number everything, in small batches."""
    while outbox.number_batch(now=NOW, limit=7):
        pass


def recount() -> dict[tuple[str, str, str, str], int]:
    """The counters from the cases themselves."""
    counted: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for row in Case.objects.values_list("district_code", "line", "category_code", "state"):
        counted[row] += 1
    return dict(counted)


def tallied() -> dict[tuple[str, str, str, str], int]:
    """The counters that the relay moved."""
    columns = ("district", "line", "category", "state", "count")
    return {row[:4]: row[4] for row in Tally.objects.filter(count__gt=0).values_list(*columns)}


def test_after_random_moves_from_threads_the_feed_is_whole(real_city: City) -> None:
    cases = [
        log(real_city, title=f"第 {n} 件", position=None, address="某处", category="L0000")
        for n in range(6)
    ]

    made = sum(at_once(lambda n: wander(real_city, cases, n, 80), 4))
    at_once(lambda _: relay_all(), 2)

    assert made > 20
    assert Event.objects.filter(seq__isnull=True).count() == 0
    for head in FeedHead.objects.all():
        rows = Event.objects.filter(district=head.district).order_by("seq")
        assert list(rows.values_list("seq", flat=True)) == list(range(1, head.seq + 1))
    for case in Case.objects.all():
        told = Event.objects.filter(case_id=case.pk).order_by("seq")
        assert list(told.values_list("id", flat=True)) == sorted(
            told.values_list("id", flat=True)
        ), "the order of a case is kept"
        states = list(told.values_list("from_state", "to_state"))
        assert all(before[1] == after[0] for before, after in pairwise(states))
        assert states[-1][1] == case.state
    assert tallied() == recount()


def test_each_number_is_chained_to_the_one_before(city: City) -> None:
    for n in range(5):
        log(city, title=f"第 {n} 件")
    relay_all()

    previous = GENESIS
    columns = ("id", "case_id", "case_no", "topic", "actor_id", "at", "from_state", "to_state",
               "line", "category", "priority", "district")  # fmt: skip
    for event in Event.objects.order_by("seq"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT payload::text FROM dispatch_event WHERE id = %s", [event.pk])
            payload = cursor.fetchone()[0]
        row = [getattr(event, name) for name in columns] + [payload]
        previous = digest_of(previous, event.seq or 0, row)
        assert event.digest == previous
    assert FeedHead.objects.get().digest == previous


CHANGES = (
    ("case_no", "'x'"), ("topic", "'x'"), ("at", "now()"), ("from_state", "'CLOSED'"),
    ("to_state", "'CLOSED'"), ("line", "'GRID'"), ("category", "'x'"), ("priority", "0"),
    ("district", "'339902'"), ("payload", "'{\"a\": 1}'"), ("actor_id", "actor_id + 1"),
    ("case_id", "case_id + 1"), ("seq", "99"), ("digest", "'x'"),
)  # fmt: skip


@each(("column", "value"), CHANGES)
@pytest.mark.parametrize("numbered", [True, False])
def test_the_database_refuses_to_change_an_event(
    city: City, column: str, value: str, numbered: bool
) -> None:
    log(city)
    if numbered:
        relay_all()
    elif column in {"seq", "digest"}:
        return

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE dispatch_event SET {column} = {value}")


def test_the_database_refuses_to_delete_an_event(city: City) -> None:
    log(city)

    with pytest.raises(InternalError, match="append-only"), transaction.atomic():
        Event.objects.all().delete()


@pytest.mark.parametrize("sql", ["UPDATE accounts_accesslog SET purpose = 'x'",
                                 "DELETE FROM accounts_accesslog"])  # fmt: skip
def test_the_database_refuses_to_change_the_access_log(city: City, sql: str) -> None:
    log_access(by=city["leader1"], subject="s", field="caller", purpose="回访核实", now=NOW)

    refused = pytest.raises(InternalError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert AccessLog.objects.get().purpose == "回访核实"


def test_readers_resume_by_number_and_miss_nothing(city: City) -> None:
    for n in range(25):
        log(city, title=f"第 {n} 件")
    relay_all()
    district = "339901"

    seen, after = [], 0
    while page := events_after(district, after, 4):
        seen += [event["seq"] for event in page]
        after = page[-1]["seq"]

    assert seen == list(range(1, 26))


def test_an_event_tells_no_personal_data(city: City) -> None:
    log(city, title="机密", content="住在三栋", address="春晓路 1 号")
    relay_all()

    told = str(list(Event.objects.values())) + str(events_after("339901", 0, 10))
    for secret in ("机密", "三栋", "春晓路", "13800138000"):
        assert secret not in told


def test_heads_are_those_of_ones_own_districts(city: City) -> None:
    log(city)
    relay_all()

    assert heads_for(city["leader1"]) == {"339901": 1}
    assert heads_for(city["inspector1"]) == {"339901": 1}
    assert heads_for(city["inspector2"]) == {}
    assert heads_for(city["evaluator1"]) == {}


def row(from_state: str, to_state: str, payload: str = "{}", category: str = "E01") -> list[Any]:
    """A row as the relay reads it."""
    return [1, 1, "c", "t", None, NOW, from_state, to_state, "GRID", category, 2, "339901", payload]


def test_the_counters_move_from_the_state_left_to_the_state_entered() -> None:
    moved = deltas(
        [
            row("", "REGISTERED"),
            row("REGISTERED", "CLOSED"),
            row("CLOSED", "CLOSED"),
            row("REGISTERED", "REGISTERED", '{"from_category": "E02"}'),
        ]
    )

    assert {key[2:]: delta for key, delta in moved.items() if delta} == {
        ("E01", "CLOSED"): 1,
        ("E01", "REGISTERED"): 1,
        ("E02", "REGISTERED"): -1,
    }
