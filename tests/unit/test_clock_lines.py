"""The line of working time: pauses neither gain nor lose, marks keep their order, years missing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.clocks import (
    ALWAYS_ON,
    MINUTE,
    Line,
    Season,
    WorkCalendar,
    add_worked,
    add_working_minutes,
    draw,
    go_on,
    mark_at,
    microseconds,
    missing_years,
    worked_between,
    working_minutes,
)
from tests.unit.test_clocks import CALENDAR, MINUTES, STARTS, local

SEASONS = WorkCalendar(
    CALENDAR.days,
    (
        Season((5, 1), (9, 30), ((480, 720), (870, 1110))),
        Season((10, 1), (4, 30), ((510, 720), (780, 1050))),
    ),
)
CALENDARS = st.sampled_from((CALENDAR, SEASONS, ALWAYS_ON))
STEPS = st.lists(st.timedeltas(timedelta(), timedelta(days=3)), min_size=2, max_size=12)


def walk(
    start: datetime, limit: float, steps: Sequence[timedelta], calendar: WorkCalendar
) -> tuple[datetime, datetime, int]:
    """A clock that runs and stands in turn: where it is, when it is due, what it has used."""
    now, due_at, used = start, add_working_minutes(start, limit, calendar), 0
    for n, step in enumerate(steps):
        later = now + step
        if n % 2:
            due_at = go_on(due_at, now, later, calendar)
        else:
            used += worked_between(now, later, calendar)
        now = later
    return now, due_at, used


@given(start=STARTS, minutes=MINUTES, steps=STEPS, calendar=CALENDARS)
def test_pausing_and_going_on_never_gains_or_loses_a_working_minute(
    start: datetime, minutes: int, steps: list[timedelta], calendar: WorkCalendar
) -> None:
    now, due_at, used = walk(start, minutes, steps, calendar)

    assert used + worked_between(now, due_at, calendar) == minutes * MINUTE


@given(start=STARTS, one=MINUTES, other=MINUTES, steps=STEPS, calendar=CALENDARS)
def test_pauses_keep_the_order_of_due_times(
    start: datetime, one: int, other: int, steps: list[timedelta], calendar: WorkCalendar
) -> None:
    sooner, later = sorted((one, other))

    assert walk(start, sooner, steps, calendar)[1] <= walk(start, later, steps, calendar)[1]


def test_a_pause_over_a_weekend_gives_back_working_time_and_not_the_weekend() -> None:
    due_at = local("2026-03-06T17:00")

    again = go_on(due_at, local("2026-03-06T16:00"), local("2026-03-09T10:00"), CALENDAR)

    assert again == local("2026-03-09T11:00")


def test_a_clock_that_was_over_is_over_by_as_much_when_it_goes_on() -> None:
    due_at = local("2026-03-03T10:00")

    again = go_on(due_at, local("2026-03-03T12:00"), local("2026-03-05T09:00"), CALENDAR)

    assert again == local("2026-03-04T17:00")
    assert working_minutes(again, local("2026-03-05T09:00"), CALENDAR) == 120


def test_a_clock_that_stopped_at_its_last_moment_is_due_when_it_goes_on() -> None:
    end = local("2026-03-03T18:00")

    assert go_on(end, end, local("2026-03-05T09:30"), CALENDAR) == local("2026-03-05T09:30")


@given(start=STARTS, minutes=MINUTES, calendar=CALENDARS)
def test_marks_come_in_the_order_of_their_percents_and_the_due_mark_is_the_due_time(
    start: datetime, minutes: int, calendar: WorkCalendar
) -> None:
    due_at = add_working_minutes(start, minutes, calendar)
    marks = [mark_at(due_at, minutes, percent, calendar) for percent in range(10, 310, 10)]

    assert marks == sorted(marks)
    assert marks[9] == due_at
    assert start <= marks[0]


@given(start=STARTS, minutes=MINUTES, percent=st.integers(1, 300), calendar=CALENDARS)
def test_at_a_mark_so_much_of_the_limit_is_used(
    start: datetime, minutes: int, percent: int, calendar: WorkCalendar
) -> None:
    mark = mark_at(add_working_minutes(start, minutes, calendar), minutes, percent, calendar)

    assert abs(worked_between(start, mark, calendar) - minutes * MINUTE * percent / 100) <= 1


@given(start=STARTS, worked=st.integers(-(10**10), 10**10), calendar=CALENDARS)
def test_a_moment_lies_where_it_was_reckoned_to_lie(
    start: datetime, worked: int, calendar: WorkCalendar
) -> None:
    moment = add_worked(start, worked, calendar)

    assert worked_between(start, moment, calendar) == worked
    if worked > 0:
        earlier = moment - timedelta(microseconds=1)
        assert worked_between(start, earlier, calendar) == worked - 1


@given(at=STARTS, years=st.integers(0, 6))
def test_a_line_that_has_grown_tells_the_same_positions(at: datetime, years: int) -> None:
    short = draw(CALENDAR, at.year - 1, at.year + 1)
    long = draw(CALENDAR, at.year - 1 - years, at.year + 1 + years)
    base = datetime(at.year, 1, 1, tzinfo=UTC)

    def since(line: Line) -> int:
        return line.position(microseconds(at)) - line.position(microseconds(base))

    assert since(short) == since(long)


def test_working_time_of_long_ago_and_far_ahead_is_reckoned() -> None:
    calendar = WorkCalendar()

    assert add_working_minutes(local("1999-12-31T17:00"), 120, calendar) == local(
        "2000-01-03T09:00"
    )
    assert working_minutes(local("2050-01-03T08:00"), local("2050-01-04T18:00"), calendar) == 960
    back = add_working_minutes(local("2001-01-02T09:00"), -600, calendar)
    assert back == local("2000-12-29T17:00")


def test_this_year_must_be_known_and_from_december_on_the_next() -> None:
    calendar = WorkCalendar({date(2026, 1, 1): False})

    assert missing_years(calendar, date(2026, 11, 30)) == []
    assert missing_years(calendar, date(2026, 12, 1)) == [2027]
    assert missing_years(calendar, date(2027, 1, 1)) == [2027]
    assert missing_years(WorkCalendar(), date(2026, 12, 1)) == [2026, 2027]
