"""Writing a duty list: draft, items, publication. A list is published whole and with a date."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Unit, User
from dispatch import catalogue
from dispatch.actions.errors import MoveError, NotAllowedError
from dispatch.duties import rosters
from dispatch.duties.items import (
    EVERY,
    Changes,
    ItemRow,
    Known,
    Refused,
    changes_between,
    fingerprint,
    read_csv,
    rows_of,
)
from dispatch.models import Category, DutyItem, DutyList, DutyReplay, DutyWithdrawal
from dispatch.models.duties import ListState

EDITORS = frozenset({Role.DUTY_LEADER.value, Role.DISPATCHER.value, Role.COMMANDER.value})
"""Who reads the lists and writes drafts, each within her own area."""
PUBLISHERS = frozenset({Role.COMMANDER.value})
"""Who publishes; her post covers the whole city."""
MOST_AHEAD = timedelta(days=366)
"""So far ahead a list may be dated: a slip of the pen must not hold up all that come later."""
DRY_RUN_IS_FRESH_FOR = timedelta(hours=24)
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1146443604)"


class UnknownListError(MoveError):
    """No duty list has this number (404)."""

    code = "NOT_FOUND"
    message = _("没有这一版权责清单。")


class DutyListError(MoveError):
    """The list cannot be changed or published so (422)."""


class RefusedRowsError(MoveError):
    """Rows of a file were refused; nothing was taken in (422)."""

    code = "REFUSED_ROWS"
    message = _("文件中有不能接受的行，整份未导入。")

    def __init__(self, refused: Sequence[Refused]) -> None:
        why = [f"{one.line} {one.column}: {one.why}".strip() for one in refused]
        super().__init__(fields={"csv": why[:100]})
        self.refused = refused


@transaction.atomic
def new_draft(*, title: str, by: User, now: datetime) -> DutyList:
    """A draft with the items of the newest published list, under the next number."""
    _check_editor(by)
    if not title.strip():
        raise DutyListError(code="REQUIRED", fields={"title": [str(_("请填写标题。"))]})
    _lock()
    base = rosters.newest_published()
    number = (DutyList.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    draft = DutyList.objects.create(
        number=number, title=title.strip()[:80], based_on=base, created_by=by, created_at=now
    )
    _write(draft, rows_of(base))
    return draft


@transaction.atomic
def import_items(*, number: int, text: str, by: User) -> Changes:
    """Replace the items of a draft by those of a CSV, whole or not at all.

    Raises RefusedRowsError with every refused row, and NotAllowedError where a change lies outside
    the areas of `by`.
    """
    draft = _draft(number, by)
    rows, refused = read_csv(text, Known.read())
    if refused:
        raise RefusedRowsError(refused)
    changes = changes_between(rows_of(draft), rows)
    _check_reach(by, changes.areas)
    draft.items.all().delete()
    _write(draft, rows)
    return changes


@transaction.atomic
def import_as_draft(
    *, number: int | None, title: str, text: str, by: User, now: datetime
) -> tuple[DutyList, Changes]:
    """Import a CSV into the draft with that number, or into a new one; whole or not at all."""
    if number is None:
        number = new_draft(title=title, by=by, now=now).number
    changes = import_items(number=number, text=text, by=by)
    return DutyList.objects.get(number=number), changes


@transaction.atomic
def put_item(*, number: int, row: ItemRow, by: User) -> bool:
    """Add an item to a draft, or change the one with its number; True when it is new."""
    draft = _draft(number, by)
    if problems := Known.read().problems(row):
        why = next(iter(problems.values()))
        fields = {column: [words] for column, words in problems.items()}
        raise DutyListError(why, code="BAD_ITEM", fields=fields)
    there = [known for known in rows_of(draft) if known.item_no != row.item_no]
    if any((*known.key, known.unit) == (*row.key, row.unit) for known in there):
        why = str(_("同一分类、区域、条件和时段下，该单位已列出。"))
        raise DutyListError(why, code="BAD_ITEM", fields={"unit": [why]})
    before = [known for known in rows_of(draft) if known.item_no == row.item_no]
    _check_reach(by, {row.area_code, *(known.area_code for known in before)})
    draft.items.filter(item_no=row.item_no).delete()
    _write(draft, [row])
    return not before


@transaction.atomic
def remove_item(*, number: int, item_no: str, by: User) -> None:
    """Take an item out of a draft. Raises UnknownListError where it is not there."""
    draft = _draft(number, by)
    item = draft.items.filter(item_no=item_no).first()
    if item is None:
        raise UnknownListError
    _check_reach(by, {item.area_code})
    item.delete()


@transaction.atomic
def discard(*, number: int, by: User) -> None:
    """Throw a draft away; its author and the commander may."""
    draft = _draft(number, by)
    if draft.created_by_id != by.pk and not _may_publish(by):
        raise NotAllowedError
    draft.items.all().delete()
    draft.delete()


@transaction.atomic
def publish(*, number: int, valid_from: date, by: User, now: datetime) -> DutyList:
    """Publish a draft whole: from that day on it is the list. Who and when stay on it for ever.

    It needs a dry run of exactly these items against exactly the list that it replaces, no older
    than a day; and the list that it was drawn from must still be the newest one, for else it would
    take back silently what another one brought. Raises DutyListError, NotAllowedError.
    """
    _check_editor(by)
    if not _may_publish(by):
        raise NotAllowedError
    _lock()
    draft = _draft(number, by)
    newest = rosters.newest_published()
    if draft.based_on_id != (newest.pk if newest else None):
        raise DutyListError(_("起草后已有另一版发布，请据新版重新起草。"), code="OUTDATED")
    _check_date(valid_from, newest, now)
    rows = rows_of(draft)
    if not rows:
        raise DutyListError(_("清单没有条目。"), code="EMPTY")
    _check_dry_run(draft, newest, fingerprint(rows), now)
    draft.state = ListState.PUBLISHED.value
    draft.valid_from, draft.published_at, draft.published_by = valid_from, now, by
    draft.save()
    transaction.on_commit(catalogue.refresh)
    return draft


@transaction.atomic
def withdraw(*, number: int, reason: str, by: User, now: datetime) -> DutyWithdrawal:
    """Take back a published list before its day, the last one to come first.

    The list stays as it is; that it does not hold is a row of its own, with the reason. Raises
    NotAllowedError, UnknownListError, DutyListError.
    """
    _check_editor(by)
    if not _may_publish(by):
        raise NotAllowedError
    _lock()
    found = list_by_number(number, by=by)
    why_not = _why_not_withdrawn(found, now)
    if why_not is not None:
        code, words = why_not
        raise DutyListError(words, code=code)
    if not reason.strip():
        why = str(_("请写明撤回的理由。"))
        raise DutyListError(why, code="REQUIRED", fields={"reason": [why]})
    row = DutyWithdrawal.objects.create(duty_list=found, by=by, at=now, reason=reason.strip()[:200])
    transaction.on_commit(catalogue.refresh)
    return row


def may_withdraw(found: DutyList, *, by: User, now: datetime) -> bool:
    """True when the list can be withdrawn now, and by this person."""
    return _may_publish(by) and _why_not_withdrawn(found, now) is None


def _why_not_withdrawn(found: DutyList, now: datetime) -> tuple[str, object] | None:
    if found.state != ListState.PUBLISHED or found.valid_from is None:
        return "NOT_PUBLISHED", _("草案可以废弃，不需撤回。")
    if DutyWithdrawal.objects.filter(duty_list=found).exists():
        return "WITHDRAWN", _("这一版已撤回。")
    if found.valid_from <= timezone.localdate(now):
        return "IN_FORCE", _("已施行的清单不能撤回，请另发新版。")
    newest = rosters.newest_published()
    if newest is None or newest.pk != found.pk:
        return "NOT_THE_NEWEST", _("其后还有一版待施行，须先撤回后一版。")
    return None


def _check_date(valid_from: date, newest: DutyList | None, now: datetime) -> None:
    if valid_from < timezone.localdate(now):
        why = str(_("生效日期不能早于今天。"))
        raise DutyListError(why, code="DATE_PAST", fields={"valid_from": [why]})
    if valid_from > timezone.localdate(now) + MOST_AHEAD:
        why = str(_("生效日期最晚在一年以内。"))
        raise DutyListError(why, code="DATE_TOO_FAR", fields={"valid_from": [why]})
    if newest and newest.valid_from and valid_from < newest.valid_from:
        why = str(_("生效日期不能早于上一版的生效日期。"))
        raise DutyListError(why, code="BEFORE_THE_LAST", fields={"valid_from": [why]})


def _check_dry_run(draft: DutyList, newest: DutyList | None, digest: str, now: datetime) -> None:
    runs = DutyReplay.objects.filter(
        duty_list=draft,
        compared_with=newest,
        fingerprint=digest,
        at__gt=now - DRY_RUN_IS_FRESH_FOR,
    )
    if not runs.exists():
        why = _("发布前须先试运行：最近 24 小时内没有对当前条目的试运行。")
        raise DutyListError(why, code="NEEDS_DRY_RUN")


def list_by_number(number: int, *, by: User) -> DutyList:
    """A list for somebody who may read lists. Raises NotAllowedError, UnknownListError."""
    _check_editor(by)
    found = DutyList.objects.select_related("based_on").filter(number=number).first()
    if found is None:
        raise UnknownListError
    return found


def may_read(by: User) -> bool:
    """True for the roles that work with the lists."""
    return bool(by.scope().roles & EDITORS)


def may_publish(by: User) -> bool:
    """True for a commander of the whole city."""
    return _may_publish(by)


def _draft(number: int, by: User) -> DutyList:
    """The draft with its row locked, so that it is not published meanwhile."""
    _check_editor(by)
    found = DutyList.objects.select_for_update().filter(number=number).first()
    if found is None:
        raise UnknownListError
    if found.state != ListState.DRAFT:
        raise DutyListError(_("已发布的清单不能更改。"), code="NOT_A_DRAFT")
    return found


def _check_editor(by: User) -> None:
    if not may_read(by):
        raise NotAllowedError


def _may_publish(by: User) -> bool:
    return by.scope().may(PUBLISHERS, settings.CITY_CODE, None)


def _check_reach(by: User, areas: Iterable[str]) -> None:
    if not all(by.scope().may(EDITORS, area, None) for area in areas):
        raise NotAllowedError


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)


def _write(draft: DutyList, rows: Sequence[ItemRow]) -> None:
    categories = dict(Category.objects.values_list("code", "pk"))
    units = dict(Unit.objects.values_list("code", "pk"))
    DutyItem.objects.bulk_create(
        DutyItem(
            duty_list=draft,
            item_no=row.item_no,
            category_id=None if row.category == EVERY else categories[row.category],
            area_code=row.area_code,
            condition_code=row.condition,
            hours=row.hours,
            unit_id=units[row.unit],
        )
        for row in rows
    )
