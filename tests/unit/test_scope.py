"""What posts open: areas for the centre's roles, units for handlers, nothing for the rest."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import POWER_OF_ROLE, Power, Role
from accounts.scope import CASE_ROLES, FEED_ROLES, UNIT_ROLES, HeldPost, Scope

CODES = st.sampled_from(["3399", "339901", "339902", "339901001", "339901001001"])
POSTS = st.builds(
    HeldPost,
    role=st.sampled_from([role.value for role in Role]),
    area_code=CODES,
    unit_id=st.none() | st.integers(1, 5),
    unit_ids=st.frozensets(st.integers(1, 5), max_size=3),
)


def test_no_post_opens_nothing() -> None:
    scope = Scope(())

    assert scope.areas == ()
    assert scope.unit_ids == frozenset()
    assert not scope.covers_district("339901")
    assert not scope.may(frozenset(Role.values), "339901001001001", 1)


@given(posts=st.lists(POSTS, max_size=4))
def test_an_area_inside_another_is_left_out_and_none_is_lost(posts: list[HeldPost]) -> None:
    scope = Scope(tuple(posts))
    held = {post.area_code for post in posts if post.role in CASE_ROLES}

    assert all(not a.startswith(b) for a, b in product(scope.areas, scope.areas) if a != b)
    assert all(any(code.startswith(area) for area in scope.areas) for code in held)
    assert set(scope.areas) <= held


@given(posts=st.lists(POSTS, max_size=4), code=CODES, unit=st.none() | st.integers(1, 5))
def test_a_role_counts_only_where_its_post_lies(
    posts: list[HeldPost], code: str, unit: int | None
) -> None:
    scope = Scope(tuple(posts))

    for role in Role.values:
        expected = any(
            post.role == role
            and (unit in post.unit_ids if role in UNIT_ROLES else code.startswith(post.area_code))
            for post in posts
        )
        assert scope.may(frozenset({role}), code, unit) == expected


@pytest.mark.parametrize("role", sorted(set(Role.values) - FEED_ROLES))
def test_evaluators_stewards_and_administrators_see_no_case_and_no_feed(role: str) -> None:
    scope = Scope((HeldPost(role, "3399", None, frozenset({1})),))

    assert scope.areas == scope.patrol_areas == ()
    assert scope.unit_ids == frozenset()
    assert not scope.covers_district("339901")


@pytest.mark.parametrize(
    ("post_area", "district", "covered"),
    [
        ("3399", "339901", True),
        ("339901", "339901", True),
        ("339901001", "339901", True),
        ("339902", "339901", False),
        ("3398", "339901", False),
    ],
)
def test_a_post_follows_the_feed_of_its_district(
    post_area: str, district: str, covered: bool
) -> None:
    scope = Scope((HeldPost("DISPATCHER", post_area, None, frozenset()),))

    assert scope.covers_district(district) is covered


def test_every_role_has_exactly_one_power() -> None:
    assert set(POWER_OF_ROLE) == set(Role)
    assert set(POWER_OF_ROLE.values()) == set(Power)


def test_the_four_powers_of_the_matrix_are_apart() -> None:
    power = {role.value: POWER_OF_ROLE[role] for role in Role}

    assert power["DUTY_LEADER"] == Power.SUPERVISING
    assert power["DISPATCHER"] == Power.COMMANDING
    assert power["HANDLER"] == power["UNIT_APPROVER"] == Power.HANDLING
    assert power["EVALUATOR"] == Power.EVALUATING
    assert len({power["SYSADMIN"], power["SECADMIN"], power["AUDITOR"]}) == 3
