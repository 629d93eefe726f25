"""The one table of moves against the domain page and against the code that acts on it."""

import re
from collections import deque
from pathlib import Path

import pytest

from accounts.models import Role
from dispatch.actions.moving import EFFECTS
from dispatch.drawing import STATE_LABELS
from dispatch.lifecycle import (
    ENDED,
    MOVES,
    NAMES,
    OPEN,
    SYSTEM,
    TOPICS,
    Move,
    Stage,
    State,
    move_from,
    moves_from,
)

SIDE_BY_SIDE = Path(__file__).resolve().parents[3] / "shared" / "design" / "domain.md"
OFFERED = [move for move in MOVES if move.offered]
CLOCKS_BY_STATE = {
    State.REGISTERED: Stage.ACCEPT,
    State.VERIFYING: Stage.VERIFY,
    State.PENDING_FILING: Stage.FILE,
    State.PENDING_DISPATCH: Stage.DISPATCH,
    State.PENDING_SIGN: Stage.SIGN,
    State.PENDING_CHECK: Stage.CHECK,
    State.CHECKING: Stage.CHECK,
    State.PENDING_CALLBACK: Stage.CALLBACK,
}


STEPS_OF_OURS = {
    "T2": {"sample_call"},
    "T4": {"follow_up"},
    "T8": {"report_untrue", "verify_again", "object_untrue"},
    "T43": {"verified_true", "report_untrue", "verify_again", "hold_true", "verified_false"},
    "T21": {"state_position"},
    "T23": {"progress", "confirm_safe"},
    "T24": {"approve_extension", "refuse_extension"},
    "T25": {"request_suspension", "refuse_suspension", "review_suspension"},
    "T27": {
        "support_done", "excuse_support", "sub_dispatch", "sub_sign", "sub_done", "sub_return",
        "sub_rework", "recall",
    },
    "T33": {"approve_explanation"},
    "T38": {"answer_supervision", "end_supervision"},
}  # fmt: skip
"""The page names request and approval in one row; each is a move of its own actor."""


def described(move: Move) -> str:
    """A readable test id."""
    return f"{move.number}-{move.name}"


def test_all_43_rows_of_the_domain_page_are_there() -> None:
    ours = {"M1", "M2", "M3"}
    assert {move.number for move in MOVES} == {f"T{n}" for n in range(1, 44)} | ours


def test_the_names_and_targets_are_those_of_the_domain_page() -> None:
    if not SIDE_BY_SIDE.exists():
        pytest.skip("the domain page is not beside the repository")
    section = SIDE_BY_SIDE.read_text("utf-8").split("### 7.2 ")[1].split("### 7.3 ")[0]
    rows = re.findall(r"^\| (T\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", section, re.MULTILINE)
    assert len(rows) == 43

    for number, _, target, names in rows:
        ours = [move for move in MOVES if move.number == number]
        theirs_by_name = set(re.findall(r"`(\w+)`", names)) | STEPS_OF_OURS.get(number, set())
        assert {move.name for move in ours} == theirs_by_name, number
        theirs = set(re.findall(r"[A-Z_]{6,}", target))
        for move in (m for m in ours if m.name not in STEPS_OF_OURS.get(number, set())):
            if move.target is not None and theirs:
                assert move.target.value in theirs, number


def test_a_name_and_a_state_name_one_row() -> None:
    pairs = [(move.name, state) for move in MOVES for state in move.sources]

    assert len(pairs) == len(set(pairs))
    assert all(move_from(name, state) for name, state in pairs)
    assert move_from("sign", State.CLOSED) is None
    assert move_from("no_such_move", State.REGISTERED) is None


def test_every_state_can_be_reached_from_registration() -> None:
    reached, to_visit = {State.REGISTERED}, deque([State.REGISTERED])
    while to_visit:
        state = to_visit.popleft()
        for move in MOVES:
            if state in move.sources and move.target and move.target not in reached:
                reached.add(move.target)
                to_visit.append(move.target)

    assert reached == set(State)


def leading_out_of(state: State) -> list[Move]:
    """The moves out of a state, without links: those change nothing of either case."""
    links = {"link", "unlink"}
    return [move for move in MOVES if state in move.sources and move.name not in links]


