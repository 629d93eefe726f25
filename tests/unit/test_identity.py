"""Personal data: sealed, found by a keyed hash, shown masked (domain.md 6.3)."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from accounts import identity

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
DIGITS = st.text("0123456789", min_size=6, max_size=15)


@given(text=WORDS)
def test_what_was_sealed_comes_back(text: str) -> None:
    assert identity.unseal(identity.seal(text)) == text


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert identity.seal("王小明") != identity.seal("王小明")
    assert identity.seal("") is None
    assert "王".encode() not in (identity.seal("王小明") or b"")


def test_an_altered_seal_is_refused() -> None:
    sealed = bytearray(identity.seal("13800138000") or b"")
    sealed[-1] ^= 1

    with pytest.raises(InvalidTag):
        identity.unseal(bytes(sealed))


@pytest.mark.parametrize(
    "same", ["13800138000", "138 0013 8000", "138-0013-8000", "+86 13800138000", "008613800138000"]
)
def test_a_phone_is_found_however_it_was_written(same: str) -> None:
    assert identity.phone_index(same) == identity.phone_index("13800138000")


@given(one=DIGITS, other=DIGITS)
def test_the_index_tells_numbers_apart_and_gives_none_away(one: str, other: str) -> None:
    index = identity.phone_index(one)

    assert len(index) == 32
    assert one not in index
    if identity.digits_of(one) != identity.digits_of(other):
        assert index != identity.phone_index(other)


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13800138000", "138****8000"),
        ("+86 138 0013 8000", "138****8000"),
        ("010-12345678", "010-****5678"),
        ("0571-8765432", "0571-****5432"),
        ("13800138000-1", "****0001"),
        ("12345678-1", "****6781"),
        ("85558888", "****8888"),
        ("110", "****"),
        ("", ""),
    ],
)
def test_phones_are_masked(phone: str, masked: str) -> None:
    assert identity.mask_phone(phone) == masked


@given(phone=st.from_regex(r"\+?[0-9][0-9 \-]{4,18}", fullmatch=True))
def test_a_masked_phone_never_shows_more_than_eight_digits_of_it(phone: str) -> None:
    shown = sum(c.isdigit() for c in identity.mask_phone(phone))

    assert shown <= 8
    assert shown <= sum(c.isdigit() for c in phone)
    if shown == sum(c.isdigit() for c in phone):
        assert shown == 0


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳修", "欧阳*"),
        ("欧阳娜娜", "欧阳*娜"),
        ("欧阳", "欧*"),
        ("买买提·吐尔逊", "买**·***"),
        ("阿卜杜拉·买买提·吐尔逊", "阿***·***·***"),
        ("·", ""),
        ("·张", "张*"),
        ("张·", "张*"),
        ("张", "张*"),
        (" 张三 ", "张*"),
        ("", ""),
    ],
)
def test_names_keep_the_surname_only(name: str, masked: str) -> None:
    assert identity.mask_name(name) == masked


@given(name=WORDS.filter(lambda name: "*" not in name))
def test_any_name_can_be_masked_and_is_not_shown_whole(name: str) -> None:
    masked = identity.mask_name(name)

    assert masked == "" or masked != name
