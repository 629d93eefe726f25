"""Working-time arithmetic (pure). Datetimes in and out are aware; days are Asia/Shanghai days.

Rules and test vectors: domain.md 4.7; units: domain.md 1.8.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTES_PER_WORKDAY = 480
SATURDAY = 5
DEFAULT_SLOTS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
WHOLE_DAY = ((0, 24 * 60),)


class Unit(StrEnum):
    """Deadline units (domain.md 1.8)."""

    MIN = "MIN"
    UH = "UH"
    WH = "WH"
    WD = "WD"
    ND = "ND"


class Counting(StrEnum):
    """How workdays are counted: as 480 working minutes each, or as days from the next one."""

    WORK_MINUTES = "WORK_MINUTES"
    DAY_COUNT = "DAY_COUNT"


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount of time: 4 WH, 3 WD by DAY_COUNT, 30 MIN."""

    amount: int
    unit: Unit
    counting: Counting = Counting.WORK_MINUTES


@dataclass(frozen=True, slots=True)
class Season:
    """Working hours between two days of the year (inclusive, as (month, day)); slots in minutes."""

    first: tuple[int, int]
    last: tuple[int, int]
    slots: tuple[tuple[int, int], ...]

    def covers(self, day: date) -> bool:
        """True when the day lies in the season, which may run over New Year."""
        key = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= key <= self.last
        return key >= self.first or key <= self.last


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked, and when. A day without a row falls back to Monday to Friday."""

    days: Mapping[date, bool] = field(default_factory=dict)
    seasons: tuple[Season, ...] = ()
    always_on: bool = False

    def is_workday(self, day: date) -> bool:
        """True on workdays and make-up workdays (调休上班)."""
        return self.always_on or self.days.get(day, day.weekday() < SATURDAY)

    def slots_on(self, day: date) -> tuple[tuple[int, int], ...]:
        """The working slots of a day in minutes after midnight; none on a day off."""
        if self.always_on:
            return WHOLE_DAY
        if not self.is_workday(day):
            return ()
        return next((s.slots for s in self.seasons if s.covers(day)), DEFAULT_SLOTS)

    def knows_year(self, year: int) -> bool:
        """True when at least one day of the year has a row."""
        return any(day.year == year for day in self.days)


ALWAYS_ON = WorkCalendar(always_on=True)


def due(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """The moment (UTC) at which `limit` has run out for a clock started at `start`."""
    if limit.unit is Unit.MIN:
        return (start + timedelta(minutes=limit.amount)).astimezone(UTC)
    if limit.unit is Unit.UH:
        return (start + timedelta(hours=limit.amount)).astimezone(UTC)
    if limit.unit is Unit.ND:
        return (start + timedelta(days=limit.amount)).astimezone(UTC)
    if limit.unit is Unit.WD and limit.counting is Counting.DAY_COUNT:
        return _close_of_nth_workday(start, limit.amount, calendar)
    minutes = limit.amount * (60 if limit.unit is Unit.WH else MINUTES_PER_WORKDAY)
    return add_working_minutes(start, minutes, calendar)


def add_working_minutes(start: datetime, minutes: float, calendar: WorkCalendar) -> datetime:
    """The moment (UTC) at which that many working minutes have passed since `start`."""
    left = timedelta(minutes=minutes)
    for opens, closes in _slots_from(start, calendar):
        if closes - opens >= left:
            return (opens + left).astimezone(UTC)
        left -= closes - opens
    raise AssertionError("the slots never end")


def working_minutes(start: datetime, end: datetime, calendar: WorkCalendar) -> float:
    """Working minutes between two moments; 0 when `end` is not later."""
    total = timedelta()
    for opens, closes in _slots_from(start, calendar):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total.total_seconds() / 60


def _slots_from(start: datetime, calendar: WorkCalendar) -> Iterator[tuple[datetime, datetime]]:
    local = start.astimezone(SHANGHAI)
    day = local.date()
    while True:
        midnight = datetime.combine(day, time.min, SHANGHAI)
        for first, last in calendar.slots_on(day):
            opens, closes = midnight + timedelta(minutes=first), midnight + timedelta(minutes=last)
            if closes > local:
                yield max(opens, local), closes
        day += timedelta(days=1)


def _close_of_nth_workday(start: datetime, days: int, calendar: WorkCalendar) -> datetime:
    if days == 0:
        return start.astimezone(UTC)
    day = start.astimezone(SHANGHAI).date()
    left = days
    while left:
        day += timedelta(days=1)
        left -= calendar.is_workday(day)
    closes = calendar.slots_on(day)[-1][1]
    return (datetime.combine(day, time.min, SHANGHAI) + timedelta(minutes=closes)).astimezone(UTC)
