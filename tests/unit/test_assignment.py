"""Which unit leads, by the duty list."""

from itertools import permutations

from dispatch.assignment import Duty, lead_unit

CHAIN = ("E0104", "E01", "E")
CELL = "339901001001003"
CITY = Duty("1", "E01", "3399", 1)
DISTRICT = Duty("2", "E01", "339901", 2)
STREET = Duty("3", "E01", "339901001", 3)
LEAF_CITY = Duty("4", "E0104", "3399", 4)
ELSEWHERE = Duty("5", "E0104", "339902", 5)


def test_nobody_leads_what_no_item_names() -> None:
    assert lead_unit([], categories=CHAIN, area=CELL) is None
    assert lead_unit([ELSEWHERE], categories=CHAIN, area=CELL) is None
    assert lead_unit([CITY], categories=("C0101", "C01"), area=CELL) is None


def test_the_longest_area_wins_within_a_category() -> None:
    found = lead_unit([CITY, STREET, DISTRICT], categories=CHAIN, area=CELL)

    assert found is not None
    assert (found.unit_id, found.item_no) == (3, "3")


def test_the_nearest_category_wins_over_the_longest_area() -> None:
    found = lead_unit([STREET, LEAF_CITY], categories=CHAIN, area=CELL)

    assert found is not None
    assert found.unit_id == 4


def test_the_order_of_the_list_changes_nothing() -> None:
    duties = [CITY, DISTRICT, STREET, LEAF_CITY, ELSEWHERE]
    found = {lead_unit(order, categories=CHAIN, area=CELL) for order in permutations(duties)}

    assert len(found) == 1


def test_the_reason_names_the_item_its_category_and_its_area() -> None:
    found = lead_unit([DISTRICT], categories=CHAIN, area=CELL)

    assert found is not None
    assert found.why == "2: E01 @ 339901"
