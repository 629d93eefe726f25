"""Deputies (代班): who holds whose posts while she is away, arranged in the open and undone early.

A unit's approver arranges within her unit, a duty leader within her area; nobody lends herself
another's posts (features.md 43).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.actions import KEPT_APART
from accounts.models import Deputy, Post, Role, User, read_scope
from accounts.scope import LENDABLE, HeldPost, Scope

LONGEST = timedelta(days=92)
FURTHEST = timedelta(days=366)
"""How far off a period may begin, before or after now."""


class DeputyError(Exception):
    """A deputy cannot be arranged so; `code` says why, `path` names the field."""

    def __init__(self, code: str, path: str, message: object) -> None:
        super().__init__(code)
        self.status = 404 if code == "UNKNOWN_DEPUTY" else 422
        self.code = code
        self.message = message
        self.fields = {path: [str(message)]}


class NotYoursToArrangeError(Exception):
    """The arranger's posts do not reach the two people (403)."""

    code = "NOT_ALLOWED"
    message = _("您的岗位不能为此人安排代班。")


@transaction.atomic
def arrange_deputy(
    *,
    absent: str,
    deputy: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: User,
    now: datetime,
) -> Deputy:
    """Let `deputy` hold the posts of `absent` (user names) from `starts_at` to `ends_at`.

    Raises DeputyError, NotYoursToArrangeError; the database keeps powers apart and periods single.
    """
    away, stands_in = _person(absent, "absent"), _person(deputy, "deputy")
    _check_time(starts_at, ends_at, now)
    if not reason.strip():
        raise DeputyError("REQUIRED", "reason", _("请写明代班的事由。"))
    if away.pk == stands_in.pk:
        raise DeputyError("SAME_PERSON", "deputy", _("请选择另一个人代班。"))
    if stands_in.pk == by.pk:
        raise DeputyError("BY_THE_DEPUTY", "deputy", _("代班须由他人安排，不能安排给自己。"))
    if not (may_arrange(by.scope(), away) and may_arrange(by.scope(), stands_in)):
        raise NotYoursToArrangeError
    row = Deputy(
        absent=away,
        deputy=stands_in,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip()[:200],
        by=by,
        created_at=now,
    )
    _save(row)
    return row


@transaction.atomic
def end_deputy(*, deputy_id: int, by: User, now: datetime) -> Deputy:
    """End or call off a period; the row stays. A second ending changes nothing.

    Raises DeputyError UNKNOWN_DEPUTY where there is none or it is not hers to arrange.
    """
    row = (
        Deputy.objects.select_for_update(of=("self",))
        .select_related("absent", "deputy")
        .filter(pk=deputy_id)
        .first()
    )
    if row is None or not may_arrange(by.scope(), row.absent):
        raise DeputyError("UNKNOWN_DEPUTY", "id", _("没有这项代班安排。"))
    if row.cancelled_at is None and row.ends_at > now:
        row.cancelled_at = now
        row.cancelled_by = by
        row.save(update_fields=["cancelled_at", "cancelled_by"])
    return row


def deputies_for(user: User, *, now: datetime) -> list[Deputy]:
    """What a user may know of: her own periods, and those of the people she arranges for."""
    rows = (
        Deputy.objects.filter(Q(ends_at__gt=now - LONGEST))
        .select_related("absent", "deputy", "by")
        .order_by("-starts_at", "-id")
    )
    own = {user.pk}
    return [
        row
        for row in rows
        if own & {row.absent_id, row.deputy_id, row.by_id} or may_arrange(user.scope(), row.absent)
    ]


def may_arrange(scope: Scope, person: User) -> bool:
    """True when every open post of the person lies within the arranger's own unit or area."""
    posts = Post.objects.filter(user=person, ended_at__isnull=True)
    own = [post for post in scope.of(None).posts if post.role in {"UNIT_APPROVER", "DUTY_LEADER"}]
    return _all(_reaches(own, post) for post in posts)


def _all(answers: Iterable[bool]) -> bool:
    found = list(answers)
    return bool(found) and all(found)


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
        raise DeputyError("UNKNOWN_USER", path, _("没有这个人员，或其没有在任的岗位。"))
    return found


def _check_time(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at or ends_at <= now:
        raise DeputyError("BAD_PERIOD", "ends_at", _("结束时间须晚于开始时间，且未过去。"))
    if ends_at - starts_at > LONGEST:
        raise DeputyError("TOO_LONG", "ends_at", _("代班最长三个月。"))
    if abs(starts_at - now) > FURTHEST:
        raise DeputyError("BAD_PERIOD", "starts_at", _("代班须在一年之内开始。"))


def _save(row: Deputy) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if any(name in str(error) for name in KEPT_APART):
            why = _("代班人将同时拥有相互分离的职权，请另选他人。")
            raise DeputyError("POWERS_APART", "deputy", why) from error
        if "accounts_deputy_one_at_a_time" in str(error):
            why = _("这段时间已有人代班。")
            raise DeputyError("ALREADY_ARRANGED", "starts_at", why) from error
        raise
