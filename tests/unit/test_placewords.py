"""What an address names: roads and estates, without the areas before them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.duplicates.placewords import KEY_LENGTH, estates, keys_of, roads
from dispatch.matching import MatchRule

ROADS = (
    ("云澜市云中区望江街道秋涛路22号春晓花园3幢", ("秋涛路",)),
    ("秋涛路与望江路交叉口", ("秋涛路", "望江路")),
    ("春晓社区秋涛北路工地", ("秋涛北路",)),
    ("长安街1号", ("长安街",)),
    ("滨江大道近钱塘大桥", ("滨江大道",)),
    ("春晓花园3幢", ()),
    ("", ()),
)
ESTATES = (
    ("云澜市云中区望江街道秋涛路22号春晓花园3幢", ("春晓花园",)),
    ("春晓花园5号楼", ("春晓花园",)),
    ("云中区春晓小区5栋", ("春晓小区",)),
    ("秋涛路22-1号幸福里小区", ("幸福里小区",)),
    ("第一人民医院", ("第一人民医院",)),
    ("秋涛路22号", ()),
)


@pytest.mark.parametrize(("address", "names"), ROADS)
def test_roads_are_read_from_an_address(address: str, names: tuple[str, ...]) -> None:
    assert roads(address) == names


@pytest.mark.parametrize(("address", "names"), ESTATES)
def test_estates_are_read_from_an_address(address: str, names: tuple[str, ...]) -> None:
    assert estates(address) == names


def test_roads_and_estates_are_keys_only_where_the_rule_asks_for_them() -> None:
    address = "秋涛路22号春晓花园"
    bare = keys_of(MatchRule("X", 50), category="E0104", address=address)
    road = keys_of(MatchRule("X", 50, same_road=True), category="E0104", address=address)
    both = keys_of(
        MatchRule("X", 50, same_road=True, same_place=True), category="E0104", address=address,
        component_id="1", device="d", applications=["a"],
    )  # fmt: skip

    assert bare == ()
    assert road == ("R:秋涛路",)
    assert set(both) == {"R:秋涛路", "P:春晓花园", "C:1", "D:E0104:d", "A:a"}


@given(address=st.text('云中区街道路小花园大厦0123456789号与—abc ，{}"\\', max_size=200))
def test_no_address_breaks_the_reading_or_makes_a_key_too_long(address: str) -> None:
    rule = MatchRule("X", 50, same_road=True, same_place=True)

    keys = keys_of(rule, category="E0104", address=address)

    assert all(len(key) <= KEY_LENGTH for key in keys)
