"""What a user's posts open to her (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

CASE_ROLES = frozenset(
    {
        "OPERATOR",
        "RECEIVER",
        "DUTY_LEADER",
        "DISPATCHER",
        "CALLBACK",
        "COMMANDER",
        "SUPERVISOR",
    }
)
"""Roles that see the cases of their area. Handlers see their unit's; the others see none."""
UNIT_ROLES = frozenset({"HANDLER", "UNIT_APPROVER"})
FEED_ROLES = CASE_ROLES | UNIT_ROLES | {"INSPECTOR"}
"""Roles that may follow the feed of their district."""
LENDABLE = FEED_ROLES
"""Roles that may be lent; evaluators and the three administrators hold theirs in person."""
ON_DUTY_ROLES = UNIT_ROLES | {"RECEIVER", "DUTY_LEADER", "DISPATCHER", "COMMANDER"}
"""Who may see which inspectors are on duty, to send work to them. Nobody who judges people may."""
DISTRICT_DIGITS = 6
IDENTITY_ROLES = frozenset({"OPERATOR", "DUTY_LEADER", "CALLBACK"})
"""Roles that may reveal a caller's identity, with a reason (domain.md 7.3.1)."""


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A role in an area (code prefix) and, for handlers, a unit with all units below it.

    `lent_by` is the absent person whose post it is; None for one's own.
    """

    role: str
    area_code: str
    unit_id: int | None
    unit_ids: frozenset[int]
    lent_by: int | None = None


@dataclass(frozen=True)
class Scope:
    """All open posts of one user, those lent to her while others are away among them."""

    posts: tuple[HeldPost, ...]

    @cached_property
    def lenders(self) -> tuple[int, ...]:
        """The absent people whose posts are lent to the user, in order of their ids."""
        return tuple(sorted({post.lent_by for post in self.posts if post.lent_by is not None}))

    def of(self, lender: int | None) -> "Scope":
        """The user's own posts (None), or those that one absent person lends."""
        return Scope(tuple(post for post in self.posts if post.lent_by == lender))

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles held anywhere."""
        return frozenset(post.role for post in self.posts)

    @cached_property
    def areas(self) -> tuple[str, ...]:
        """Area codes whose cases are all visible; an area inside another one is left out."""
        return _outermost(post for post in self.posts if post.role in CASE_ROLES)

    @cached_property
    def patrol_areas(self) -> tuple[str, ...]:
        """Area codes whose cases are visible unless they are sensitive (domain.md 2.8)."""
        return _outermost(post for post in self.posts if post.role == "INSPECTOR")

    @cached_property
    def on_duty_areas(self) -> tuple[str, ...]:
        """Area codes whose inspectors on duty are visible; for a unit of a street, its district."""
        posts = [post for post in self.posts if post.role in ON_DUTY_ROLES]
        codes = {post.area_code for post in posts if post.role not in UNIT_ROLES}
        units = {post.area_code[:DISTRICT_DIGITS] for post in posts if post.role in UNIT_ROLES}
        return _outermost_codes(codes | units)

    @cached_property
    def unit_ids(self) -> frozenset[int]:
        """Units whose cases are visible."""
        return frozenset().union(*(p.unit_ids for p in self.posts if p.role in UNIT_ROLES))

    def may(self, roles: frozenset[str], area_code: str, unit_id: int | None) -> bool:
        """True when a post with one of the roles covers the area and, for handlers, the unit."""
        for post in self.posts:
            if post.role not in roles:
                continue
            if post.role in UNIT_ROLES:
                if unit_id in post.unit_ids:
                    return True
            elif area_code.startswith(post.area_code):
                return True
        return False

    def lender_for(self, roles: frozenset[str], area_code: str, unit_id: int | None) -> int | None:
        """Whose lent post alone allows it; None where a post of one's own does, or none at all."""
        if not self.lenders or self.of(None).may(roles, area_code, unit_id):
            return None
        lenders = (one for one in self.lenders if self.of(one).may(roles, area_code, unit_id))
        return next(lenders, None)

    def on_behalf(
        self, roles: frozenset[str], area_code: str, unit_id: int | None = None
    ) -> dict[str, int]:
        """The lender as the payload of an event names her; empty where one's own post allows it."""
        lender = self.lender_for(roles, area_code, unit_id)
        return {} if lender is None else {"for": lender}

    def covers_district(self, district: str) -> bool:
        """True when any post lies in the district or above it."""
        return any(
            district.startswith(post.area_code) or post.area_code.startswith(district)
            for post in self.posts
            if post.role in FEED_ROLES
        )


def _outermost(posts: Iterable[HeldPost]) -> tuple[str, ...]:
    return _outermost_codes({post.area_code for post in posts})


def _outermost_codes(codes: set[str]) -> tuple[str, ...]:
    return tuple(sorted(c for c in codes if not any(c != o and c.startswith(o) for o in codes)))
