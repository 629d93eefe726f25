"""Which service events enter the queue (domain.md 3.6), whatever numbers their sender counts by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affairs.rules import (
    IN_QUEUE,
    KNOWN,
    NEGATIVE,
    ONLY_KEPT,
    PREFIX,
    REVIEW,
    SATISFACTIONS,
    SUGGESTION,
    UnknownSatisfactionError,
    entry,
    satisfaction,
    short_type,
)

BEST_IS_FIVE = {
    "1": "VERY_DISSATISFIED",
    "2": "DISSATISFIED",
    "3": "BASICALLY",
    "4": "SATISFIED",
    "5": "VERY_SATISFIED",
}
BEST_IS_ONE = {
    "1": "VERY_SATISFIED",
    "2": "SATISFIED",
    "3": "BASICALLY",
    "4": "DISSATISFIED",
    "5": "VERY_DISSATISFIED",
}


@pytest.mark.parametrize("code", ["1", "2", "4", "5"])
def test_the_same_number_means_the_opposite_in_the_other_standard(code: str) -> None:
    one, other = satisfaction(code, BEST_IS_FIVE), satisfaction(code, BEST_IS_ONE)

    assert (one in NEGATIVE) != (other in NEGATIVE)


@pytest.mark.parametrize(("value_map", "bad"), [(BEST_IS_FIVE, 1), (BEST_IS_ONE, 5)])
def test_a_bad_review_enters_by_its_senders_own_map(value_map: dict[str, str], bad: int) -> None:
    found = entry(REVIEW, {"satisfaction": bad}, value_map)

    assert found is not None
    assert (found.category, found.priority, found.wants_reply) == ("S0001", 1, True)
    assert entry(REVIEW, {"satisfaction": 6 - bad}, value_map) is None


def test_an_anonymous_bad_review_is_less_urgent_and_nobody_is_called_back() -> None:
    found = entry(REVIEW, {"satisfaction": "DISSATISFIED", "anonymous": True}, {})

    assert found is not None
    assert (found.priority, found.wants_reply) == (2, False)


@pytest.mark.parametrize("value", [None, "", 0, 6, "0", "good", {}, [], "１", True])
def test_an_unknown_satisfaction_is_refused_not_guessed(value: object) -> None:
    with pytest.raises(UnknownSatisfactionError):
        entry(REVIEW, {"satisfaction": value}, BEST_IS_FIVE)


def test_words_need_no_map() -> None:
    assert satisfaction(" dissatisfied ", {}) == "DISSATISFIED"


def test_a_map_to_nonsense_is_refused() -> None:
    with pytest.raises(UnknownSatisfactionError):
        satisfaction("1", {"1": "AWFUL"})


@pytest.mark.parametrize("short", sorted(ONLY_KEPT))
def test_status_and_statistics_events_are_only_kept(short: str) -> None:
    assert entry(short, {}, {}) is None


@pytest.mark.parametrize("short", sorted(IN_QUEUE))
def test_the_listed_types_enter_with_their_category(short: str) -> None:
    found = entry(short, {}, {})

    assert found is not None
    assert found.category.startswith("S")
    assert found.priority in range(4)


@pytest.mark.parametrize(("wants", "enters"), [(True, True), (False, False), (None, False)])
def test_a_suggestion_enters_when_an_answer_is_asked_for(wants: object, enters: bool) -> None:
    assert (entry(SUGGESTION, {"wants_reply": wants}, {}) is not None) is enters


def test_types_are_known_only_with_our_prefix() -> None:
    assert {short_type(PREFIX + short) for short in KNOWN} == set(KNOWN)
    assert short_type(REVIEW) is None
    assert short_type(f"{PREFIX}no.such.type") is None
    assert not set(IN_QUEUE) & ONLY_KEPT


@given(value=st.text() | st.integers() | st.floats() | st.booleans() | st.none())
def test_any_value_is_a_known_word_or_refused(value: object) -> None:
    try:
        assert satisfaction(value, BEST_IS_ONE) in SATISFACTIONS
    except UnknownSatisfactionError:
        assert str(value).strip().upper() not in SATISFACTIONS | set(BEST_IS_ONE)
