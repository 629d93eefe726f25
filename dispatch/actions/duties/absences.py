"""Units that are away (停派): arranged by their approver, or who leads or dispatches the area."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

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
from accounts.models import Unit, UnitLevel, User
from dispatch import catalogue
from dispatch.models import UnitAbsence

LONGEST = timedelta(days=366)
SHOWN_FOR = timedelta(days=92)
"""How long an absence that is over stays on the page."""
ARRANGERS = frozenset({"UNIT_APPROVER", "DUTY_LEADER", "DISPATCHER", "COMMANDER"})
MOST_FOUND = 9


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A unit by its code and name."""

    code: str
    name: str


@transaction.atomic
def arrange_absence(
    *, unit: str, deputy_unit: str, period: Period, by: User, now: datetime
) -> UnitAbsence:
    """Let another unit (codes) get what would come to `unit` for a while.

    Both units are hers to arrange for: nobody hands her work to a stranger.
    Raises ArrangementError, NotYoursToArrangeError; the database keeps periods of one unit apart.
    """
    away, stands_in = _unit(unit, "unit"), _unit(deputy_unit, "deputy_unit")
    check_reach({"unit": may_arrange(by, away), "deputy_unit": may_arrange(by, stands_in)})
    problems = period.problems(longest=LONGEST, now=now)
    if away.pk == stands_in.pk:
        problems.insert(0, ("deputy_unit", "SAME_UNIT", _("请选择另一个单位代办。")))
    elif stands_in.level == UnitLevel.COMMUNITY:
        words = _("社区只能协办，不能主办。")
        problems.insert(0, ("deputy_unit", "COMMUNITY_CANNOT_LEAD", words))
    refuse(problems)
    row = UnitAbsence(unit=away, deputy_unit=stands_in)
    save(row, period, refusals=_refusals(), by=by, now=now)
    transaction.on_commit(catalogue.refresh)
    return row


@transaction.atomic
def end_absence(*, absence_id: int, reason: str, by: User, now: datetime) -> UnitAbsence:
    """End or call off an absence with a reason; the row stays. A second ending changes nothing.

    Raises ArrangementError; NOT_FOUND where there is none or it is not hers to arrange.
    """
    rows = UnitAbsence.objects.select_related("unit", "deputy_unit", "by")
    row: UnitAbsence | None = locked(rows, absence_id)
    if row is None or not may_arrange(by, row.unit):
        raise ArrangementError(("id", "NOT_FOUND", _("没有这项停派安排。")), status=404)
    if end_early(row, reason=reason, by=by, now=now):
        transaction.on_commit(catalogue.refresh)
    return row


def absences_for(user: User, *, now: datetime, over: bool = False) -> list[UnitAbsence]:
    """The absences that are not over, of the units that the user arranges for.

    With `over` those of the last three months too, ended and called off ones among them.
    """
    rows = UnitAbsence.objects.filter(ends_at__gt=now - SHOWN_FOR if over else now)
    rows = rows if over else rows.filter(cancelled_at__isnull=True)
    found = rows.select_related("unit", "deputy_unit", "by", "cancelled_by")
    return [row for row in found.order_by("starts_at", "pk") if may_arrange(user, row.unit)]


def may_arrange(user: User, unit: Unit) -> bool:
    """True for a post over the unit, or over the unit's area."""
    return user.scope().may(ARRANGERS, unit.area_code, unit.pk)


def may_arrange_any(user: User) -> bool:
    """True for who sends units away at all."""
    return bool(ARRANGERS & user.scope().roles)


def units_for(user: User, query: str) -> list[NamedUnit]:
    """The units that the user arranges for, by code, name or pinyin; the nearest first."""
    units = [unit for unit in Unit.objects.all() if may_arrange(user, unit)]
    found = nearest(units, query, lambda unit: (unit.code, unit.name))[:MOST_FOUND]
    return [NamedUnit(unit.code, unit.name) for unit in found]


def _unit(code: str, path: str) -> Unit:
    found = None if "\x00" in code else Unit.objects.filter(code=code).first()
    if found is None:
        raise ArrangementError((path, "UNKNOWN_UNIT", _("没有这个单位。")))
    return found


def _refusals() -> dict[str, Problem]:
    taken = _("这段时间该单位已停派。")
    return {"dispatch_unitabsence_one_at_a_time": ("starts_at", "ALREADY_AWAY", taken)}
