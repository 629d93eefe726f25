"""Which unit leads? From the duty list (权责清单), with the reasons (pure; domain.md 2.4.2).

The order of what is asked: a precedent; the most specific items of the list that fit; the items
for every category (兜底). Among items one counts as more specific than another by, in this order,

1. the nearer category (the leaf before its parent, every category last),
2. a filing condition named before none,
3. the longer area code,
4. working or off hours named before always.

Two items that fit one question and are equal in all four name the same category, condition, area
and hours: they form a pool, and the unit that leads the fewest open cases gets the next one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispatch.clocks import SHANGHAI, WorkCalendar

EVERY_CATEGORY = ""
"""The category of an item that stands behind all others (兜底)."""
LONGEST_CHAIN = 3
"""How many units in a row may be away before the first one keeps its work."""


class Hours(StrEnum):
    """When an item holds, by the city's working calendar."""

    ALWAYS = "ALWAYS"
    WORKING = "WORKING"
    OFF_HOURS = "OFF_HOURS"


class Rule(StrEnum):
    """What named the unit."""

    PRECEDENT = "PRECEDENT"
    LIST = "LIST"
    FALLBACK = "FALLBACK"
    RETURNED = "RETURNED"
    CHOSEN = "CHOSEN"
    RULING = "RULING"
    REOPENED = "REOPENED"


@dataclass(frozen=True, slots=True)
class Duty:
    """One item: category (or a parent's, or every) x area prefix x condition x hours -> unit."""

    item_no: str
    category: str
    area_code: str
    unit_id: int
    condition: str = ""
    hours: Hours = Hours.ALWAYS
    unit_code: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: categories from leaf to root, deepest area code, condition, working hours?"""

    categories: tuple[str, ...]
    area: str
    condition: str = ""
    working: bool = True


@dataclass(frozen=True, slots=True)
class Why:
    """Why a unit leads, by codes alone: it goes into the log."""

    rule: Rule
    item_no: str = ""
    list_no: int = 0
    category: str = ""
    area: str = ""
    condition: str = ""
    hours: Hours = Hours.ALWAYS
    pool: tuple[int, ...] = ()
    open_cases: int | None = None
    away: int | None = None
    territorial: bool = False
    copied_to: int | None = None

    def codes(self) -> dict[str, Any]:
        """As JSON, without what is empty."""
        named = {
            "rule": self.rule.value,
            "item": self.item_no,
            "list": self.list_no,
            "category": self.category,
            "area": self.area,
            "condition": self.condition,
            "hours": "" if self.hours is Hours.ALWAYS else self.hours.value,
            "pool": list(self.pool),
            "away": self.away,
            "territorial": self.territorial,
            "copied_to": self.copied_to,
        }
        told = {name: value for name, value in named.items() if value}
        return told if self.open_cases is None else {**told, "open_cases": self.open_cases}

    def line(self) -> str:
        """The codes on one line of at most 120 characters."""
        where = "@".join(part for part in (self.condition or self.category, self.area) if part)
        number = f"v{self.list_no} {self.item_no}" if self.list_no else self.item_no
        return f"{self.rule.value}: {number} {where}".strip()[:120]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A unit and why."""

    unit_id: int
    why: Why

    @property
    def item_no(self) -> str:
        """The item or the precedent that names the unit."""
        return self.why.item_no


def nobody_counted(_units: Collection[int]) -> Mapping[int, int]:
    """No unit has an open case: for lists that are looked at without a city at work."""
    return {}


@dataclass(frozen=True, slots=True)
class Standing:
    """How the units stand: who stands in for whom, and how many open cases they lead.

    `foreseen` is the unit that the case in question is already counted for.
    """

    deputies: Mapping[int, int] = field(default_factory=dict)
    open_cases: Callable[[Collection[int]], Mapping[int, int]] = nobody_counted
    foreseen: int | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """A duty list as it is asked: items by category code; its number (0 where there is none)."""

    list_no: int = 0
    duties: Mapping[str, tuple[Duty, ...]] = field(default_factory=dict)


