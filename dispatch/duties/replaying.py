"""The dry run (试运行): the real cases of the last days, asked again under a draft duty list.

Each case is put to both lists by the same `assignment.lead_unit` that routes new ones: its
category, place and condition, the hours in which it was dispatched, today's precedents. Answers
are worked out once per (category, area, condition, hours). Pools are filled as they would have
been: each list counts what it has given out in the run. Absences of units are left out: they will
be others.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from dispatch import catalogue
from dispatch.assignment import Question, Roster, Rule, Standing, Suggestion, lead_unit
from dispatch.catalogue import Catalogue, limit_of
from dispatch.clocks import due
from dispatch.duties import rosters
from dispatch.duties.items import fingerprint, rows_of
from dispatch.lifecycle import CloseType, Stage, State
from dispatch.models import Assignment, Case, DutyList, DutyReplay
from dispatch.models.assignments import AssignmentRole

PAGE = 5000
MOST_DAYS = 366
MOST_CASES_KEPT = 500
NEEDED_NO_UNIT = (
    CloseType.DIRECT_ANSWER.value,
    CloseType.SELF_HANDLED.value,
    CloseType.NOT_TRUE.value,
    CloseType.TRANSFERRED.value,
)


class Progress(NamedTuple):
    """How many cases of how many have been asked."""

    done: int
    total: int


class Past(NamedTuple):
    """What a past case is asked by; `at` is when it was first dispatched, else registered."""

    pk: int
    category: str
    area: str
    condition: str
    priority: int
    at: datetime


@dataclass
class Side:
    """One list in the run: its items and what it has given to each unit so far."""

    roster: Roster
    precedents: Mapping[str, tuple[Any, ...]]
    given: Counter[int] = field(default_factory=Counter)
    known: dict[Question, Suggestion | None] = field(default_factory=dict)

    def ask(self, question: Question) -> Suggestion | None:
        """The unit by this list; remembered unless a pool has to be weighed anew."""
        found = self.known.get(question, ...)
        if found is ... or (found is not None and found.why.pool):
            found = self.known[question] = lead_unit(
                self.roster,
                question,
                precedents=self.precedents.get(question.categories[0], ()),
                standing=Standing(open_cases=self._loads),
            )
        return found

    def give(self, unit_id: int) -> None:
        """Count a case for a unit."""
        self.given[unit_id] += 1

    def _loads(self, units: Collection[int]) -> dict[int, int]:
        return {unit: self.given[unit] for unit in units}


class Ground:
    """Places as the lists part them: every cell of a street is one where no item names less."""

    def __init__(self, *sides: Side) -> None:
        rosters_ = [duties for side in sides for duties in side.roster.duties.values()]
        ruled = [duties for side in sides for duties in side.precedents.values()]
        self.named = frozenset(d.area_code for duties in (*rosters_, *ruled) for d in duties)
        self.lengths = sorted({len(code) for code in self.named}, reverse=True)
        self.known: dict[str, str] = {}

    def of(self, area: str) -> str:
        """The longest beginning of the code that an item or a precedent names."""
        if area not in self.known:
            begins = (area[:length] for length in self.lengths)
            self.known[area] = next((b for b in begins if b in self.named), "")
        return self.known[area]


@dataclass
class Tally:
    """What the run has found so far."""

    total: int
    unchanged: int = 0
    precedent: int = 0
    left_out: int = 0
    flows: Counter[tuple[int, int]] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    before: Counter[int] = field(default_factory=Counter)
    after: Counter[int] = field(default_factory=Counter)
    deadlines: Counter[str] = field(default_factory=Counter)
    cases: list[list[Any]] = field(default_factory=list)


NOBODY = 0
"""The unit of a case that a list has no owner for."""


def replay(duty_list: DutyList, *, days: int, by: User | None, now: datetime) -> Iterator[Progress]:
    """Ask the cases of the last days again, saying now and then how far; the last act keeps the
    findings as a DutyReplay. Nothing of a case is changed."""
    began = time.perf_counter()
    book = catalogue.current()
    current = rosters.newest_published()
    rows = rows_of(duty_list)
    precedents = rosters.precedents()
    old = Side(rosters.roster_of(current), precedents)
    new = Side(rosters.roster_of(duty_list), precedents)
    window = Case.objects.filter(created_at__gt=now - timedelta(days=days), created_at__lte=now)
    asked = _needing_a_unit(window)
    ground = Ground(old, new)
    tally = Tally(total=asked.count())
    tally.left_out = window.count() - tally.total
    yield Progress(0, tally.total)
    for done, past in enumerate(_past(asked), start=1):
        _compare(past._replace(area=ground.of(past.area)), old, new, book, tally)
        if done % PAGE == 0:
            yield Progress(done, tally.total)
    DutyReplay.objects.create(
        duty_list=duty_list,
        compared_with=current,
        fingerprint=fingerprint(rows),
        days=days,
        by=by,
        at=now,
        findings=findings_of(tally, took_ms=round((time.perf_counter() - began) * 1000)),
    )
    yield Progress(tally.total, tally.total)


def _needing_a_unit(window: QuerySet[Case]) -> QuerySet[Case]:
    """Without those that were refused, void, merged, or over before any unit was asked."""
    gone = [State.REJECTED.value, State.VOIDED.value, State.MERGED.value]
    return window.exclude(Q(state__in=gone) | Q(close_type__in=NEEDED_NO_UNIT))


def _past(asked: QuerySet[Case]) -> Iterator[Past]:
    leads = Assignment.objects.filter(case=OuterRef("pk"), role=AssignmentRole.LEAD).order_by("pk")
    rows = asked.order_by("-created_at", "-pk").annotate(
        moment=Coalesce(Subquery(leads.values("dispatched_at")[:1]), "created_at")
    )
    columns = ("pk", "category_code", "area_code", "condition_code", "priority", "moment")
    for row in rows.values_list(*columns).iterator(chunk_size=PAGE):
        yield Past(*row)


def _compare(past: Past, old: Side, new: Side, book: Catalogue, tally: Tally) -> None:
    if past.category not in book.chains:
        return
    question = book.question(past.category, past.area, condition=past.condition, at=past.at)
    was, would = old.ask(question), new.ask(question)
    if was and would and was.why.pool and set(was.why.pool) == set(would.why.pool):
        would = was
    before, after = _unit(was), _unit(would)
    tally.before[before] += 1
    tally.after[after] += 1
    old.give(before)
    new.give(after)
    tally.precedent += would is not None and would.why.rule is Rule.PRECEDENT
    if before == after:
        tally.unchanged += 1
        return
    tally.flows[before, after] += 1
    tally.categories[past.category] += 1
    dues = _deadlines(past, before, after, book)
    tally.deadlines[_sooner_or_later(dues)] += 1
    if len(tally.cases) < MOST_CASES_KEPT:
        items = [found.item_no if found else "" for found in (was, would)]
        tally.cases.append([past.pk, before, after, *items, *(at.isoformat() for at in dues)])


def _unit(found: Suggestion | None) -> int:
    return found.unit_id if found else NOBODY


def _deadlines(past: Past, before: int, after: int, book: Catalogue) -> tuple[datetime, ...]:
    """When the disposal would have been due under either unit's hours; empty where they are the
    same or one of them is nobody."""
    hours = book.hours(before), book.hours(after)
    if NOBODY in (before, after) or hours[0] is hours[1]:
        return ()
    condition = book.conditions.get(past.condition)
    limit = limit_of(condition) if condition else book.stage_limit(Stage.DISPOSAL, past.priority)
    found = tuple(due(past.at, limit, calendar) for calendar in hours)
    return found if found[0] != found[1] else ()


def _sooner_or_later(dues: tuple[datetime, ...]) -> str:
    if not dues:
        return "same"
    return "sooner" if dues[1] < dues[0] else "later"


def findings_of(tally: Tally, *, took_ms: int) -> dict[str, Any]:
    """The counts as JSON: unit 0 stands for nobody; flows and units the greatest first."""
    changed = sum(tally.flows.values())
    units = sorted(
        {*tally.before, *tally.after} - {NOBODY},
        key=lambda unit: (-abs(tally.after[unit] - tally.before[unit]), unit),
    )
    return {
        "total": tally.total,
        "left_out": tally.left_out,
        "unchanged": tally.unchanged,
        "changed": changed,
        "unknown": tally.total - tally.unchanged - changed,
        "precedent": tally.precedent,
        "ownerless": sum(n for (_was, would), n in tally.flows.items() if would == NOBODY),
        "ownerless_before": tally.before[NOBODY],
        "ownerless_after": tally.after[NOBODY],
        "adopted": sum(n for (was, _would), n in tally.flows.items() if was == NOBODY),
        "flows": [[*pair, n] for pair, n in tally.flows.most_common()],
        "units": [
            [unit, tally.before[unit], tally.after[unit]]
            for unit in units
            if tally.before[unit] != tally.after[unit]
        ],
        "categories": [list(pair) for pair in tally.categories.most_common(20)],
        "deadlines": {word: tally.deadlines[word] for word in ("sooner", "later", "same")},
        "cases": tally.cases,
        "took_ms": took_ms,
    }


def latest(duty_list: DutyList) -> DutyReplay | None:
    """The newest dry run of a list."""
    runs = DutyReplay.objects.filter(duty_list=duty_list).select_related("by", "compared_with")
    return runs.order_by("-at", "-pk").first()
