"""Loads the default catalogue and the working calendar; a second run changes nothing."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
from django.db import models, transaction

from dispatch import catalogue
from dispatch.models import (
    AlarmThreshold,
    Category,
    DuplicateRule,
    FilingCondition,
    LadderStep,
    SampleRate,
    Season,
    StageLimit,
    WorkCalendarDay,
)

SEED = Path(__file__).resolve().parent / "seed"
CALENDAR_SOURCE = "chinesecalendar"
FIRST_YEAR = 2011


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (SEED / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@transaction.atomic
def load_catalogue() -> dict[str, int]:
    """Add the rows that are missing, by their natural keys; how many of each were added."""
    counts = {
        "categories": _categories(),
        "conditions": _conditions(),
        "stage limits": _missing(
            StageLimit,
            [_typed(row) for row in _rows("stage_limits.csv")],
            ("stage", "priority"),
        ),
        "duplicate rules": _missing(
            DuplicateRule,
            [_rule(row) for row in _rows("duplicate_rules.csv")],
            ("family", "category_code"),
        ),
        "ladder steps": _missing(
            LadderStep,
            [_step(row) for row in _rows("ladder.csv")],
            ("stage", "priority", "percent", "workdays"),
        ),
        "seasons": _missing(
            Season, [{**_typed(row), "is_active": False} for row in _rows("seasons.csv")], ("name",)
        ),
        "alarm thresholds": _missing(
            AlarmThreshold, [_typed(row) for row in _rows("alarm_thresholds.csv")], ("kind",)
        ),
        "sample rates": _missing(
            SampleRate, [_typed(row) for row in _rows("sample_rates.csv")], ("kind",)
        ),
        "calendar days": load_calendar(),
    }
    transaction.on_commit(catalogue.refresh)
    return counts


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {name: int(value) if value.isdigit() else value for name, value in row.items()}


def _rule(row: dict[str, str]) -> dict[str, Any]:
    """A rule of matching; no window means any time."""
    return {**_typed(row), "window_hours": int(row["window_hours"] or 0) or None}


STEP_NUMBERS = ("priority", "percent", "workdays")


def _step(row: dict[str, str]) -> dict[str, Any]:
    """A step of the ladder, by percent or by workdays; no priority means every one."""
    numbers = {name: int(row[name]) if row[name] else None for name in STEP_NUMBERS}
    return {**row, **numbers}


def _missing(model: type[models.Model], rows: list[dict[str, Any]], key: tuple[str, ...]) -> int:
    manager = model._default_manager
    there = set(manager.values_list(*key))
    new = [model(**row) for row in rows if tuple(row[name] for name in key) not in there]
    manager.bulk_create(new)
    return len(new)


FLAGS = ("needs_check", "needs_location", "sensitive", "selectable")


def _categories() -> int:
    codes = dict(Category.objects.values_list("code", "pk"))
    left = [row for row in _rows("categories.csv") if row["code"] not in codes]
    added = len(left)
    while left:
        ready = [row for row in left if not row["parent"] or row["parent"] in codes]
        made = Category.objects.bulk_create([_category(row, codes) for row in ready])
        codes |= {category.code: category.pk for category in made}
        left = [row for row in left if row["code"] not in codes]
    return added


def _category(row: dict[str, str], codes: dict[str, int]) -> Category:
    words = {name: row[name] for name in row if name not in {*FLAGS, "parent", "priority"}}
    flags = {name: row[name] == "1" for name in FLAGS}
    parent = codes.get(row["parent"])
    return Category(**words, **flags, priority=int(row["priority"]), parent_id=parent)


def _conditions() -> int:
    categories = dict(Category.objects.values_list("code", "pk"))
    rows = []
    for row in _rows("conditions.csv"):
        category, safe = row.pop("category"), row.pop("safe_amount")
        rows.append(
            {
                **_typed(row),
                "category_id": categories[category],
                "safe_amount": int(safe) if safe else None,
            }
        )
    return _missing(FilingCondition, rows, ("code",))


def load_calendar() -> int:
    """Every day of the years that the calendar library knows (holidays, make-up workdays)."""
    there = set(WorkCalendarDay.objects.values_list("day", flat=True))
    day, rows = date(FIRST_YEAR, 1, 1), []
    while True:
        try:
            is_workday = chinese_calendar.is_workday(day)
        except NotImplementedError:
            break
        if day not in there:
            row = WorkCalendarDay(day=day, is_workday=is_workday, source=CALENDAR_SOURCE)
            rows.append(row)
        day += timedelta(days=1)
    WorkCalendarDay.objects.bulk_create(rows)
    return len(rows)