@pytest.mark.parametrize("state", [State.ARCHIVED, State.VOIDED])
def test_nothing_leads_out_of_the_last_states(state: State) -> None:
    assert [move.name for move in leading_out_of(state)] == []


@pytest.mark.parametrize(
    ("state", "ways"),
    [
        (State.CLOSED, {"archive", "reopen", "object_untrue", "follow_up", "sample_call"}),
        (State.REJECTED, {"appeal_accept"}),
        (State.MERGED, {"unmerge"}),
    ],
)
def test_ended_cases_come_back_only_by_name(state: State, ways: set[str]) -> None:
    assert {move.name for move in leading_out_of(state)} == ways


def test_open_and_ended_divide_the_states() -> None:
    assert set(State) == OPEN | ENDED
    assert not OPEN & ENDED
    assert set(STATE_LABELS) == set(State)


def test_the_roles_of_the_table_are_roles_that_posts_have() -> None:
    roles = frozenset().union(*(move.actors for move in MOVES))

    assert roles <= set(Role.values) | {SYSTEM}


def test_evaluators_stewards_and_administrators_have_no_move() -> None:
    roles = frozenset().union(*(move.actors for move in MOVES))

    assert not roles & {"EVALUATOR", "DATA_STEWARD", "AUDITOR", "SYSADMIN", "SECADMIN"}


def test_every_offered_move_has_an_effect_and_every_effect_is_offered() -> None:
    assert {move.name for move in OFFERED} == set(EFFECTS)
    for state in State:
        assert set(moves_from(state)) == {move for move in OFFERED if state in move.sources}


@pytest.mark.parametrize("move", OFFERED, ids=described)
def test_each_offered_move_is_for_people_or_for_the_rules(move: Move) -> None:
    assert move.actors <= set(Role.values) | {SYSTEM}
    assert move.actors & set(Role.values) or move.name in {"escalate", "archive"}


@pytest.mark.parametrize("move", MOVES, ids=described)
def test_a_move_that_ends_a_case_stops_every_clock_and_starts_none(move: Move) -> None:
    """But for the calls after a hand-over and by sample: they are due when the case has ended."""
    if move.target not in ENDED or move.name == "archive":
        return

    assert move.stops == set(Stage)
    calls = {"transfer_emergency": (Stage.FOLLOW_UP,), "answer_directly": (Stage.SAMPLE,)}
    assert move.starts == calls.get(move.name, ())


@pytest.mark.parametrize(
    "move", [move for move in OFFERED if move.target in CLOCKS_BY_STATE], ids=described
)
def test_each_open_state_is_entered_with_its_own_clock(move: Move) -> None:
    assert move.target is not None
    assert CLOCKS_BY_STATE[move.target] in move.starts


@pytest.mark.parametrize(
    "move",
    [m for m in OFFERED if m.target and not m.stops >= set(Stage)],
    ids=described,
)
def test_leaving_a_state_stops_its_clock(move: Move) -> None:
    for source in move.sources & set(CLOCKS_BY_STATE):
        assert CLOCKS_BY_STATE[source] in move.stops | set(move.starts)


def test_field_names_are_used_once_per_move_and_choices_have_values() -> None:
    for move in MOVES:
        names = [field.name for field in move.fields]
        assert len(names) == len(set(names))
        assert all(field.choices for field in move.fields if field.kind == "choice")


def test_topics_name_the_move_and_fit_their_column() -> None:
    assert {move.topic for move in MOVES} <= TOPICS
    assert all(len(topic) <= 32 for topic in TOPICS)
    assert all(len(name) <= 24 for name in NAMES)


def test_the_second_rework_can_be_decided_by_the_duty_leader() -> None:
    rework = move_from("rework", State.PENDING_CALLBACK)

    assert rework is not None
    assert rework.actors >= {"CALLBACK", "DUTY_LEADER"}


@pytest.mark.parametrize("role", ["OPERATOR", "RECEIVER", "DUTY_LEADER"])
def test_who_may_log_a_call_may_answer_it(role: str) -> None:
    """domain.md 7.3.1: register and answer directly are one power."""
    answer = move_from("answer_directly", State.REGISTERED)

    assert answer is not None
    assert role in answer.actors
