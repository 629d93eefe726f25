"""Are two reports about one thing? What must hold for any two."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.matching import (
    CROWDED,
    SUGGEST,
    SUGGEST_STRONGLY,
    Voice,
    bigrams,
    jaccard,
    likeness,
    nearness,
    recency,
)
from gis.coords import distance_m

AT = datetime(2026, 3, 2, tzinfo=UTC)
TEXTS = st.text("垃圾路灯井盖破损漏水abc ，。", max_size=20)
VOICES = st.builds(
    Voice,
    lon=st.floats(119.600, 119.602),
    lat=st.floats(29.900, 29.902),
    accuracy_m=st.floats(0, 100),
    category=st.sampled_from(["E0102", "E0104"]),
    family=st.just("GARBAGE"),
    at=st.integers(0, 3000).map(lambda minutes: AT + timedelta(minutes=minutes)),
    text=TEXTS,
)
HERE = Voice(119.6, 29.9, 0.0, "E0104", "GARBAGE", AT, "垃圾散落一地")


@given(a=VOICES, b=VOICES, radius=st.integers(0, 300), hours=st.integers(0, 100))
def test_a_score_lies_between_0_and_1_and_is_the_same_both_ways(
    a: Voice, b: Voice, radius: int, hours: int
) -> None:
    one = likeness(a, b, radius_m=radius, window_hours=hours)
    other = likeness(b, a, radius_m=radius, window_hours=hours)

    assert (one is None) == (other is None)
    if one and other:
        assert 0 <= one.score <= 1
        assert one.score == pytest.approx(other.score, abs=0.0011)
        assert one.distance_m == pytest.approx(other.distance_m, abs=0.11)


def place_of(voice: Voice) -> tuple[float, float]:
    assert voice.lon is not None
    assert voice.lat is not None
    return voice.lon, voice.lat


@given(a=VOICES, b=VOICES)
def test_the_distance_is_symmetric_and_zero_only_at_home(a: Voice, b: Voice) -> None:
    here, there = place_of(a), place_of(b)
    between = distance_m(*here, *there)

    assert between >= 0
    assert between == pytest.approx(distance_m(*there, *here), abs=1e-9)
    assert distance_m(*here, *here) == 0


def test_the_same_report_again_scores_1() -> None:
    found = likeness(HERE, HERE, radius_m=30, window_hours=24)

    assert found is not None
    assert found.score == 1.0
    assert set(found.reasons) == {"NEAR", "SAME_CATEGORY", "RECENT", "SIMILAR_TEXT"}


def test_another_family_is_another_thing() -> None:
    lamp = replace(HERE, family="LAMP")

    assert likeness(HERE, lamp, radius_m=30, window_hours=24) is None


def test_the_radius_is_widened_by_the_accuracy_of_both_points() -> None:
    off = replace(HERE, lat=29.9 + 50 / 110_900)

    assert likeness(HERE, off, radius_m=30, window_hours=24) is None
    blurred = likeness(
        replace(HERE, accuracy_m=15), replace(off, accuracy_m=15), radius_m=30, window_hours=24
    )
    assert blurred is not None
    assert blurred.distance_m == pytest.approx(50, abs=1)


def test_outside_the_window_it_is_a_new_thing() -> None:
    old = replace(HERE, at=AT - timedelta(hours=25))

    assert likeness(HERE, old, radius_m=30, window_hours=24) is None


@given(a=TEXTS, b=TEXTS)
def test_the_likeness_of_texts_is_symmetric_and_ignores_punctuation(a: str, b: str) -> None:
    share = jaccard(bigrams(a), bigrams(b))

    assert 0 <= share <= 1
    assert share == jaccard(bigrams(b), bigrams(a))
    assert bigrams(a) == bigrams(a.replace("，", "").replace("。", "").replace(" ", ""))


def test_the_same_spot_says_less_where_many_things_share_one() -> None:
    for family in CROWDED:
        assert nearness(0, 50, family) < nearness(0, 50, "LAMP") == 1


@given(near=st.floats(0, 300), further=st.floats(0, 300), reach=st.integers(0, 300))
def test_nearness_never_grows_with_the_distance(near: float, further: float, reach: int) -> None:
    near, further = sorted((near, further))

    assert 0 <= nearness(further, reach, "LAMP") <= nearness(near, reach, "LAMP") <= 1


def test_recency_halves_in_ten_days_or_in_half_a_shorter_window() -> None:
    assert recency(0, 8760) == 1
    assert recency(240, 8760) == pytest.approx(0.5)
    assert recency(12, 24) == pytest.approx(0.5)
    assert recency(0, 0) == 1


def test_a_title_that_shares_four_tenths_counts_as_the_same_title() -> None:
    said = replace(HERE, text="人民路路灯不亮")
    alike = replace(HERE, text="人民路的路灯不亮了")

    one = likeness(said, alike, radius_m=30, window_hours=24)
    same = likeness(said, said, radius_m=30, window_hours=24)

    assert one is not None
    assert same is not None
    assert one.score == same.score == 1


def test_the_same_thing_an_hour_later_a_few_metres_off_is_suggested_strongly() -> None:
    later = replace(HERE, at=AT + timedelta(hours=1), lat=29.9 + 3 / 110_900)

    found = likeness(later, HERE, radius_m=30, window_hours=24)

    assert found is not None
    assert found.score >= SUGGEST_STRONGLY


def test_another_category_at_the_edge_of_the_reach_a_day_later_is_not_suggested() -> None:
    other = replace(
        HERE, category="E0102", at=AT + timedelta(hours=24), lat=29.9 + 29 / 110_900, text=""
    )

    found = likeness(other, HERE, radius_m=30, window_hours=24)

    assert found is not None
    assert found.score < SUGGEST
