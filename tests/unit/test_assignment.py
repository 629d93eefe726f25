"""Which unit leads, by the duty list: the order of items, pools, absences, reasons."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dispatch.assignment import (
    Duty,
    Hours,
    Question,
    Roster,
    Rule,
    Standing,
    Suggestion,
    Why,
    fits,
    in_working_hours,
    lead_unit,
    pool_of,
    present,
    ranked,
    specificity,
)
from dispatch.clocks import WorkCalendar

CHAIN = ("E0104", "E01")
CELL = "339901001001003"
ASKED = Question(CHAIN, CELL, "E0104-1", working=True)
CITY = Duty("1", "E01", "3399", 1)
DISTRICT = Duty("2", "E01", "339901", 2)
STREET = Duty("3", "E01", "339901001", 3)
LEAF_CITY = Duty("4", "E0104", "3399", 4)
ELSEWHERE = Duty("5", "E0104", "339902", 5)
CONDITION = Duty("6", "E0104", "3399", 6, condition="E0104-1")
OTHER_CONDITION = Duty("7", "E0104", "339901", 7, condition="E0104-2")
BY_NIGHT = Duty("8", "E0104", "3399", 8, hours=Hours.OFF_HOURS)
BY_DAY = Duty("9", "E0104", "3399", 9, hours=Hours.WORKING)
BEHIND_ALL = Duty("0", "", "339901", 10)


def roster(*duties: Duty) -> Roster:
    """A list of these items, number 3."""
    found: dict[str, tuple[Duty, ...]] = {}
    for duty in duties:
        found[duty.category] = (*found.get(duty.category, ()), duty)
    return Roster(3, found)


def lead(*duties: Duty, asked: Question = ASKED, standing: Standing = Standing()) -> Suggestion:
    """The suggestion from these items; there is one."""
    found = lead_unit(roster(*duties), asked, standing=standing)
    assert found is not None
    return found


def test_nobody_leads_what_no_item_names() -> None:
    assert lead_unit(roster(), ASKED) is None
    assert lead_unit(roster(ELSEWHERE, OTHER_CONDITION, BY_NIGHT), ASKED) is None
    assert lead_unit(roster(CITY), Question(("C0101", "C01"), CELL)) is None


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        (STREET, LEAF_CITY),
        (Duty("a", "E0104", CELL, 11), CONDITION),
        (CITY, DISTRICT),
        (DISTRICT, STREET),
        (LEAF_CITY, BY_DAY),
        (BY_DAY, Duty("b", "E0104", "339901", 12)),
        (BEHIND_ALL, CITY),
    ],
    ids=[
        "the nearer category before the longer area",
        "a named condition before the longer area",
        "the longer area",
        "the longest area",
        "named hours before always",
        "the longer area before named hours",
        "any category before those behind all",
    ],
)
def test_the_more_specific_item_wins(weaker: Duty, stronger: Duty) -> None:
    for order in permutations((weaker, stronger)):
        assert lead(*order).unit_id == stronger.unit_id


def test_by_night_another_item_holds_than_by_day() -> None:
    night = Question(CHAIN, CELL, working=False)

    assert lead(BY_DAY, BY_NIGHT, DISTRICT).unit_id == 9
    assert lead(BY_DAY, BY_NIGHT, DISTRICT, asked=night).unit_id == 8


def test_what_nothing_names_falls_to_the_item_for_every_category() -> None:
    found = lead(BEHIND_ALL, ELSEWHERE)

    assert (found.unit_id, found.why.rule) == (10, Rule.FALLBACK)


def test_the_reason_names_list_item_category_area_condition_and_hours() -> None:
    item = Duty("QZ-1", "E0104", "339901", 2, condition="E0104-1", hours=Hours.WORKING)

    assert lead(item).why.codes() == {
        "rule": "LIST",
        "item": "QZ-1",
        "list": 3,
        "category": "E0104",
        "area": "339901",
        "condition": "E0104-1",
        "hours": "WORKING",
    }
    assert lead(item).why.line() == "LIST: v3 QZ-1 E0104-1@339901"


def test_the_newest_precedent_for_the_place_comes_first_and_is_cited() -> None:
    precedents = (Duty("R-2", "E0104", "339902", 21), Duty("R-1", "E0104", "339901", 20))

    found = lead_unit(roster(CONDITION), ASKED, precedents=precedents)

    assert found is not None
    assert (found.unit_id, found.item_no, found.why.rule) == (20, "R-1", Rule.PRECEDENT)


POOL = (
    Duty("p1", "E0104", "3399", 31, unit_code="B"),
    Duty("p2", "E0104", "3399", 32, unit_code="A"),
    Duty("p3", "E0104", "3399", 33, unit_code="C"),
)


def loads(**counts: int) -> Standing:
    """Open cases by unit, as u31=4."""
    by_unit = {int(name[1:]): count for name, count in counts.items()}

    def open_cases(units: Collection[int]) -> Mapping[int, int]:
        assert set(units) <= {31, 32, 33, 40}
        return by_unit

    return Standing(open_cases=open_cases)


def test_of_a_pool_the_unit_with_the_fewest_open_cases_leads() -> None:
    found = lead(*POOL, standing=loads(u31=2, u32=5, u33=9))

    assert (found.unit_id, found.why.open_cases) == (31, 2)
    assert set(found.why.pool) == {31, 32, 33}


def test_of_equals_in_a_pool_the_first_code_leads() -> None:
    assert lead(*POOL, standing=loads(u31=2, u32=2, u33=2)).unit_id == 32


def test_a_case_is_not_held_against_the_unit_that_it_is_counted_for() -> None:
    counted = loads(u31=3, u32=3, u33=3)
    standing = Standing(open_cases=counted.open_cases, foreseen=33)

    assert lead(*POOL, standing=standing).unit_id == 33


def test_a_single_unit_is_never_counted() -> None:
    def nobody_asks(_units: Collection[int]) -> Mapping[int, int]:
        raise AssertionError("one unit needs no count")

    assert lead(DISTRICT, standing=Standing(open_cases=nobody_asks)).unit_id == 2


def test_while_a_unit_is_away_its_deputy_leads_and_the_reason_names_both() -> None:
    found = lead(DISTRICT, standing=Standing({2: 40}))

    assert (found.unit_id, found.why.away) == (40, 2)


def test_a_deputy_in_a_pool_is_weighed_by_its_own_load() -> None:
    standing = Standing({31: 40}, loads(u31=0, u32=5, u33=6, u40=7).open_cases)

    assert lead(*POOL, standing=standing).unit_id == 32


def test_a_deputy_who_is_away_has_a_deputy_and_a_circle_ends_where_it_began() -> None:
    assert present(1, {1: 2, 2: 3}) == 3
    assert present(1, {1: 2, 2: 1}) == 1
    assert present(1, {1: 2, 2: 3, 3: 4, 4: 5}) == 1
    assert present(9, {1: 2}) == 9


CODES = st.sampled_from(["3399", "339901", "339901001", "339901001001", CELL, "339902"])
DUTIES = st.builds(
    Duty,
    item_no=st.integers(0, 99).map(str),
    category=st.sampled_from(["", "E01", "E0104", "C01"]),
    area_code=CODES,
    unit_id=st.integers(1, 6),
    condition=st.sampled_from(["", "E0104-1", "E0104-2"]),
    hours=st.sampled_from(list(Hours)),
    unit_code=st.sampled_from("ABCDEF"),
)
QUESTIONS = st.builds(
    Question,
    st.just(CHAIN),
    CODES,
    st.sampled_from(["", "E0104-1", "E0104-2"]),
    st.booleans(),
)
LISTS = st.lists(DUTIES, max_size=8)


@given(duties=LISTS, asked=QUESTIONS, data=st.data())
def test_the_order_of_the_list_changes_nothing(
    duties: list[Duty], asked: Question, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(duties))

    assert lead_unit(roster(*duties), asked) == lead_unit(roster(*shuffled), asked)


@given(one=DUTIES, other=DUTIES, asked=QUESTIONS)
def test_of_two_items_that_fit_one_is_more_specific_or_they_say_the_same(
    one: Duty, other: Duty, asked: Question
) -> None:
    """Specificity is total: what it does not part is one and the same key."""
    assume(fits(one, asked) and fits(other, asked))
    keys = [(d.category, d.area_code, d.condition, d.hours) for d in (one, other)]
    ranks = [specificity(d, asked.categories) for d in (one, other)]

    assert (ranks[0] == ranks[1]) == (keys[0] == keys[1])


@given(duties=LISTS, asked=QUESTIONS)
def test_who_leads_is_named_by_an_item_that_fits_and_none_is_more_specific(
    duties: list[Duty], asked: Question
) -> None:
    found = lead_unit(roster(*duties), asked)
    fitting = [duty for duty in duties if fits(duty, asked)]

    assert (found is None) == (not fitting)
    if found is not None:
        best = max(specificity(duty, asked.categories) for duty in fitting)
        equals = {d.unit_id for d in fitting if specificity(d, asked.categories) == best}
        assert found.unit_id in equals
        assert {d.unit_id for d in pool_of(ranked(roster(*duties), asked), CHAIN)} == equals


@given(duties=LISTS, asked=QUESTIONS)
def test_a_reason_holds_codes_only_and_fits_its_column(duties: list[Duty], asked: Question) -> None:
    found = lead_unit(roster(*duties), asked)

    assume(found is not None)
    assert found is not None
    assert len(found.why.line()) <= 120
    assert set(found.why.codes()) <= {
        "rule", "item", "list", "category", "area", "condition", "hours", "pool", "open_cases",
    }  # fmt: skip


def test_a_reason_without_a_list_is_its_rule() -> None:
    assert Why(Rule.CHOSEN).codes() == {"rule": "CHOSEN"}
    assert Why(Rule.CHOSEN, territorial=True).line() == "CHOSEN:"


@pytest.mark.parametrize(
    ("at", "working"),
    [
        ("2026-03-02T00:00", True),
        ("2026-03-02T03:59", True),
        ("2026-03-02T04:00", False),
        ("2026-03-02T10:00", False),
        ("2026-03-01T23:59", False),
        ("2026-03-07T01:00", False),
        ("2026-02-28T01:00", True),
    ],
)
def test_working_hours_follow_the_calendar(at: str, working: bool) -> None:
    """UTC; 08:00 to 12:00 and 14:00 to 18:00 in the city, 28 February is a make-up workday."""
    calendar = WorkCalendar({date(2026, 2, 28): True})

    assert in_working_hours(datetime.fromisoformat(at).replace(tzinfo=UTC), calendar) is working
