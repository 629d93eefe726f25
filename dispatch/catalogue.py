"""The catalogue as one snapshot in memory, read anew every few seconds.

Categories, filing conditions, limits, the duty list and the calendar are rows that change a few
times a year and are looked at with every intake.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit as OrganisationUnit
from dispatch.assignment import (
    Duty,
    Question,
    Roster,
    Standing,
    Suggestion,
    in_working_hours,
    lead_unit,
)
from dispatch.clocks import (
    ALWAYS_ON,
    Counting,
    Limit,
    Season,
    Unit,
    WorkCalendar,
    due,
    missing_years,
)
from dispatch.duties import rosters, workload
from dispatch.matching import MatchRule
from dispatch.models import (
    Category,
    DuplicateRule,
    DutyList,
    DutyWithdrawal,
    FilingCondition,
    Incident,
    LadderStep,
    Ruling,
    StageLimit,
    UnitAbsence,
    WorkCalendarDay,
)
from dispatch.models import Season as SeasonRow
from dispatch.models.incidents import IncidentState
from dispatch.timekeeping.ladder import Level, Rule, Step, ladder_of, step_of

FRESH_FOR_S = 5.0
DEFAULT_RULE = MatchRule("*", radius_m=50, window_hours=24)
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
    roster: Roster
    precedents: dict[str, tuple[Duty, ...]]
    absences: tuple[rosters.Away, ...]
    rules: dict[str, MatchRule]
    incidents: frozenset[tuple[str, str]]
    calendar: WorkCalendar
    hours_of_units: dict[int, WorkCalendar]
    ladder_rules: tuple[Rule, ...]
    ladders: dict[tuple[str, int], tuple[Step, ...]] = field(default_factory=dict)

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

    def hours(self, unit_id: int | None) -> WorkCalendar:
        """The working hours of a unit: around the clock, its own, or the city's."""
        return self.hours_of_units.get(unit_id or 0, self.calendar)

    def ladder(self, stage: str, priority: int) -> tuple[Step, ...]:
        """The marks of a clock in their order, worked out once."""
        steps = self.ladders.get((stage, priority))
        if steps is None:
            steps = self.ladders[stage, priority] = ladder_of(self.ladder_rules, stage, priority)
        return steps

    def question(self, category: str, area: str, *, condition: str, at: datetime) -> Question:
        """What the duty list is asked about a case at a moment."""
        working = in_working_hours(at, self.calendar)
        return Question(self.chains[category], area, condition, working)

    def suggest_unit(
        self,
        category: str,
        area: str,
        *,
        at: datetime,
        condition: str = "",
        foreseen: int | None = None,
    ) -> Suggestion | None:
        """The unit that the newest precedent names for the place, else the duty list; with why.

        `foreseen` is the unit that the case is counted for already. In memory, but for the load of
        a pool: that is counted every thirty seconds.
        """
        return lead_unit(
            self.roster,
            self.question(category, area, condition=condition, at=at),
            precedents=self.precedents.get(category, ()),
            standing=Standing(
                rosters.deputies_at(self.absences, at), workload.open_cases, foreseen
            ),
        )

    def duplicate_rule(self, category: str, family: str) -> MatchRule:
        """When two voices may be one thing: the category's rule, else the family's, else any."""
        found = self.rules.get(category) or self.rules.get(family)
        return found or self.rules.get("*", DEFAULT_RULE)


def limit_of(condition: FilingCondition) -> Limit:
    """The disposal limit of a filing condition."""
    return Limit(
        condition.limit_amount, Unit(condition.limit_unit), Counting(condition.limit_counting)
    )


def rule_of(row: DuplicateRule) -> MatchRule:
    """A row as the matcher reads it."""
    return MatchRule(
        name=str(row),
        radius_m=row.radius_m,
        window_hours=row.window_hours,
        closed_hours=row.closed_hours,
        same_road=row.same_road,
        same_place=row.same_place,
        time_band=row.time_band,
        caller_days=row.caller_days,
        auto_merge=row.auto_merge,
        attach_confidential=row.attach_confidential,
        incident_count=row.incident_count,
        incident_minutes=row.incident_minutes,
    )


_ROWS = {
    SeasonRow: "true",
    WorkCalendarDay: "true",
    Category: "true",
    FilingCondition: "true",
    StageLimit: "true",
    DutyList: "true",
    DutyWithdrawal: "true",
    Ruling: "is_precedent",
    UnitAbsence: "true",
    DuplicateRule: "true",
    Incident: f"state = '{IncidentState.ACCEPTED.value}'",
    LadderStep: "true",
    OrganisationUnit: "true",
}
"""The rows that a catalogue is read from; the items of a published duty list never change."""
_STAMP = "SELECT " + ", ".join(
    f"(SELECT (count(*), sum(xmin::text::bigint))::text FROM {model._meta.db_table} WHERE {rows})"
    for model, rows in _ROWS.items()
)
"""Changes with every commit to one of those rows: a row that is written anew gets a higher number
of its transaction, and one that is gone is missing from the count."""


