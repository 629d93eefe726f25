"""The board reads all cases in chunks, and a slice of them again in turn, log or no log."""

from datetime import timedelta

import pytest
from django.db import connection

from dispatch.board import current as boards
from dispatch.board.current import Board
from dispatch.board.opencases import OpenCases
from dispatch.models import Case
from tests.app.test_disputes import log
from tests.city import City


def rows_of(cases: OpenCases) -> set[tuple[int, int]]:
    """(case, priority) of all open cases."""
    words = list(cases.words["priority"])
    return {
        (int(pk), words[number]) for pk, number in zip(cases["id"], cases["priority"], strict=True)
    }


def in_tables() -> set[tuple[int, int]]:
    return set(Case.objects.filter(is_open=True).values_list("pk", "priority"))


def test_what_no_event_told_is_found_by_the_slices(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "SLICE_EVERY_S", 0.0)
    cases, board = [log(city, title=f"第 {n} 件") for n in range(5)], Board()
    for _first_all_then_what_has_no_number in range(2):
        assert board.read(rows_of) == in_tables()

    Case.objects.filter(pk=cases[0].pk).update(priority=0)
    Case.objects.filter(pk=cases[2].pk).update(is_open=False, state="VOIDED")
    assert board.read(rows_of) == in_tables()

    Case.objects.filter(pk=cases[2].pk).update(is_open=True, state="REGISTERED")
    assert board.read(rows_of) == in_tables()


def test_one_slice_after_the_other_goes_round_and_leaves_the_others_alone(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "SLICE", 2)
    monkeypatch.setattr(boards, "SLICE_EVERY_S", 1e6)
    monkeypatch.setattr(boards, "_SLICE", boards._SLICE.replace("LIMIT 250", "LIMIT 2"))
    cases, board = [log(city, title=f"第 {n} 件") for n in range(5)], Board()
    for _first_all_then_what_has_no_number in range(2):
        board.read(rows_of)
    Case.objects.update(priority=0)
    changed = []
    with connection.cursor() as cursor:
        for _ in range(3):
            board._read_slice(cursor)
            changed.append(board.read(lambda held: int(held.among("priority", [0]).sum())))
            assert board.read(lambda held: held.count) == len(cases)
    assert changed == [2, 4, 5]


def test_cases_are_read_a_chunk_at_a_time(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "CHUNK", 2)
    for n in range(5):
        log(city, title=f"第 {n} 件")
    assert Board().read(rows_of) == in_tables()


def test_a_case_whose_due_time_moved_unheard_is_never_out_of_sight(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "SLICE", 2)
    monkeypatch.setattr(boards, "SLICE_EVERY_S", 1e6)
    monkeypatch.setattr(boards, "_SLICE", boards._SLICE.replace("LIMIT 250", "LIMIT 2"))
    cases, board = [log(city, title=f"第 {n} 件") for n in range(5)], Board()
    for _first_all_then_what_has_no_number in range(2):
        board.read(rows_of)
    first, *_, last = Case.objects.order_by("due_at", "pk")
    Case.objects.filter(pk=first.pk).update(due_at=last.due_at + timedelta(days=9), priority=0)

    with connection.cursor() as cursor:
        for _ in range(3):
            board._read_slice(cursor)
            assert board.read(lambda held: held.count) == len(cases)

    assert board.read(rows_of) == in_tables()


def test_what_ended_unheard_is_dropped_by_one_slice(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "SLICE_EVERY_S", 1e6)
    cases, board = [log(city, title=f"第 {n} 件") for n in range(5)], Board()
    for _first_all_then_what_has_no_number in range(2):
        board.read(rows_of)
    Case.objects.filter(pk__in=[case.pk for case in cases[:4]]).update(
        is_open=False, state="VOIDED"
    )

    with connection.cursor() as cursor:
        board._read_slice(cursor)

    assert board.read(lambda held: held.count) == 1
