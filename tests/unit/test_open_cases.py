"""The open cases in memory: whatever comes and goes, the columns hold what was put last."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.board.opencases import OpenCase, OpenCases, microseconds

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


def one(pk: int, state: str = "REGISTERED", unit: int = 1, due_h: int = 1, **more: Any) -> OpenCase:
    due = microseconds(NOW + timedelta(hours=due_h))
    case = OpenCase(
        pk, f"339901{pk:012d}", due, microseconds(NOW), pk * 10.0, 5.0, False, False, 0, 0,
        "339901", "339901001", "339901001001", unit, state, "HOTLINE", "E0104", 2, (),
    )  # fmt: skip
    return case._replace(**more)


STEPS = st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["put", "drop"]), st.integers(1, 4)))


@given(STEPS)
def test_what_was_put_last_is_what_is_counted(steps: list[tuple[int, str, int]]) -> None:
    cases, expected = OpenCases(), {}
    for pk, step, unit in steps:
        if step == "put":
            cases.put([one(pk, unit=unit, supports=(unit,) if unit == 4 else ())])
            expected[pk] = unit
        else:
            cases.drop([pk])
            expected.pop(pk, None)

    assert cases.count == len(expected)
    for unit in range(1, 5):
        found = set(cases["id"][cases.among("unit", [unit])].tolist())
        assert found == {pk for pk, led_by in expected.items() if led_by == unit}
    supported = cases["id"][cases.supported_by([4])].tolist()
    assert sorted(supported) == sorted(pk for pk, unit in expected.items() if unit == 4)


def test_columns_grow_and_keep_what_they_hold() -> None:
    cases = OpenCases()
    cases.put([one(pk) for pk in range(1, 3000)])
    cases.put([one(pk, "PROCESSING") for pk in range(2500, 5000)])

    assert cases.count == 4999
    assert np.count_nonzero(cases.among("state", ["PROCESSING"])) == 2500
    assert cases["case_no"][0] == b"339901000000000001"


def test_a_word_that_no_case_has_finds_nothing() -> None:
    cases = OpenCases()
    cases.put([one(1)])

    assert not cases.among("district", ["339902"]).any()
    assert not cases.among("line", []).any()


def test_due_at_this_moment_is_overdue_and_due_in_two_hours_is_soon() -> None:
    cases = OpenCases()
    cases.put([one(1, due_h=0), one(2, due_h=2), one(3, due_h=3), one(4, "PENDING_SIGN", due_h=-5)])

    counted = cases.counters(
        cases.among("district", ["339901"]), now=NOW, soon=NOW + timedelta(hours=2), midnight=NOW
    )

    assert counted == {
        "all": 4, "overdue": 2, "due_soon": 1, "unsigned": 1, "today": 4,
        "hotline": 4, "grid": 0, "affairs": 0,
    }  # fmt: skip


def test_a_square_with_one_case_names_it_and_a_fuller_one_does_not() -> None:
    cases = OpenCases()
    cases.put([one(1), one(2), one(50, "CHECKING", due_h=-1, priority=0), one(9, x=float("inf"))])
    every = np.ones(cases.count, bool)

    found = cases.clusters(every, (0.0, 0.0, 600.0, 600.0), size=100.0, now=NOW)

    assert [(c.n, c.overdue, c.priority, c.only) for c in found] == [
        (2, 0, 2, None),
        (1, 1, 0, ("339901000000000050", "HOTLINE", "CHECKING")),
    ]
    assert (found[0].x, found[0].y) == (15.0, 5.0)
    assert cases.clusters(every, (900.0, 0.0, 950.0, 9.0), size=100.0, now=NOW) == []
