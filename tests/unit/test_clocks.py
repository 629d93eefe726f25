"""Working-time arithmetic: the vectors of domain.md 4.7 and what must hold for any start."""

from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.clocks import (
    SHANGHAI,
    Counting,
    Limit,
    Season,
    Unit,
    WorkCalendar,
    add_working_minutes,
    due,
    working_minutes,
)

FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
CALENDAR = WorkCalendar({day: chinese_calendar.is_workday(day) for day in DAYS})
STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 10, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=SHANGHAI)
)
MINUTES = st.integers(1, 5000)


def local(text: str) -> datetime:
    """A moment of the city's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


VECTORS = (
    ("2026-02-13T17:00", 4, Unit.WH, "2026-02-14T11:00", None),
    ("2026-02-13T17:00", 1, Unit.WD, "2026-02-14T17:00", "2026-02-14T18:00"),
    ("2026-02-14T17:30", 5, Unit.WD, "2026-02-28T17:30", "2026-02-28T18:00"),
    ("2026-01-01T10:00", 2, Unit.WH, "2026-01-04T10:00", None),
    ("2026-01-03T23:59", 4, Unit.WH, "2026-01-04T12:00", None),
    ("2026-04-30T11:30", 1, Unit.WH, "2026-04-30T14:30", None),
    ("2026-04-30T17:59", 1, Unit.WD, "2026-05-06T17:59", "2026-05-06T18:00"),
    ("2026-09-30T15:00", 7, Unit.WD, "2026-10-15T15:00", "2026-10-15T18:00"),
    ("2026-06-18T09:00", 3, Unit.WD, "2026-06-24T09:00", "2026-06-24T18:00"),
    ("2026-03-02T12:30", 1, Unit.WH, "2026-03-02T15:00", None),
)
"""The ten rows of domain.md 4.7: start, limit, due by minutes, due by days."""


@pytest.mark.parametrize(("start", "amount", "unit", "by_minutes", "by_days"), VECTORS)
def test_the_vectors_of_the_domain_page_hold(
    start: str, amount: int, unit: Unit, by_minutes: str, by_days: str | None
) -> None:
    minutes = Limit(amount, unit, Counting.WORK_MINUTES)
    days = Limit(amount, unit, Counting.DAY_COUNT)

    assert due(local(start), minutes, CALENDAR) == local(by_minutes)
    if by_days:
        assert due(local(start), days, CALENDAR) == local(by_days)


def test_2026_has_248_workdays() -> None:
    of_2026 = [day for day in DAYS if day.year == 2026]

    assert sum(CALENDAR.is_workday(day) for day in of_2026) == 248


@given(start=STARTS, minutes=MINUTES)
def test_the_working_minutes_up_to_the_due_time_are_the_limit(
    start: datetime, minutes: int
) -> None:
    end = add_working_minutes(start, minutes, CALENDAR)

    assert working_minutes(start, end, CALENDAR) == pytest.approx(minutes, abs=1e-6)


@given(start=STARTS, later=st.integers(0, 20_000), minutes=MINUTES)
def test_who_starts_later_is_never_due_earlier(start: datetime, later: int, minutes: int) -> None:
    after = start + timedelta(minutes=later)

    assert add_working_minutes(start, minutes, CALENDAR) <= add_working_minutes(
        after, minutes, CALENDAR
    )


@given(start=STARTS, minutes=MINUTES, more=MINUTES)
def test_a_longer_limit_is_due_later(start: datetime, minutes: int, more: int) -> None:
    sooner = add_working_minutes(start, minutes, CALENDAR)

    assert add_working_minutes(start, minutes + more, CALENDAR) > sooner


@given(start=STARTS, first=MINUTES, second=MINUTES)
def test_two_parts_of_a_limit_take_as_long_as_the_whole(
    start: datetime, first: int, second: int
) -> None:
    in_parts = add_working_minutes(add_working_minutes(start, first, CALENDAR), second, CALENDAR)

    assert in_parts == add_working_minutes(start, first + second, CALENDAR)


@given(start=STARTS, days=st.integers(0, 40))
def test_days_counted_from_the_next_one_are_never_due_before_the_start(
    start: datetime, days: int
) -> None:
    limit = Limit(days, Unit.WD, Counting.DAY_COUNT)

    assert due(start, limit, CALENDAR) >= start


@given(start=STARTS, days=st.integers(1, 40))
def test_counted_days_end_at_the_close_of_a_workday(start: datetime, days: int) -> None:
    end = due(start, Limit(days, Unit.WD, Counting.DAY_COUNT), CALENDAR).astimezone(SHANGHAI)

    assert (end.hour, end.minute) == (18, 0)
    assert CALENDAR.is_workday(end.date())


@given(start=STARTS, end=STARTS)
def test_no_time_passes_backwards(start: datetime, end: datetime) -> None:
    passed = working_minutes(start, end, CALENDAR)

    assert passed >= 0
    assert passed == 0 or end > start


@pytest.mark.parametrize(
    ("unit", "passes"),
    [(Unit.MIN, timedelta(minutes=3)), (Unit.UH, timedelta(hours=3)), (Unit.ND, timedelta(days=3))],
)
def test_urgent_units_run_through_the_night(unit: Unit, passes: timedelta) -> None:
    start = local("2026-02-14T23:00")

    assert due(start, Limit(3, unit), CALENDAR) - start == passes


def test_a_year_without_rows_falls_back_to_monday_to_friday() -> None:
    assert not CALENDAR.knows_year(2027)
    assert CALENDAR.knows_year(2026)
    friday_evening = local("2027-01-08T17:00")

    assert due(friday_evening, Limit(2, Unit.WH), CALENDAR) == local("2027-01-11T09:00")


def test_a_unit_that_always_works_knows_no_weekend() -> None:
    calendar = WorkCalendar(CALENDAR.days, always_on=True)
    saturday = local("2026-03-07T23:00")

    assert due(saturday, Limit(2, Unit.WH), calendar) == local("2026-03-08T01:00")
    assert due(saturday, Limit(1, Unit.WD, Counting.DAY_COUNT), calendar) == local(
        "2026-03-09T00:00"
    )


def test_a_season_over_new_year_has_its_own_hours() -> None:
    winter = Season((11, 1), (2, 28), ((540, 720), (780, 1020)))
    calendar = WorkCalendar(CALENDAR.days, (winter,))

    assert due(local("2026-01-05T08:00"), Limit(1, Unit.WH), calendar) == local("2026-01-05T10:00")
    assert due(local("2026-03-02T08:00"), Limit(1, Unit.WH), calendar) == local("2026-03-02T09:00")


def test_due_times_are_utc() -> None:
    at = due(local("2026-03-02T08:00"), Limit(1, Unit.WH), CALENDAR)

    assert at.tzinfo is UTC


def test_the_summer_time_of_1988_does_not_stretch_the_working_day() -> None:
    start = local("1988-07-01T08:00")

    assert working_minutes(start, local("1988-07-01T18:00"), WorkCalendar()) == 480


SUMMER = Season((5, 1), (9, 30), ((480, 720), (900, 1140)))
"""08:00-12:00 and 15:00-19:00."""
WINTER = Season((10, 1), (4, 30), ((540, 720), (780, 1080)))
"""09:00-12:00 and 13:00-18:00."""


def test_a_clock_that_runs_over_the_change_of_hours_counts_each_day_by_its_own() -> None:
    days = {date(2026, 9, 30): True, date(2026, 10, 1): True, date(2026, 10, 2): True}
    calendar = WorkCalendar({**CALENDAR.days, **days}, (SUMMER, WINTER))
    evening = local("2026-09-30T18:00")

    assert due(evening, Limit(1, Unit.WH), calendar) == local("2026-09-30T19:00")
    assert due(evening, Limit(2, Unit.WH), calendar) == local("2026-10-01T10:00")
    assert due(evening, Limit(1, Unit.WD), calendar) == local("2026-10-01T17:00")
    one_day = Limit(1, Unit.WD, Counting.DAY_COUNT)
    assert due(evening, one_day, calendar) == local("2026-10-01T18:00")
    assert due(local("2026-09-29T18:00"), one_day, calendar) == local("2026-09-30T19:00")
    assert working_minutes(evening, local("2026-10-01T10:00"), calendar) == 120


def test_the_day_before_the_change_has_no_hours_of_the_day_after() -> None:
    calendar = WorkCalendar(CALENDAR.days, (SUMMER, WINTER))

    assert calendar.slots_on(date(2026, 9, 30)) == SUMMER.slots
    assert calendar.slots_on(date(2027, 3, 1)) == WINTER.slots
    assert calendar.slots_on(date(2026, 4, 30)) == WINTER.slots
    assert calendar.slots_on(date(2026, 5, 6)) == SUMMER.slots
