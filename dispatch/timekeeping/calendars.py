"""Brings a year of the working calendar in: from a city's file, or from the calendar library."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TextIO

import chinese_calendar
from django.db import transaction

from dispatch import catalogue
from dispatch.models import WorkCalendarDay

COLUMNS = ("day", "is_workday", "name")
YES, NO = frozenset({"1", "true", "yes", "是", "班"}), frozenset({"0", "false", "no", "否", "休"})
NAME_LENGTH = 40
LIBRARY = "chinesecalendar"
MOST_ERRORS = 20


class CalendarFileError(Exception):
    """The file cannot be taken; `errors` says why, line by line."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("; ".join(errors[:MOST_ERRORS]))
        self.errors = list(errors)


class UnknownYearError(Exception):
    """The calendar library does not know this year yet."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day: worked or not, and the holiday's name."""

    day: date
    is_workday: bool
    name: str = ""


def read_days(file: TextIO) -> list[Day]:
    """The days of a CSV file with the columns day, is_workday, name.

    Raises CalendarFileError with every wrong line; a file without any day is wrong too.
    """
    reader = csv.DictReader(file)
    missing = [name for name in COLUMNS[:2] if name not in (reader.fieldnames or ())]
    if missing:
        raise CalendarFileError([f"line 1: the column {name} is missing" for name in missing])
    days: dict[date, Day] = {}
    errors = []
    for number, row in enumerate(reader, start=2):
        found = _day(row)
        if isinstance(found, str):
            errors.append(f"line {number}: {found}")
        elif found.day in days:
            errors.append(f"line {number}: {found.day} stands there twice")
        else:
            days[found.day] = found
    if not days and not errors:
        errors.append("line 2: no day in the file")
    if errors:
        raise CalendarFileError(errors)
    return list(days.values())


def _day(row: dict[str, str | None]) -> Day | str:
    """The day of a row, or what is wrong with it."""
    text, flag = (row["day"] or "").strip(), (row["is_workday"] or "").strip().lower()
    name = (row.get("name") or "").strip()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return f"{text!r} is no day like 2027-01-01"
    if flag not in YES | NO:
        return f"is_workday is {flag!r}, not 1 or 0"
    if len(name) > NAME_LENGTH:
        return f"the name is longer than {NAME_LENGTH} characters"
    return Day(day, flag in YES, name)


def days_of_year(year: int) -> list[Day]:
    """Every day of a year as the calendar library knows it. Raises UnknownYearError."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    try:
        return [Day(day, chinese_calendar.is_workday(day)) for day in days]
    except NotImplementedError as error:
        raise UnknownYearError(year) from error


@transaction.atomic
def load_days(days: Iterable[Day], *, source: str) -> tuple[int, int]:
    """Write the days, all or none: how many are new, how many differ from before."""
    wanted = {day.day: day for day in days}
    there = {row.day: row for row in WorkCalendarDay.objects.filter(day__in=wanted)}
    changed = []
    for day, row in there.items():
        new = wanted[day]
        if (row.is_workday, row.name) != (new.is_workday, new.name):
            row.is_workday, row.name, row.source = new.is_workday, new.name, source
            changed.append(row)
    added = [
        WorkCalendarDay(day=d.day, is_workday=d.is_workday, name=d.name, source=source)
        for d in wanted.values()
        if d.day not in there
    ]
    WorkCalendarDay.objects.bulk_create(added)
    WorkCalendarDay.objects.bulk_update(changed, ["is_workday", "name", "source"])
    transaction.on_commit(catalogue.refresh)
    return len(added), len(changed)
