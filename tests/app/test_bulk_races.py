"""Imports and live traffic at the same moment: nothing twice, nobody waits for ever."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from dispatch.actions import copying
from dispatch.bulk import Answer, submit_many
from dispatch.intake import submit
from dispatch.models import Case, Intake
from dispatch.voices import Position, Receipt
from tests.app.test_bulk import voice
from tests.city import City

KEYS = [f"k{n}" for n in range(60)]


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads that start together, each with its own connection."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def numbers_of(answers: Sequence[Answer]) -> list[str]:
    """The case numbers of the receipts; all must be receipts."""
    assert all(isinstance(answer, Receipt) for answer in answers)
    return [answer.body["case_no"] for answer in answers if isinstance(answer, Receipt)]


@pytest.mark.parametrize("placed", [True, False])
def test_an_import_and_live_voices_with_the_same_keys_double_nothing(
    real_city: City, placed: bool
) -> None:
    changes = {} if placed else {"position": None, "category": "L9099"}
    voices = [voice(key, seconds=n, **changes) for n, key in enumerate(KEYS)]

    def live() -> list[Answer]:
        return [submit(new, by=None, now=now) for new, now in reversed(voices)]

    def imported() -> list[Answer]:
        return submit_many(voices, by=None)

    from_live, from_import = at_once(live, imported)
    assert Intake.objects.count() == Case.objects.count() == len(KEYS)
    assert numbers_of(from_live[::-1]) == numbers_of(from_import)
    firsts = [a.is_first + b.is_first for a, b in zip(from_live[::-1], from_import, strict=True)]
    assert firsts == [1] * len(KEYS)


def test_a_live_voice_that_slips_in_before_the_rows_are_written_is_the_first(
    real_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = [voice(key, position=None, category="L9099") for key in KEYS]
    new, now = voices[30]
    write, tries = copying.register_many, []

    def late(registrations: Any) -> Any:
        tries.append(len(registrations))
        if len(tries) == 1:
            at_once(lambda: submit(new, by=None, now=now))
        return write(registrations)

    monkeypatch.setattr(copying, "register_many", late)
    answers = submit_many(voices, by=None)
    assert tries == [60, 59]
    assert Intake.objects.count() == Case.objects.count() == len(KEYS)
    assert [answer.is_first for answer in answers].count(False) == 1  # type: ignore[union-attr]


def test_two_imports_of_one_file_in_two_orders_double_nothing(real_city: City) -> None:
    placed = [
        voice(key, position=Position(119.596 + n / 2000, 29.9, "WGS84"))
        for n, key in enumerate(KEYS[:30])
    ]
    unplaced = [voice(key, position=None, category="L9099") for key in KEYS[30:]]
    voices = [*placed, *unplaced]
    answers = at_once(
        lambda: submit_many(voices, by=None), lambda: submit_many(voices[::-1], by=None)
    )
    assert Intake.objects.count() == len(KEYS)
    assert numbers_of(answers[0]) == numbers_of(answers[1][::-1])


def test_an_import_and_live_voices_about_one_thing_see_each_other(real_city: City) -> None:
    lots = [[voice(f"{lot}-{n}", seconds=n) for n in range(4)] for lot in range(3)]

    def live() -> list[Answer]:
        return [submit(new, by=None, now=now) for new, now in lots[0]]

    at_once(live, lambda: submit_many(lots[1], by=None), lambda: submit_many(lots[2], by=None))
    receipts = Intake.objects.values_list("receipt", flat=True)
    seen = [len(receipt["duplicates"]) for receipt in receipts if receipt]
    assert sorted(seen) == [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5]


def test_voices_of_two_imports_about_one_component_make_one_case(real_city: City) -> None:
    lots = [
        [
            voice(f"{lot}-{n}", seconds=n, category="C0103", component_id="3399010103000001")
            for n in range(5)
        ]
        for lot in range(2)
    ]
    at_once(*(lambda lot=lot: submit_many(lot, by=None) for lot in lots))
    assert Case.objects.get().intakes_count == 10