def in_working_hours(at: datetime, calendar: WorkCalendar) -> bool:
    """True inside a working slot of the city's calendar; the end of a slot is outside."""
    local = at.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    return any(opens <= minute < closes for opens, closes in calendar.slots_on(local.date()))


def specificity(duty: Duty, categories: Sequence[str]) -> tuple[int, int, int, int]:
    """How closely an item names what is asked; the greater the closer (see the order above)."""
    depth = categories.index(duty.category) if duty.category else len(categories)
    return (
        -depth,
        bool(duty.condition),
        len(duty.area_code),
        duty.hours is not Hours.ALWAYS,
    )


def fits(duty: Duty, question: Question) -> bool:
    """True when an item speaks of the category, the place, the condition and the hour."""
    return (
        (duty.category == EVERY_CATEGORY or duty.category in question.categories)
        and question.area.startswith(duty.area_code)
        and duty.condition in ("", question.condition)
        and duty.hours in (Hours.ALWAYS, _hours_of(question))
    )


def _hours_of(question: Question) -> Hours:
    return Hours.WORKING if question.working else Hours.OFF_HOURS


def ranked(roster: Roster, question: Question) -> list[Duty]:
    """The items that fit, the most specific first; equals by unit code, then number."""
    keys = (*question.categories, EVERY_CATEGORY)
    found = [duty for key in keys for duty in roster.duties.get(key, ()) if fits(duty, question)]
    found.sort(key=lambda duty: (duty.unit_code, duty.item_no, duty.unit_id))
    found.sort(key=lambda duty: specificity(duty, question.categories), reverse=True)
    return found


def pool_of(found: Sequence[Duty], categories: Sequence[str]) -> tuple[Duty, ...]:
    """The first items of a ranked list that are equal in rank, each unit once."""
    if not found:
        return ()
    best = specificity(found[0], categories)
    equal = [duty for duty in found if specificity(duty, categories) == best]
    return tuple({duty.unit_id: duty for duty in reversed(equal)}.values())[::-1]


def lead_unit(
    roster: Roster,
    question: Question,
    *,
    precedents: Sequence[Duty] = (),
    standing: Standing = Standing(),
) -> Suggestion | None:
    """The unit that leads, and why; None where nothing fits and somebody has to choose.

    `precedents` of the case's own category come newest first.
    """
    for ruled in precedents:
        if question.area.startswith(ruled.area_code):
            return _chosen((ruled,), Rule.PRECEDENT, 0, standing)
    pool = pool_of(ranked(roster, question), question.categories)
    if not pool:
        return None
    rule = Rule.LIST if pool[0].category else Rule.FALLBACK
    return _chosen(pool, rule, roster.list_no, standing)


def _chosen(pool: Sequence[Duty], rule: Rule, list_no: int, standing: Standing) -> Suggestion:
    stands_in = {duty.unit_id: present(duty.unit_id, standing.deputies) for duty in pool}
    counts: Mapping[int, int] = {}
    if len(pool) > 1:
        counts = standing.open_cases(frozenset(stands_in.values()))

    def load(duty: Duty) -> int:
        unit = stands_in[duty.unit_id]
        return counts.get(unit, 0) - (unit == standing.foreseen)

    duty = min(pool, key=lambda d: (load(d), d.unit_code, d.item_no))
    unit = stands_in[duty.unit_id]
    why = Why(
        rule=rule,
        item_no=duty.item_no,
        list_no=list_no,
        category=duty.category,
        area=duty.area_code,
        condition=duty.condition,
        hours=duty.hours,
        pool=tuple(d.unit_id for d in pool) if len(pool) > 1 else (),
        open_cases=load(duty) if len(pool) > 1 else None,
        away=duty.unit_id if unit != duty.unit_id else None,
    )
    return Suggestion(unit, why)


def present(unit_id: int, deputies: Mapping[int, int]) -> int:
    """Who does a unit's work now: itself, its deputy, or the deputy's deputy.

    Where all of a chain are away the unit keeps its work: it is asked first when it is back.
    """
    found = unit_id
    for _step in range(LONGEST_CHAIN):
        if found not in deputies:
            return found
        found = deputies[found]
        if found == unit_id:
            return unit_id
    return unit_id if found in deputies else found
