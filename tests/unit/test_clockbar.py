"""The clock picture: every stretch in its place, nothing beyond the bar, lateness said."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatch.drawer.clockbar import LEAST, picture_of

START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def _segment(since: float, until: float, party: str = "A2", **changes: Any) -> dict[str, Any]:
    return {
        "from": (START + timedelta(hours=since)).isoformat(),
        "to": (START + timedelta(hours=until)).isoformat(),
        "stage": "DISPOSAL",
        "party": party,
        "running": True,
        "cause": "",
        "counted_minutes": (until - since) * 60,
        **changes,
    }


def _timer(due: float, **changes: Any) -> dict[str, Any]:
    at = (START + timedelta(hours=due)).isoformat()
    return {"stage": "DISPOSAL", "state": "RUNNING", "due_at": at, "marks": [], **changes}


def _picture(segments: list[dict[str, Any]], timers: list[dict[str, Any]], now: float) -> Any:
    clock = {"segments": segments, "timers": timers}
    at = START + timedelta(hours=now)
    return picture_of(clock, {"A2": "环卫所"}, now=at, is_open=True)


def test_nobody_held_it_gives_no_picture() -> None:
    assert _picture([], [], 0) is None


def test_parties_have_names_tones_and_sums() -> None:
    segments = [_segment(0, 1, "DISPATCHER"), _segment(1, 3), _segment(3, 4, "INSPECTOR")]
    picture = _picture([*segments, _segment(4, 5)], [_timer(8)], 5)
    assert [one.tone for one in picture.stretches] == ["centre", "unit", "field", "unit"]
    assert picture.totals[0][:2] == ("unit", "环卫所")
    assert picture.totals[0][2] == "3 小时"


def test_the_deadline_moves_the_end_of_the_bar_and_lateness_is_said() -> None:
    early = _picture([_segment(0, 2)], [_timer(8)], 2)
    late = _picture([_segment(0, 9)], [_timer(8)], 9)
    assert not early.is_late
    assert late.is_late
    assert early.end > START + timedelta(hours=8)


def test_a_cancelled_deadline_is_not_drawn() -> None:
    picture = _picture([_segment(0, 2)], [_timer(8, state="CANCELLED")], 2)
    assert [mark.kind for mark in picture.marks] == ["now"]


def test_steps_of_the_ladder_are_taken_or_ahead() -> None:
    at = START + timedelta(hours=4)
    mark = {"percent": 50, "role": "HANDLER", "level": "HOLDER", "at": at.isoformat(), "said": True}
    timer = _timer(8, marks=[mark, {**mark, "said": False}, {**mark, "at": None}])
    kinds = [one.kind for one in _picture([_segment(0, 5)], [timer], 5).marks]
    assert kinds == ["stepped", "step", "due", "now"]


def test_a_step_that_counts_in_workdays_says_so_instead_of_a_percent() -> None:
    at = START + timedelta(hours=4)
    mark = {"percent": None, "workdays": 5, "level": "COMMANDER", "at": at.isoformat()}
    (label,) = [
        one.label
        for one in _picture([_segment(0, 5)], [_timer(8, marks=[mark])], 5).marks
        if one.kind == "step"
    ]
    assert "5" in label
    assert "%" not in label


@given(st.lists(st.floats(0.01, 200), min_size=1, max_size=12), st.floats(-10, 400))
def test_every_stretch_lies_in_the_bar(lengths: list[float], due: float) -> None:
    segments, at = [], 0.0
    for length in lengths:
        segments.append(_segment(at, at + length))
        at += length
    picture = _picture(segments, [_timer(due)], at)
    begins = [float(one.begin) for one in picture.stretches]
    assert begins == sorted(begins)
    assert all(0 <= float(one.begin) <= 100 for one in picture.stretches)
    assert all(float(one.width) >= LEAST for one in picture.stretches)
    assert sum(float(one.width) for one in picture.stretches) <= 100 + LEAST * len(lengths)
    assert all(0 <= float(mark.at) <= 100 for mark in picture.marks)
