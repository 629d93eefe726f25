"""Deputies (代班): who holds whose posts while she is away, arranged in the open and undone early.

A unit's approver arranges within her unit, a duty leader within her area; nobody lends herself
another's posts (features.md 43).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.actions import KEPT_APART
from accounts.arranging import (
    ArrangementError,
    Period,
    Problem,
    check_reach,
    end_early,
    locked,
    nearest,
    refuse,
    save,
)
from accounts.models import Deputy, Post, Role, User, read_scope
from accounts.scope import LENDABLE, HeldPost, Scope
from gis.models import Area

LONGEST = timedelta(days=92)
ARRANGERS = frozenset({Role.UNIT_APPROVER, Role.DUTY_LEADER})
MOST_FOUND = 9
_ROWS = Deputy.objects.select_related("absent", "deputy", "by", "post__unit")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose deputy may be arranged, or who may be one, with her posts in words.

    `lendable` are the posts that the asking user may lend one by one; `whole` is true where she
    may lend all of them at once.
    """

    username: str
    name: str
    posts: tuple[str, ...]
    lendable: tuple[dict[str, Any], ...]
    whole: bool


@transaction.atomic
def arrange_deputy(
    *,
    absent: str,
    deputy: str,
    period: Period,
    by: User,
    now: datetime,
    post: int | None = None,
) -> Deputy:
    """Let `deputy` hold the posts of `absent` (user names) for a period, or one of them (its id).

    Raises ArrangementError, NotYoursToArrangeError; the database keeps powers apart and periods
    single.
    """
    away, stands_in = _person(absent, "absent"), _person(deputy, "deputy")
    problems = period.problems(longest=LONGEST, now=now)
    if away.pk == stands_in.pk:
        problems.append(("deputy", "SAME_PERSON", _("请选择另一个人代班。")))
    elif stands_in.pk == by.pk:
        words = _("代班须由他人安排，不能安排给自己。")
        problems.append(("deputy", "BY_THE_DEPUTY", words))
    refuse(problems)
    row = Deputy(absent=away, deputy=stands_in, post=_lendable_post(away, post))
    reached = bool(rows_within_reach(by.scope(), [row]))
    check_reach({"absent": reached, "deputy": may_arrange(by.scope(), stands_in)})
    return save(row, period, refusals=_refusals(), by=by, now=now)


@transaction.atomic
def end_deputy(*, deputy_id: int, reason: str, by: User, now: datetime) -> Deputy:
    """End or call off a period with a reason; the row stays. A second ending changes nothing.

    Raises ArrangementError; UNKNOWN_DEPUTY where there is none or it is not hers to arrange.
    """
    row: Deputy | None = locked(_ROWS, deputy_id)
    if row is None or not rows_within_reach(by.scope(), [row]):
        problem = ("id", "UNKNOWN_DEPUTY", _("没有这项代班安排。"))
        raise ArrangementError(problem, status=404)
    end_early(row, reason=reason, by=by, now=now)
    return row


def deputies_for(user: User, *, now: datetime) -> list[Deputy]:
    """What a user may know of: her own periods, and those of the people she arranges for."""
    rows = (
        _ROWS.filter(Q(ends_at__gt=now - LONGEST))
        .select_related("cancelled_by")
        .order_by("-starts_at", "-id")
    )
    found = list(rows)
    arranged = {id(row) for row in rows_within_reach(user.scope(), found)}
    return [
        row
        for row in found
        if user.pk in {row.absent_id, row.deputy_id, row.by_id} or id(row) in arranged
    ]


def rows_within_reach(scope: Scope, rows: Iterable[Deputy]) -> list[Deputy]:
    """The rows whose lent post, or every post of the absent where all are lent, the arranger's
    own posts cover; at most one query."""
    listed = list(rows)
    own = _arranging_posts(scope)
    whole = within_reach(scope, {row.absent_id for row in listed if row.post is None})
    return [
        row
        for row in listed
        if (row.absent_id in whole if row.post is None else _reaches(own, row.post))
    ]


def may_arrange(scope: Scope, person: User) -> bool:
    """True when every open post of the person lies within the arranger's own unit or area."""
    return person.pk in within_reach(scope, {person.pk})


def may_arrange_any(scope: Scope) -> bool:
    """True for who arranges deputies at all, by a post of her own."""
    return bool(ARRANGERS & scope.of(None).roles)


