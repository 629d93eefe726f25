"""Text as the search for places sees it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gis.gazetteer import initials_of
from gis.searchtext import grams_of, plain


def test_full_width_forms_blanks_and_capitals_do_not_matter() -> None:
    assert plain(" １２３４５ 热线　中心 KFC ") == "12345热线中心kfc"


def test_what_postgresql_does_not_take_is_left_out() -> None:
    assert plain("秋\0涛\ud800路\x1b") == "秋涛路"


def test_every_pair_of_neighbours_is_kept_once() -> None:
    assert grams_of("秋涛路", "涛路") == ["涛路", "秋涛"]
    assert grams_of("路", "") == []


def test_pairs_do_not_reach_over_the_border_of_two_texts() -> None:
    assert "道秋" not in grams_of("望江街道", "秋涛路")


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_no_gram_is_longer_than_two_characters(text: str) -> None:
    assert all(len(gram) == 2 for gram in grams_of(text))


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_initials_fit_their_column_and_hold_no_blanks(text: str) -> None:
    initials = initials_of(text)
    assert len(initials) <= 60
    assert not any(character.isspace() for character in initials)


def test_initials_are_those_an_operator_types() -> None:
    assert initials_of("秋涛路 22 号") == "qtl22h"
    assert initials_of("景芳三区12幢") == "jfsq12z"