def stamp(day: date) -> tuple[object, ...]:
    """What tells whether the catalogue of a day has changed: one small query."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        return (day, *cursor.fetchone())


class _Snapshot:
    """The catalogue of this process, the moment it was last looked after, and its stamp."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.catalogue: Catalogue | None = None
        self.read_at = 0.0
        self.stamp: tuple[object, ...] = ()

    def get(self) -> Catalogue:
        """The catalogue, read again where a row of it has changed; that is asked every FRESH_FOR_S
        seconds.

        One thread reads it; the others go on with what they have, or wait for the first.
        """
        known = self.catalogue
        if known and time.monotonic() - self.read_at <= FRESH_FOR_S:
            return known
        if not self.lock.acquire(blocking=known is None):
            return known or self.get()
        try:
            return self._read_again()
        finally:
            self.lock.release()

    def _read_again(self) -> Catalogue:
        """Read it, unless another thread did so while this one waited for the lock."""
        known = self.catalogue
        if known and time.monotonic() - self.read_at <= FRESH_FOR_S:
            return known
        today = timezone.localdate()
        found = stamp(today)
        if known is None or found != self.stamp:
            known = self.catalogue = read(today)
            self.stamp = found
        self.read_at = time.monotonic()
        return known


_snapshot = _Snapshot()


def current() -> Catalogue:
    """The catalogue of today."""
    return _snapshot.get()


def refresh() -> None:
    """Forget the snapshot: the next look reads the rows."""
    _snapshot.catalogue = None


def calendar_gaps(today: date) -> list[int]:
    """The years whose working calendar should have been loaded by today."""
    return missing_years(current().calendar, today)


def read(day: date) -> Catalogue:
    """Read the catalogue of a day: thirteen queries."""
    seasons = list(SeasonRow.objects.filter(is_active=True).order_by("pk"))
    calendar = read_calendar(seasons)
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
        roster=rosters.roster_on(day),
        precedents=rosters.precedents(),
        absences=rosters.absences(),
        rules={str(row): rule_of(row) for row in DuplicateRule.objects.all()},
        incidents=frozenset(
            Incident.objects.filter(state=IncidentState.ACCEPTED.value).values_list(
                "district_code", "family"
            )
        ),
        calendar=calendar,
        hours_of_units=_hours_of_units(seasons, calendar),
        ladder_rules=tuple(
            Rule(row.stage, row.priority, step_of(row.percent, row.workdays, Level(row.level)))
            for row in LadderStep.objects.all()
        ),
    )


def read_calendar(seasons: Sequence[SeasonRow]) -> WorkCalendar:
    """The city's working calendar from its rows; the one of before where nothing has changed, as
    it has drawn its line."""
    days = dict(WorkCalendarDay.objects.values_list("day", "is_workday"))
    read = WorkCalendar(days, tuple(_season(row) for row in seasons if row.unit_id is None))
    before = _snapshot.catalogue
    return before.calendar if before is not None and before.calendar == read else read


def _hours_of_units(
    seasons: Sequence[SeasonRow], calendar: WorkCalendar
) -> dict[int, WorkCalendar]:
    """The units that do not keep the city's hours: their own seasons first, then the city's."""
    before = _snapshot.catalogue.hours_of_units if _snapshot.catalogue else {}
    found: dict[int, WorkCalendar] = {}
    for unit_id in {row.unit_id for row in seasons if row.unit_id is not None}:
        own = tuple(_season(row) for row in seasons if row.unit_id == unit_id)
        hours = WorkCalendar(calendar.days, own + calendar.seasons)
        kept = before.get(unit_id)
        found[unit_id] = kept if kept is not None and kept == hours else hours
    for unit_id in OrganisationUnit.objects.filter(always_on=True).values_list("pk", flat=True):
        found[unit_id] = ALWAYS_ON
    return found


def _season(row: SeasonRow) -> Season:
    return Season(
        (row.first_month, row.first_day),
        (row.last_month, row.last_day),
        ((row.morning_from, row.morning_to), (row.afternoon_from, row.afternoon_to)),
    )


def _chain(category: Category, categories: dict[str, Category]) -> tuple[str, ...]:
    codes = [category.code]
    while category.parent is not None:
        category = categories[category.parent.code]
        codes.append(category.code)
    return tuple(codes)
