"""Correct when two do it at once: real threads, the real database, committed rows."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.gis.db.backends.postgis.operations import PostGISOperations
from django.db import connections, transaction
from django.db.models import QuerySet

from accounts.ready import ReadyParts, ReadyQuery
from dispatch import numbers, outbox
from dispatch.actions.errors import StaleVersionError
from dispatch.actions.moving import make_move
from dispatch.duplicates import radar
from dispatch.models import Case, Escalation, Event, FeedHead, Intake, Timer
from dispatch.timekeeping.sweeping import sweep_due
from tests.app.doors import FINDINGS, TICKETS, Door, finding
from tests.app.test_disputes import dispatched, log, processing
from tests.app.threads import AT_ONCE, at_once
from tests.city import NOW, A, City
from tests.client import call


def report_the_same_hole(city: City) -> list[dict[str, Any]]:
    """Eight citizens and inspectors report one hole at the same moment; their receipts."""
    doors = [Door(city, FINDINGS if n % 2 else TICKETS) for n in range(AT_ONCE)]
    bodies = [finding(category="E0102") if n % 2 else call(category="E0102")
              for n in range(AT_ONCE)]  # fmt: skip
    return [answer.json() for answer in at_once(lambda n: doors[n].send(bodies[n]))]


def blind_pairs(receipts: list[dict[str, Any]]) -> int:
    """Pairs of reports of which neither names the other: each may become a case unseen."""
    named = {r["case_no"]: {hit["case_no"] for hit in r["duplicates"]} for r in receipts}
    numbers_ = list(named)
    return sum(
        a not in named[b] and b not in named[a]
        for n, a in enumerate(numbers_)
        for b in numbers_[:n]
    )


def call_one(acts: tuple[Callable[[], str], ...], which: int) -> str:
    """Do the act of that place."""
    return acts[which]()


def test_of_eight_reports_at_once_each_later_one_names_the_earlier(
    real_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radar, "IN_RECEIPT", AT_ONCE)

    receipts = report_the_same_hole(real_city)

    assert all(r["created"] for r in receipts)
    assert blind_pairs(receipts) == 0
    assert sorted(len(r["duplicates"]) for r in receipts) == list(range(AT_ONCE))


def test_without_the_lock_they_do_not_see_each_other(
    real_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variant that shows what the lock is for: the test above fails when it is taken out."""
    monkeypatch.setattr(radar, "IN_RECEIPT", AT_ONCE)
    monkeypatch.setattr(radar, "_LOCK", "SELECT %s::bigint[];")

    blind = sum(blind_pairs(report_the_same_hole(real_city)) for _ in range(5))

    assert blind > 0


def test_reports_over_a_wide_area_at_once_do_not_use_up_the_locks(real_city: City) -> None:
    wide = {"lon": 119.6001, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 5000}
    doors = [Door(real_city, FINDINGS) for _ in range(AT_ONCE)]

    answers = at_once(lambda n: doors[n].send(finding(location=wide)))

    assert [a.status_code for a in answers] == [201] * AT_ONCE


def try_to(city: City, case: Case, who: str, move: str, **data: Any) -> str:
    """done, or the code of the refusal with the one who was first."""
    try:
        make_move(
            case_no=case.case_no, move=move, version=case.version, data=data, by=city[who], now=NOW
        )
    except StaleVersionError as error:
        return f"STALE: {error.who}"
    return "done"


def test_of_two_who_sign_at_once_one_is_told_who_was_first(real_city: City) -> None:
    case = dispatched(real_city)
    people = ["handler1", "approver1"]

    results = at_once(lambda n: try_to(real_city, case, people[n], "sign"), 2)

    assert sorted(results)[1] == "done"
    winner = people[results.index("done")]
    assert f"STALE: {winner}" in results
    assert Event.objects.filter(case_id=case.pk, topic="case.signed").count() == 1
    assert Timer.objects.filter(case=case, stage="RESPONSE").count() == 1


def test_a_double_click_submits_once(real_city: City) -> None:
    case = processing(real_city)

    results = at_once(
        lambda _: try_to(real_city, case, "approver1", "submit_result", text="已清理")
    )

    assert Counter(results) == {"done": 1, "STALE: approver1": AT_ONCE - 1}
    assert Event.objects.filter(case_id=case.pk, topic="case.submitted").count() == 1


def test_attaching_and_closing_at_once_never_loses_a_voice_in_an_ended_case(
    real_city: City,
) -> None:
    for n in range(4):
        case = log(real_city, title=f"第 {n} 件", position=None, address="某处")
        door = Door(real_city, TICKETS)

        def attach(case: Case = case, door: Door = door) -> str:
            body = call(attach_to_case=case.case_no, category="L0000", location=None)
            return str(door.send(body).status_code)

        def close(case: Case = case) -> str:
            return try_to(real_city, case, "leader1", "void", reason="重复")

        acts = (close, attach)
        closed, attached = at_once(partial(call_one, acts), 2)

        case.refresh_from_db()
        assert (attached, closed) in {("201", "STALE: operator1"), ("422", "done")}, (
            attached,
            closed,
        )
        assert case.is_open is (attached == "201")
        assert Intake.objects.filter(case=case).count() == case.intakes_count


