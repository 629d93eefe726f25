"""Codes by the standard (domain.md 1.2.1), and what of a file's codes is refused."""

import pytest

from gis.loading.coding import check_codes, number_from, parent_of, shortened
from gis.loading.reading import tidy
from gis.models import Level


def codes_of(code: str, level: Level, name: str = "名", parent: str = "") -> tuple[str, str, str]:
    one = check_codes([code], [name], [parent], level)[0]
    return one.code, one.parent, one.refusal.code if one.refusal else ""


@pytest.mark.parametrize(
    ("code", "level", "parent"),
    [
        ("440303", Level.DISTRICT, "4403"),
        ("440303001", Level.STREET, "440303"),
        ("440303001002", Level.COMMUNITY, "440303001"),
        ("44030300100201", Level.CELL, "440303001002"),
        ("440303001002001", Level.CELL, "440303001002"),
    ],
)
def test_a_code_names_its_parent(code: str, level: Level, parent: str) -> None:
    assert codes_of(code, level) == (code, parent, "")
    assert parent_of(code, level) == parent


def test_a_stated_parent_is_taken() -> None:
    assert codes_of("440311001", Level.STREET, parent="440307") == ("440311001", "440307", "")


@pytest.mark.parametrize(
    ("code", "level", "refusal"),
    [
        ("", Level.STREET, "NO_CODE"),
        ("44030A", Level.DISTRICT, "CODE_NOT_DIGITS"),
        ("４４０３０３", Level.DISTRICT, "CODE_NOT_DIGITS"),
        ("4403030", Level.DISTRICT, "CODE_LENGTH"),
        ("440303", Level.STREET, "CODE_LENGTH"),
        ("4403030010020001", Level.CELL, "CODE_LENGTH"),
    ],
)
def test_a_code_that_cannot_be_is_refused(code: str, level: Level, refusal: str) -> None:
    assert codes_of(code, level)[2] == refusal


def test_a_name_is_needed_and_fits_its_column() -> None:
    assert codes_of("440303", Level.DISTRICT, name="")[2] == "NO_NAME"
    assert codes_of("440303", Level.DISTRICT, name="名" * 81)[2] == "LONG_NAME"
    assert codes_of("440303001002001", Level.CELL, name="")[2] == ""


def test_the_second_row_with_a_code_is_refused_and_says_which_was_first() -> None:
    checked = check_codes(["440303", "440304", "440303"], ["a", "b", "c"], [""] * 3, Level.DISTRICT)
    assert [one.refusal is None for one in checked] == [True, True, False]
    refusal = checked[2].refusal
    assert refusal is not None
    assert refusal.text == "row 1 has the same code"


@pytest.mark.parametrize(
    ("code", "level", "short"),
    [
        ("440303000000", Level.DISTRICT, "440303"),
        ("440303001000", Level.STREET, "440303001"),
        ("440303001002", Level.STREET, "440303001002"),
        ("440300", Level.CITY, "4403"),
        ("440303001002", Level.COMMUNITY, "440303001002"),
    ],
)
def test_the_zeros_of_the_statistics_office_are_taken_off(
    code: str, level: Level, short: str
) -> None:
    assert shortened(code, level) == short


def test_codes_are_counted_up_with_their_leading_zeros() -> None:
    assert number_from("250101", 3) == ["250101", "250102", "250103"]
    assert number_from("010109", 2) == ["010109", "010110"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (310107.0, "310107"),
        (310107, "310107"),
        (" 南园 \t", "南园"),
        (None, ""),
        (float("nan"), ""),
        ("a\x00b\nc", "abc"),
        (1.5, "1.5"),
    ],
)
def test_a_cell_of_a_table_becomes_plain_text(value: object, text: str) -> None:
    assert tidy(value) == text