def people_for(user: User, query: str) -> list[Person]:
    """The people whom the user arranges for, by user name, name or pinyin; the nearest first."""
    own = _arranging_posts(user.scope())
    near = Q(pk__in=[])
    for held in own:
        is_unit = held.role == Role.UNIT_APPROVER
        near |= Q(unit__in=held.unit_ids) if is_unit else Q(area_code__startswith=held.area_code)
    open_posts = Post.objects.filter(ended_at__isnull=True, user__is_active=True)
    people = User.objects.filter(pk__in=open_posts.filter(near).values("user"))
    active = people.filter(is_active=True)
    found = nearest(active, query, lambda person: (person.username, person.name))
    whole = within_reach(user.scope(), {person.pk for person in found})
    posts = _lendable_of(person.pk for person in found)
    mine = {
        pk: tuple({"id": post.pk, "name": name} for post, name in held if _reaches(own, post))
        for pk, held in posts.items()
    }
    chosen = [person for person in found if mine.get(person.pk)][:MOST_FOUND]
    return [
        Person(
            person.username,
            str(person),
            tuple(name for _post, name in posts[person.pk]),
            mine[person.pk],
            person.pk in whole,
        )
        for person in chosen
    ]


def posts_in_words(people: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The open posts of people (ids) that may be lent: role and unit, or role and area."""
    found = {pk: tuple(name for _p, name in held) for pk, held in _lendable_of(people).items()}
    return defaultdict(tuple, found)


def lent_in_words(rows: Iterable[Deputy]) -> dict[int, tuple[str, ...]]:
    """What each row (by its id) lends: the post it names, else all that may be lent."""
    listed = list(rows)
    every = posts_in_words(row.absent_id for row in listed if row.post is None)
    named = _in_words([row.post for row in listed if row.post is not None])
    return {
        row.pk: every[row.absent_id] if row.post is None else (named[row.post.pk],)
        for row in listed
    }


def lent_scope(row: Deputy) -> Scope:
    """What a row opens to the deputy: the absent person's own posts, or the one that is lent."""
    own = read_scope(row.absent).of(None)
    if row.post is None:
        return own
    lent = (row.post.role, row.post.area_code, row.post.unit_id)
    return Scope(tuple(p for p in own.posts if (p.role, p.area_code, p.unit_id) == lent))


def _lendable_of(people: Iterable[int]) -> dict[int, list[tuple[Post, str]]]:
    rows = Post.objects.filter(user__in=list(people), ended_at__isnull=True, role__in=LENDABLE)
    posts = list(rows.select_related("unit").order_by("id"))
    names = _in_words(posts)
    found: dict[int, list[tuple[Post, str]]] = defaultdict(list)
    for post in posts:
        found[post.user_id].append((post, names[post.pk]))
    return found


def _in_words(posts: Iterable[Post]) -> dict[int, str]:
    """Posts by their ids as people call them: role and unit, or role and area."""
    listed = list(posts)
    codes = {post.area_code for post in listed if post.unit is None}
    areas = dict(Area.objects.current().filter(code__in=codes).values_list("code", "name"))
    return {
        post.pk: f"{Role(post.role).label} · "
        f"{post.unit.name if post.unit else areas.get(post.area_code, post.area_code)}"
        for post in listed
    }


def within_reach(scope: Scope, people: Iterable[int]) -> set[int]:
    """Those of the people (ids) whose every open post the arranger's own posts cover; one query."""
    own = _arranging_posts(scope)
    if not own:
        return set()
    posts: dict[int, list[Post]] = defaultdict(list)
    for post in Post.objects.filter(user__in=list(people), ended_at__isnull=True):
        posts[post.user_id].append(post)
    return {pk for pk, held in posts.items() if all(_reaches(own, post) for post in held)}


def _arranging_posts(scope: Scope) -> list[HeldPost]:
    return [post for post in scope.of(None).posts if post.role in ARRANGERS]


def _reaches(own: list[HeldPost], post: Post) -> bool:
    if post.role not in LENDABLE:
        return False
    for mine in own:
        if mine.role == Role.UNIT_APPROVER and post.unit_id in mine.unit_ids:
            return True
        if mine.role == Role.DUTY_LEADER and post.area_code.startswith(mine.area_code):
            return True
    return False


def _person(username: str, path: str) -> User:
    found = None if "\x00" in username else User.objects.filter(username=username).first()
    if found is None or not found.is_active or not read_scope(found).posts:
        words = _("没有这个人员，或其没有在任的岗位。")
        raise ArrangementError((path, "UNKNOWN_USER", words))
    return found


def _lendable_post(away: User, post: int | None) -> Post | None:
    """The open post of the absent with this id, where it may be lent at all; None for all."""
    if post is None:
        return None
    posts = Post.objects.filter(user=away, ended_at__isnull=True, role__in=LENDABLE)
    found = posts.select_related("unit").filter(pk=post).first()
    if found is None:
        words = _("此人没有这个可代的岗位。")
        raise ArrangementError(("post", "UNKNOWN_POST", words))
    return found


def _refusals() -> dict[str, Problem]:
    apart = _("代班人将同时拥有相互分离的职权，请另选他人。")
    taken = _("这段时间已有人代班。")
    return {
        **dict.fromkeys(KEPT_APART, ("deputy", "POWERS_APART", apart)),
        "accounts_deputy_one_at_a_time": ("starts_at", "ALREADY_ARRANGED", taken),
    }