def test_a_report_whose_twin_ends_meanwhile_opens_its_own_case(real_city: City) -> None:
    component = {"category": "C0101", "component_id": "3399010101000001"}
    door = Door(real_city, FINDINGS)
    first = Case.objects.get(case_no=door.send(finding(**component)).json()["case_no"])
    answers: list[Any] = []

    def report() -> None:
        try:
            answers.append(door.send(finding(**component)))
        finally:
            connections.close_all()

    with transaction.atomic():
        try_to(real_city, first, "leader1", "void", reason="误报")
        thread = threading.Thread(target=report)
        thread.start()
        thread.join(1.0)
        assert thread.is_alive(), "it waits for the row that is being closed"
    thread.join(20)

    assert answers[0].status_code == 201, answers[0].content
    assert answers[0].json()["created"] is True
    assert answers[0].json()["case_no"] != first.case_no


def test_two_relays_at_once_number_without_gap_or_double(real_city: City) -> None:
    for n in range(30):
        log(real_city, title=f"第 {n} 件", position=None, address="某处")

    def drain(_: int) -> int:
        return sum(bool(outbox.number_batch(now=NOW, limit=3)) for _ in range(20))

    rounds = at_once(drain, 2)

    assert sum(rounds) >= 10
    for head in FeedHead.objects.all():
        seqs = Event.objects.filter(district=head.district).order_by("id")
        assert list(seqs.values_list("seq", flat=True)) == list(range(1, head.seq + 1))
    assert not Event.objects.filter(seq__isnull=True).exists()


def test_a_number_is_given_once_whichever_thread_asks(real_city: City) -> None:
    taken = [number for batch in at_once(lambda _: numbers.take(200)) for number in batch]

    assert len(set(taken)) == len(taken)


def test_a_number_is_given_once_whichever_process_asks(real_city: City) -> None:
    """Each process leases its own block of the one sequence."""
    other = numbers._Lease()

    ours, theirs = numbers.take(120), other.take(120)

    assert not set(ours) & set(theirs)


def test_several_sweepers_mark_each_clock_once(real_city: City) -> None:
    for n in range(12):
        log(real_city, title=f"第 {n} 件", position=None, address="某处")
    late = NOW + timedelta(days=30)

    marked = at_once(lambda _: sweep_due(now=late), 4)

    running = Timer.objects.filter(state="RUNNING")
    assert sum(marked) == Escalation.objects.count() == running.count() * 5
    told = Event.objects.filter(topic="timer.overdue").values_list("payload__timer", flat=True)
    assert sorted(told) == sorted(running.values_list("pk", flat=True))


def test_two_deals_at_once_with_the_same_case_and_version_leave_one_event_chain(
    real_city: City,
) -> None:
    case = log(real_city)
    moves = [("receiver1", "ask_verify"), ("leader1", "void"), ("operator1", "transfer_emergency"),
             ("receiver1", "reject")]  # fmt: skip
    data = {"reason": "重复", "text": "已转 110", "reject_reason": "IMPROPER", "told": "PHONE"}

    results = at_once(lambda n: try_to(real_city, case, *moves[n], **data), len(moves))

    assert results.count("done") == 1
    case.refresh_from_db()
    last = Event.objects.filter(case_id=case.pk).latest("id")
    assert (last.to_state, case.version, case.district_code) == (case.state, 2, A)


def test_a_closed_case_takes_no_voice(real_city: City) -> None:
    case = log(real_city)
    try_to(real_city, case, "leader1", "void", reason="误报")

    answer = Door(real_city, TICKETS).send(call(attach_to_case=case.case_no))

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "CASE_ENDED"


def test_each_thread_reads_places_with_a_reader_of_its_own(
    real_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads in one reader of GEOS: an error in a thousand moves, or another's place."""
    case = log(real_city)
    ready: ReadyQuery[Case] = ReadyQuery("test_places", lambda pk: Case.objects.filter(pk=pk))
    make, made_in = PostGISOperations.get_geometry_converter, set()

    def noted(self: PostGISOperations, expression: Any) -> Any:
        made_in.add(threading.get_ident())
        return make(self, expression)

    monkeypatch.setattr(PostGISOperations, "get_geometry_converter", noted)

    def read(_: int) -> int:
        found = ready.first(case.pk)
        assert found is not None
        assert found.location == case.location
        return threading.get_ident()

    assert set(at_once(read)) == made_in


def test_two_threads_that_write_a_statement_at_once_write_the_same(real_city: City) -> None:
    case = log(real_city)
    both_write = threading.Barrier(2)

    def clocks(pk: int) -> QuerySet[Timer]:
        with suppress(threading.BrokenBarrierError):
            both_write.wait(10)
        return Timer.objects.filter(case_id=pk)

    parts = ReadyParts("test_written_at_once", {"clocks": clocks})

    first, second = at_once(lambda _: parts(case.pk)["clocks"], many=2)

    assert first == second == list(Timer.objects.filter(case=case))
    both_write.abort()
    assert parts(case.pk)["clocks"] == first
