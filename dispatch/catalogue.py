"""The catalogue as one snapshot in memory, read anew every few seconds.

Categories, filing conditions, limits, the duty list and the calendar are rows that change a few
times a year and are looked at with every intake.
"""

import threading
import time
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dispatch.assignment import Duty, Suggestion, lead_unit
from dispatch.clocks import ALWAYS_ON, Counting, Limit, Season, Unit, WorkCalendar, due
from dispatch.models import (
    Category,
    DuplicateRule,
    DutyItem,
    FilingCondition,
    Ruling,
    StageLimit,
    WorkCalendarDay,
)
from dispatch.models import Season as SeasonRow

FRESH_FOR_S = 5.0
DEFAULT_RULE = (50, 24)
CLOCK_UNITS = frozenset({Unit.MIN, Unit.UH, Unit.ND})


class UnknownCategoryError(Exception):
    """No selectable category has this code."""

    code = "UNKNOWN_CATEGORY"
    message = _("没有这个事项分类，请从目录中选择。")


@dataclass(frozen=True)
class Catalogue:
    """All of it. Lists of conditions keep the catalogue's order."""

    categories: dict[str, Category]
    chains: dict[str, tuple[str, ...]]
    conditions: dict[str, FilingCondition]
    conditions_of: dict[str, tuple[FilingCondition, ...]]
    limits: dict[tuple[str, int], Limit]
    duties: dict[str, tuple[Duty, ...]]
    precedents: dict[str, tuple[Duty, ...]]
    rules: dict[str, tuple[int, int]]
    calendar: WorkCalendar

    def category(self, code: str) -> tuple[Category, FilingCondition | None]:
        """A category by its code, or by the code of one of its filing conditions."""
        condition = self.conditions.get(code)
        key = condition.category.code if condition else code
        found = self.categories.get(key)
        if found is None or not found.selectable:
            raise UnknownCategoryError(code)
        return found, condition

    def default_condition(self, category: str) -> FilingCondition | None:
        """The first filing condition of a category; the nearest parent's where it has none."""
        for code in self.chains[category]:
            if self.conditions_of.get(code):
                return self.conditions_of[code][0]
        return None

    def stage_limit(self, stage: str, priority: int) -> Limit:
        """The limit of a stage; 1 workday where no row says otherwise."""
        return self.limits.get((stage, priority), Limit(1, Unit.WD))

    def due(self, start: datetime, limit: Limit, *, always_on: bool = False) -> datetime:
        """When a limit runs out (UTC), by the city's calendar or around the clock."""
        return due(start, limit, ALWAYS_ON if always_on else self.calendar)

    def suggest_unit(self, category: str, area: str) -> Suggestion | None:
        """The unit that the newest precedent names for the place, else the duty list; with why."""
        for precedent in self.precedents.get(category, ()):
            if area.startswith(precedent.area_code):
                return Suggestion(
                    precedent.unit_id, precedent.item_no, f"{precedent.item_no}: 先例"
                )
        chain = self.chains[category]
        duties = [duty for code in chain for duty in self.duties.get(code, ())]
        return lead_unit(duties, categories=chain, area=area)

    def duplicate_rule(self, family: str) -> tuple[int, int]:
        """Radius in metres and window in hours within which two reports may be one thing."""
        return self.rules.get(family, DEFAULT_RULE)


def limit_of(condition: FilingCondition) -> Limit:
    """The disposal limit of a filing condition."""
    return Limit(
        condition.limit_amount, Unit(condition.limit_unit), Counting(condition.limit_counting)
    )


class _Snapshot:
    """The catalogue of this process and the moment it was read."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.catalogue: Catalogue | None = None
        self.read_at = 0.0

    def get(self) -> Catalogue:
        """The catalogue, read again when it is older than FRESH_FOR_S seconds."""
        if self.catalogue is None or time.monotonic() - self.read_at > FRESH_FOR_S:
            with self.lock:
                self.catalogue = read(timezone.localdate())
                self.read_at = time.monotonic()
        return self.catalogue


_snapshot = _Snapshot()


def current() -> Catalogue:
    """The catalogue of today."""
    return _snapshot.get()


def refresh() -> None:
    """Forget the snapshot: the next look reads the rows."""
    _snapshot.catalogue = None


def read(day: date) -> Catalogue:
    """Read the catalogue of a day: eight queries."""
    categories = {c.code: c for c in Category.objects.select_related("parent")}
    conditions = list(FilingCondition.objects.select_related("category").order_by("code"))
    conditions_of: dict[str, tuple[FilingCondition, ...]] = {}
    for condition in conditions:
        code = condition.category.code
        conditions_of[code] = (*conditions_of.get(code, ()), condition)
    return Catalogue(
        categories=categories,
        chains={code: _chain(category, categories) for code, category in categories.items()},
        conditions={c.code: c for c in conditions},
        conditions_of=conditions_of,
        limits={
            (row.stage, row.priority): Limit(row.amount, Unit(row.unit), Counting(row.counting))
            for row in StageLimit.objects.all()
        },
        duties=_duties(day),
        precedents=_precedents(),
        rules={r.family: (r.radius_m, r.window_hours) for r in DuplicateRule.objects.all()},
        calendar=read_calendar(),
    )


def read_calendar() -> WorkCalendar:
    """The working calendar from its rows."""
    return WorkCalendar(
        days={row.day: row.is_workday for row in WorkCalendarDay.objects.all()},
        seasons=tuple(
            Season(
                (row.first_month, row.first_day),
                (row.last_month, row.last_day),
                (
                    (row.morning_from, row.morning_to),
                    (row.afternoon_from, row.afternoon_to),
                ),
            )
            for row in SeasonRow.objects.order_by("pk")
        ),
    )


def _chain(category: Category, categories: dict[str, Category]) -> tuple[str, ...]:
    codes = [category.code]
    while category.parent is not None:
        category = categories[category.parent.code]
        codes.append(category.code)
    return tuple(codes)


def _precedents() -> dict[str, tuple[Duty, ...]]:
    found: dict[str, tuple[Duty, ...]] = {}
    for ruling in Ruling.objects.filter(is_precedent=True).order_by("-decided_at"):
        duty = Duty(str(ruling), ruling.category_code, ruling.area_code, ruling.unit_id or 0)
        found[ruling.category_code] = (*found.get(ruling.category_code, ()), duty)
    return found


def _duties(day: date) -> dict[str, tuple[Duty, ...]]:
    in_force = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
    duties: dict[str, tuple[Duty, ...]] = {}
    for item in DutyItem.objects.filter(in_force, valid_from__lte=day).select_related("category"):
        code = item.category.code
        duty = Duty(item.item_no, code, item.area_code, item.unit_id)
        duties[code] = (*duties.get(code, ()), duty)
    return duties
