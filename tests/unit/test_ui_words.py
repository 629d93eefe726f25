"""Every code of the lifecycle that a screen may show has a word, a ring and an order."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.drawer.moves import SET_BACK, USUAL
from dispatch.intake import KINDS
from dispatch.lifecycle import MOVES, TOPICS, Stage, State
from dispatch.models.timers import TimerState
from ui import stepper, words
from ui.templatetags.ui import RINGS, STATES, duration, heads, time_left

OFFERED = [move for move in MOVES if move.offered]


def test_every_state_has_a_word_a_ring_and_a_step() -> None:
    assert set(STATES) == set(RINGS) == {state.value for state in State}
    assert all(len(stepper.steps_of(state)) == len(stepper.STEPS) for state in State)


def test_every_move_topic_stage_and_clock_has_a_word() -> None:
    assert {move.name for move in MOVES} <= set(words.MOVES)
    assert set(words.TOPICS) >= TOPICS
    assert {stage.value for stage in Stage} <= set(words.STAGES)
    assert set(TimerState.values) <= set(words.TIMERS)


def test_every_field_and_choice_of_a_move_has_a_word() -> None:
    fields = [field for move in OFFERED for field in move.fields]
    assert {field.name for field in fields} <= set(words.FIELDS)
    assert {choice for field in fields for choice in field.choices} <= set(words.CHOICES)


def test_every_kind_of_a_voice_has_a_word() -> None:
    assert set(words.KINDS) >= KINDS


def test_the_key_e_never_ends_a_case_or_sends_it_back() -> None:
    assert not set(USUAL) & SET_BACK
    names = {move.name for move in MOVES}
    assert set(USUAL) | SET_BACK <= names


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3700, ("over", "超 1 小时 1 分")),
        (-59, ("over", "刚超时")),
        (59, ("warn", "剩不到 1 分")),
        (60, ("warn", "剩 1 分")),
        (7200, ("ok", "剩 2 小时")),
        (93600, ("ok", "剩 1 天 2 小时")),
    ],
)
def test_time_left_never_says_nought_minutes(seconds: int, said: tuple[str, str]) -> None:
    now = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert time_left(now + timedelta(seconds=seconds), now) == said


def test_the_head_of_a_table_names_its_columns_and_tells_what_the_buttons_are() -> None:
    assert heads("时间", "<步骤>") == (
        '<thead><tr><th scope="col">时间</th><th scope="col">&lt;步骤&gt;</th></tr></thead>'
    )
    assert '<span class="sr-only">操作</span>' in heads("时间", acts=True)


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 分"), (20, "不到 1 分"), (60, "1 分")])
def test_a_moment_is_not_called_nought_minutes(seconds: int, said: str) -> None:
    assert duration(seconds) == said
