"""Units that are away (停派): arranged by their approver, or who leads or dispatches the area."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, UnitLevel, User
from dispatch import catalogue
from dispatch.actions.errors import MoveError, NotAllowedError
from dispatch.models import UnitAbsence

LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=366)
"""How far off an absence may begin, before or after now."""
ARRANGERS = frozenset({"UNIT_APPROVER", "DUTY_LEADER", "DISPATCHER", "COMMANDER"})


class AbsenceError(MoveError):
    """An absence cannot be arranged so (422)."""


class UnknownAbsenceError(MoveError):
    """No absence has this number (404)."""

    code = "NOT_FOUND"
    message = _("没有这项停派安排。")


@transaction.atomic
def arrange_absence(
    *,
    unit: str,
    deputy_unit: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: User,
    now: datetime,
) -> UnitAbsence:
    """Let another unit (codes) get what would come to `unit` for a while.

    Both units are hers to arrange for: nobody hands her work to a stranger.
    Raises AbsenceError, NotAllowedError; the database keeps periods of one unit apart.
    """
    away, stands_in = _unit(unit, "unit"), _unit(deputy_unit, "deputy_unit")
    if not (may_arrange(by, away) and may_arrange(by, stands_in)):
        raise NotAllowedError
    if away.pk == stands_in.pk:
        raise _refusal("SAME_UNIT", "deputy_unit", _("请选择另一个单位代办。"))
    if stands_in.level == UnitLevel.COMMUNITY:
        raise _refusal("COMMUNITY_CANNOT_LEAD", "deputy_unit", _("社区只能协办，不能主办。"))
    if ends_at <= starts_at or ends_at <= now:
        raise _refusal("BAD_PERIOD", "ends_at", _("结束时间须晚于开始时间，且未过去。"))
    if ends_at - starts_at > LONGEST or abs(starts_at - now) > FURTHEST:
        raise _refusal("TOO_LONG", "ends_at", _("停派须在一年之内开始，最长一年。"))
    if not reason.strip():
        raise _refusal("REQUIRED", "reason", _("请写明停派的事由。"))
    row = UnitAbsence(
        unit=away,
        deputy_unit=stands_in,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip()[:200],
        by=by,
        created_at=now,
    )
    _save(row)
    transaction.on_commit(catalogue.refresh)
    return row


@transaction.atomic
def end_absence(*, absence_id: int, by: User, now: datetime) -> UnitAbsence:
    """End or call off an absence; the row stays. A second ending changes nothing."""
    row = (
        UnitAbsence.objects.select_for_update(of=("self",))
        .select_related("unit", "deputy_unit", "by")
        .filter(pk=absence_id)
        .first()
    )
    if row is None or not may_arrange(by, row.unit):
        raise UnknownAbsenceError
    if row.cancelled_at is None and row.ends_at > now:
        row.cancelled_at, row.cancelled_by = now, by
        row.save(update_fields=["cancelled_at", "cancelled_by"])
        transaction.on_commit(catalogue.refresh)
    return row


def absences_for(user: User, *, now: datetime) -> list[UnitAbsence]:
    """The absences that are not over, of the units that the user arranges for."""
    rows = UnitAbsence.objects.filter(ends_at__gt=now, cancelled_at__isnull=True)
    found = rows.select_related("unit", "deputy_unit", "by").order_by("starts_at", "pk")
    return [row for row in found if may_arrange(user, row.unit)]


def may_arrange(user: User, unit: Unit) -> bool:
    """True for a post over the unit, or over the unit's area."""
    return user.scope().may(ARRANGERS, unit.area_code, unit.pk)


def _unit(code: str, path: str) -> Unit:
    found = None if "\x00" in code else Unit.objects.filter(code=code).first()
    if found is None:
        raise _refusal("UNKNOWN_UNIT", path, _("没有这个单位。"))
    return found


def _refusal(code: str, path: str, why: object) -> AbsenceError:
    return AbsenceError(why, code=code, fields={path: [str(why)]})


def _save(row: UnitAbsence) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "dispatch_unitabsence_one_at_a_time" not in str(error):
            raise
        why = _("这段时间该单位已停派。")
        raise _refusal("ALREADY_AWAY", "starts_at", why) from error
