"""What a clock has used and has left, and when its next mark comes (reads the catalogue only)."""

from datetime import datetime

from dispatch import catalogue
from dispatch.catalogue import Catalogue
from dispatch.clocks import (
    ALWAYS_ON,
    MINUTE,
    Limit,
    Unit,
    WorkCalendar,
    due,
    mark_at,
    worked_between,
)
from dispatch.clocks import Counting as Count
from dispatch.models import Timer
from dispatch.timekeeping.ladder import DUE, WORKDAYS, Step, next_step

CLOCK_UNITS = frozenset({Unit.MIN, Unit.UH, Unit.ND})
"""Units that run through nights and holidays, whoever holds the clock."""


def hours_for(limit: Limit, unit_id: int | None) -> WorkCalendar:
    """The hours in which a limit is counted: around the clock, the unit's own, or the city's."""
    return ALWAYS_ON if limit.unit in CLOCK_UNITS else catalogue.current().hours(unit_id)


def hours_of(timer: Timer) -> WorkCalendar:
    """The hours in which a clock counts."""
    return hours_for(limit_of(timer), timer.hours_of_id)


def limit_of(timer: Timer) -> Limit:
    """The limit that stands on a clock."""
    return Limit(timer.limit_amount, Unit(timer.limit_unit), Count(timer.limit_counting))


def stands_at(timer: Timer, now: datetime) -> datetime:
    """The moment up to which a clock has counted: now, or when it was paused or ended."""
    return timer.ended_at or timer.paused_at or now


def left_minutes(timer: Timer, now: datetime) -> float:
    """What is left, in minutes of the clock's hours; negative when it is over."""
    return worked_between(stands_at(timer, now), timer.due_at, hours_of(timer)) / MINUTE


def used_minutes(timer: Timer, now: datetime) -> float:
    """What is used: with what is left it makes the limit."""
    return timer.limit_minutes - left_minutes(timer, now)


def used_percent(timer: Timer, now: datetime) -> int:
    """The part of the limit that is used, in whole percent rounded down; over 100 when late."""
    if timer.limit_minutes <= 0:
        return DUE if timer.due_at <= stands_at(timer, now) else 0
    return int(max(0.0, used_minutes(timer, now)) * 100 / timer.limit_minutes)


def plan(timer: Timer, priority: int) -> None:
    """Set the moment of the next mark (not saved); None at the end of the ladder."""
    step = next_step(catalogue.current().ladder(timer.stage, priority), timer.said_percent)
    timer.next_at = moment_of(timer, step.percent) if step else None


def moment_of(timer: Timer, percent: int) -> datetime:
    """When (UTC) a running clock comes to a mark: so much of its limit used, or the close of a
    workday of the city after the due time, whatever hours the clock itself counts in."""
    if percent > WORKDAYS:
        return due(timer.due_at, _days(percent - WORKDAYS), catalogue.current().calendar)
    return mark_at(timer.due_at, timer.limit_minutes, percent, hours_of(timer))


def reached(timer: Timer, now: datetime) -> int:
    """The highest mark that a clock can have come to, to compare with the last one that was said:
    workdays after the due time where that one counts in them, else the part of the limit used."""
    calendar, at = catalogue.current().calendar, stands_at(timer, now)
    for days in range(timer.said_percent - WORKDAYS, 0, -1):
        if due(timer.due_at, _days(days), calendar) <= at:
            return WORKDAYS + days
    return min(used_percent(timer, now), WORKDAYS)


def _days(days: int) -> Limit:
    """So many workdays, counted from the next one to the close of the last."""
    return Limit(days, Unit.WD, Count.DAY_COUNT)


def near_step(book: Catalogue, stage: str, priority: int) -> Step | None:
    """The first mark before the due time, or None where the ladder has none."""
    step = next_step(book.ladder(stage, priority), 0)
    return step if step and step.percent < DUE else None


def near_at(timer: Timer, priority: int) -> datetime:
    """From when on a clock counts as near its due time."""
    step = near_step(catalogue.current(), timer.stage, priority)
    return moment_of(timer, step.percent) if step else timer.due_at
