"""Which rows make the ladder of a clock, and who stands on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.lifecycle import Stage
from dispatch.timekeeping.ladder import (
    DUE,
    WORKDAYS,
    Level,
    Rule,
    Step,
    ladder_of,
    next_step,
    overtime_multiple,
    role_of,
    step_of,
    topic_of,
)

RULES = st.lists(
    st.builds(
        Rule,
        stage=st.sampled_from(("", "SIGN", "DISPOSAL")),
        priority=st.sampled_from((None, 0, 2)),
        step=st.builds(Step, percent=st.integers(1, 400), level=st.sampled_from(Level)),
    ),
    max_size=12,
)


@given(rules=RULES, stage=st.sampled_from(("SIGN", "CHECK")), priority=st.sampled_from((0, 1)))
def test_a_ladder_rises_and_has_the_due_mark(rules: list[Rule], stage: str, priority: int) -> None:
    percents = [step.percent for step in ladder_of(rules, stage, priority)]

    assert percents == sorted(set(percents))
    assert DUE in percents


def test_the_most_special_rows_make_the_whole_ladder() -> None:
    rules = (
        Rule("", None, Step(75, Level.HOLDER)),
        Rule("", 0, Step(50, Level.HOLDER)),
        Rule("SIGN", None, Step(60, Level.HEAD)),
        Rule("SIGN", 0, Step(40, Level.PARENT)),
    )

    def marks(stage: str, priority: int) -> list[int]:
        return [step.percent for step in ladder_of(rules, stage, priority)]

    assert marks("CHECK", 2) == [75, 100]
    assert marks("CHECK", 0) == [50, 100]
    assert marks("SIGN", 2) == [60, 100]
    assert marks("SIGN", 0) == [40, 100]


def test_a_ladder_that_counts_in_workdays_after_the_due_time_knows_no_multiples() -> None:
    rules = (
        Rule("", None, Step(75, Level.HOLDER)),
        Rule("", None, Step(300, Level.COMMANDER)),
        Rule("", None, step_of(None, 5, Level.COMMANDER)),
        Rule("", None, step_of(None, 1, Level.PARENT)),
    )

    steps = ladder_of(rules, "DISPOSAL", 2)

    assert [(step.percent, step.workdays) for step in steps] == [
        (75, 0),
        (100, 0),
        (WORKDAYS + 1, 1),
        (WORKDAYS + 5, 5),
    ]
    assert topic_of(steps[-1].percent) == "timer.escalated"


def test_a_city_without_rows_still_says_the_due_time() -> None:
    assert ladder_of((), "SIGN", 2) == (Step(DUE, Level.HEAD),)


def test_the_next_step_is_the_first_above_what_was_said() -> None:
    steps = (Step(75, Level.HOLDER), Step(100, Level.HEAD))

    assert next_step(steps, 0) == steps[0]
    assert next_step(steps, 75) == steps[1]
    assert next_step(steps, 100) is None


@pytest.mark.parametrize(
    ("percent", "topic"), [(99, "timer.near"), (100, "timer.overdue"), (101, "timer.escalated")]
)
def test_the_topic_follows_the_percent(percent: int, topic: str) -> None:
    assert topic_of(percent) == topic


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("level", list(Level))
def test_every_level_of_every_clock_has_a_role(stage: Stage, level: Level) -> None:
    assert role_of(stage, level)


def test_the_call_tree_of_a_unit_leads_to_the_commander() -> None:
    assert [role_of(Stage.DISPOSAL, level) for level in Level] == [
        "HANDLER",
        "UNIT_APPROVER",
        "UNIT_APPROVER",
        "DUTY_LEADER",
        "COMMANDER",
    ]


def test_overtime_is_a_multiple_of_the_limit() -> None:
    assert overtime_multiple(480, 480) == 0
    assert overtime_multiple(720, 480) == 0.5
    assert overtime_multiple(1440, 480) == 2
    assert overtime_multiple(100, 480) == 0
    assert overtime_multiple(1, 0) == 0
