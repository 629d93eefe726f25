"""Three attempts on two half-days, then a citizen may be given up as not reached."""

from datetime import datetime

from dispatch.attempts import counted, is_given_up, next_counts_from
from dispatch.clocks import SHANGHAI


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


MORNING = [_at(2, 9), _at(2, 10), _at(2, 11)]


def test_three_attempts_in_one_half_day_are_two() -> None:
    assert counted(MORNING) == 2
    assert not is_given_up(MORNING)


def test_the_third_attempt_counts_in_another_half_day() -> None:
    assert is_given_up([*MORNING[:2], _at(2, 12)])
    assert is_given_up([*MORNING[:2], _at(3, 9)])


def test_the_next_attempt_counts_at_once_or_from_the_next_half_day() -> None:
    assert next_counts_from(MORNING[:1], _at(2, 9, 30)) is None
    assert next_counts_from(MORNING[:2], _at(2, 11, 30)) == _at(2, 12)
    assert next_counts_from(MORNING[:2], _at(2, 12, 1)) is None
    assert next_counts_from([_at(2, 14), _at(2, 15)], _at(2, 16)) == _at(3, 0)


def test_an_attempt_counts_by_the_clock_of_the_city() -> None:
    utc = [at.astimezone(tz=None) for at in (_at(2, 23), _at(3, 1), _at(3, 2))]
    assert is_given_up(utc)
