"""Working-time arithmetic (pure). Datetimes in and out are aware; days are Asia/Shanghai days.

A calendar is a number line: `worked` tells the position of a moment on it in working microseconds,
`moment` the moment of a position. All arithmetic is done there, exactly, in whole numbers.
Rules and test vectors: domain.md 4.7; units: domain.md 1.8.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTES_PER_WORKDAY = 480
SATURDAY = 5
DECEMBER = 12
DEFAULT_SLOTS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
WHOLE_DAY = ((0, 24 * 60),)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHOLE = 100
"""The whole limit, in percent."""
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000
"""Microseconds in a minute."""


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
        return year in self._years

    def worked(self, at: datetime) -> int:
        """How far a moment lies on the line of working time, in microseconds."""
        return self.line(at.year).position(microseconds(at))

    def moment(self, position: int, near: datetime) -> datetime:
        """The first moment (UTC) that lies so far on the line; `near` says where to begin."""
        line = self.line(near.year)
        while line.ends_before(position):
            line = self.line(line.last_year + 1)
        while line.begins_after(position):
            line = self.line(line.first_year - 1)
        return EPOCH + line.instant(position) * MICROSECOND

    def close_after(self, day: date, days: int) -> datetime:
        """The close (UTC) of the nth workday after a day; worked out once."""
        kept = self._closes.get((day, days))
        return kept or self._closes.setdefault((day, days), self._close_after(day, days))

    def _close_after(self, day: date, days: int) -> datetime:
        while days:
            day += timedelta(days=1)
            days -= self.is_workday(day)
        close = timedelta(minutes=self.slots_on(day)[-1][1])
        return (datetime.combine(day, time.min, SHANGHAI) + close).astimezone(UTC)

    @cached_property
    def _closes(self) -> dict[tuple[date, int], datetime]:
        return {}

    def line(self, year: int) -> "Line":
        """The line around a year; it grows as far as it is asked for and is kept."""
        lines = self._lines
        line = lines[0]
        if not line.first_year < year < line.last_year:
            first, last = min(line.first_year, year - 1), max(line.last_year, year + 1)
            line = lines[0] = draw(self, first, last)
        return line

    @cached_property
    def _lines(self) -> "list[Line]":
        return [ENDLESS if self.always_on else draw(self, FIRST_DRAWN, FIRST_DRAWN + 2)]

    @cached_property
    def _years(self) -> frozenset[int]:
        return frozenset(day.year for day in self.days)


@dataclass(frozen=True, slots=True)
class Line:
    """The slots of some years, one after the other: when each opens (microseconds since 1970) and
    what had been worked before it. The last slot never ends, the first one has no beginning."""

    first_year: int
    last_year: int
    opens: tuple[int, ...]
    before: tuple[int, ...]

    def position(self, instant: int) -> int:
        """What has been worked up to an instant."""
        n = max(0, bisect_right(self.opens, instant) - 1)
        here = self.before[n] + instant - self.opens[n]
        return min(here, self.before[n + 1]) if n + 1 < len(self.before) else here

    def instant(self, position: int) -> int:
        """The first instant at which so much has been worked."""
        n = max(0, bisect_left(self.before, position) - 1)
        return self.opens[n] + position - self.before[n]

    def ends_before(self, position: int) -> bool:
        """True when a position lies beyond the last slot that is known."""
        return len(self.before) > 1 and position > self.before[-1]

    def begins_after(self, position: int) -> bool:
        """True when a position lies before the first slot that is known."""
        return len(self.before) > 1 and position <= self.before[0]


FIRST_DRAWN = 2025
ENDLESS = Line(date.min.year, date.max.year, (0,), (0,))
"""The hours of a clock that never stands still."""


def draw(calendar: WorkCalendar, first_year: int, last_year: int) -> Line:
    """The line of a calendar over whole years; position 0 is the start of the year FIRST_DRAWN,
    so that a line that has grown tells the same positions as before."""
    opens: list[int] = []
    before: list[int] = []
    total = zero = 0
    day, end = date(first_year, 1, 1), date(last_year + 1, 1, 1)
    while day < end:
        if (day.year, day.month, day.day) == (FIRST_DRAWN, 1, 1):
            zero = total
        slots = calendar.slots_on(day)
        midnight = microseconds(datetime.combine(day, time.min, SHANGHAI)) if slots else 0
        for first, last in slots:
            opens.append(midnight + first * MINUTE)
            before.append(total)
            total += (last - first) * MINUTE
        day += timedelta(days=1)
    return Line(first_year, last_year, tuple(opens), tuple(n - zero for n in before))


def missing_years(calendar: WorkCalendar, today: date) -> list[int]:
    """The years that the calendar should know by now and does not: this one, and from the first
    of December on the next (the State Council announces it in autumn)."""
    wanted = [today.year, today.year + 1] if today.month == DECEMBER else [today.year]
    return [year for year in wanted if not calendar.knows_year(year)]


def microseconds(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


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
    """The moment (UTC) at which that many working minutes have passed since `start`.

    Negative minutes lead back: the moment since which so many have passed.
    """
    return add_worked(start, round(minutes * MINUTE), calendar)


def add_worked(start: datetime, worked: int, calendar: WorkCalendar) -> datetime:
    """The same in microseconds of working time; none leaves the start as it is."""
    if not worked:
        return start.astimezone(UTC)
    return calendar.moment(calendar.worked(start) + worked, start)


def working_minutes(start: datetime, end: datetime, calendar: WorkCalendar) -> float:
    """Working minutes between two moments; 0 when `end` is not later."""
    return max(0, worked_between(start, end, calendar)) / MINUTE


def worked_between(start: datetime, end: datetime, calendar: WorkCalendar) -> int:
    """Working microseconds from one moment to another; negative when `end` is earlier."""
    return calendar.worked(end) - calendar.worked(start)


def go_on(due_at: datetime, since: datetime, until: datetime, calendar: WorkCalendar) -> datetime:
    """The new due time (UTC) of a clock that stood still between two moments.

    What was left in working time when it stopped is left when it goes on; what it was over, it is
    over still. A clock that stopped at its last moment is due when it goes on.
    """
    return add_worked(until, worked_between(since, due_at, calendar), calendar)


def mark_at(
    due_at: datetime, limit_minutes: float, percent: int, calendar: WorkCalendar
) -> datetime:
    """When (UTC) a clock that is due at `due_at` has used so much of its limit.

    Reckoned from the due time, so pauses need not be known. The sweep does the same in SQL.
    """
    if percent == WHOLE:
        return due_at
    part = round(limit_minutes * MINUTE) * abs(percent - WHOLE) // WHOLE
    return calendar.moment(calendar.worked(due_at) + (part if percent > WHOLE else -part), due_at)


def _close_of_nth_workday(start: datetime, days: int, calendar: WorkCalendar) -> datetime:
    if days == 0:
        return start.astimezone(UTC)
    return calendar.close_after(start.astimezone(SHANGHAI).date(), days)
