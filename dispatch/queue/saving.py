"""Filters kept under a name: each person's own, and those an approver shares within a unit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from dispatch.actions.errors import CaseNotFoundError, NotAllowedError, RuleError
from dispatch.models import SavedFilter, SeenMark
from dispatch.queue.filters import canonical, filters_from, parsed

MOST_FILTERS: Final = 30
LONGEST_NAME: Final = 30
SHARING_ROLE: Final = "UNIT_APPROVER"


def usable_by(user: User) -> QuerySet[SavedFilter]:
    """The user's own filters and those shared within the units of her posts, in their order."""
    units = [post.unit_id for post in user.scope().posts if post.unit_id]
    mine = Q(owner=user, unit__isnull=True) | Q(unit__in=units)
    return SavedFilter.objects.filter(mine).order_by("position", "pk")


@transaction.atomic
def save_filter(
    *, name: str, query: str, pinned: bool, unit_code: str, by: User, now: datetime
) -> SavedFilter:
    """Keep a filter; with a unit's code, for everybody of that unit (its approver only).

    Who keeps what is on the screen has looked at it: nothing of it is unseen to her.
    Raises FilterError, RuleError and NotAllowedError.
    """
    unit = _shared_within(unit_code, by)
    text = _checked(query, by, now)
    kept = SavedFilter.objects.filter(owner=by)
    if kept.count() >= MOST_FILTERS:
        raise RuleError(_("最多保存 30 个筛选。"), code="TOO_MANY_FILTERS")
    last = kept.aggregate(last=Max("position"))["last"] or 0
    saved = SavedFilter(
        owner=by,
        unit=unit,
        name=_name(name),
        query=text,
        pinned=pinned,
        position=last + 1,
        created_at=now,
    )
    _written(saved)
    SeenMark.objects.create(user=by, view=f"f{saved.pk}", until=now)
    return saved


def change_filter(
    *,
    pk: int,
    name: str | None,
    query: str | None,
    pinned: bool | None,
    by: User,
    now: datetime,
) -> SavedFilter:
    """Rename, point anew, pin or unpin a filter of one's own; None leaves as it is."""
    saved = _own(pk, by)
    saved.name = saved.name if name is None else _name(name)
    saved.query = saved.query if query is None else _checked(query, by, now)
    saved.pinned = saved.pinned if pinned is None else pinned
    return _written(saved)


@transaction.atomic
def order_filters(*, order: Sequence[int], by: User) -> None:
    """Put one's own filters into the order of these ids; those not named follow as they are."""
    own = list(SavedFilter.objects.select_for_update().filter(owner=by).order_by("position", "pk"))
    rank = {pk: place for place, pk in enumerate(order)}
    own.sort(key=lambda one: rank.get(one.pk, len(rank)))
    for place, one in enumerate(own):
        one.position = place
    SavedFilter.objects.bulk_update(own, ["position"])


def drop_filter(*, pk: int, by: User) -> None:
    """Delete a filter of one's own; a shared one goes for everybody."""
    _own(pk, by).delete()


def _own(pk: int, by: User) -> SavedFilter:
    """One's own filter; a shared one also belongs to whoever may share in that unit."""
    saved = usable_by(by).filter(pk=pk).first()
    if saved is None:
        raise CaseNotFoundError
    if saved.owner_id != by.pk and saved.unit_id not in _units_to_share_in(by):
        raise NotAllowedError
    return saved


def _units_to_share_in(user: User) -> set[int]:
    posts = user.scope().posts
    return {post.unit_id for post in posts if post.role == SHARING_ROLE and post.unit_id}


def _shared_within(code: str, by: User) -> Unit | None:
    if not code:
        return None
    unit = Unit.objects.filter(code=code, pk__in=_units_to_share_in(by)).first()
    if unit is None:
        raise NotAllowedError
    return unit


def _checked(query: str, by: User, now: datetime) -> str:
    text = canonical(parsed(query))
    filters_from(parsed(text), by, now)
    return text


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or "\x00" in name:
        why = str(_("名称为 1 至 30 个字。"))
        raise RuleError(why, code="BAD_NAME", fields={"name": [why]})
    return name


def _written(saved: SavedFilter) -> SavedFilter:
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError as error:
        why = str(_("已有同名的筛选。"))
        raise RuleError(why, code="NAME_TAKEN", fields={"name": [why]}) from error
    return saved
