"""Reading and noting alarms: for supervisors, evaluators and auditors alone (domain.md 7.3.1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.actions.errors import CaseNotFoundError, NotAllowedError, RuleError
from dispatch.models import Alarm, AlarmKind, Case
from dispatch.models.alarms import ALARM_ROLES, AlarmQuerySet
from dispatch.queries import FilterError

MOST = 100
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class AlarmFilters:
    """The filters of a list of alarms; empty means all. `before` is an alarm's id: older ones."""

    district: str = ""
    kind: str = ""
    noted: bool | None = None
    before: int = 0
    limit: int = 50


def check_reader(user: User) -> None:
    """Raise NotAllowedError for everybody who does not supervise, evaluate or audit."""
    if not user.scope().roles & ALARM_ROLES:
        raise NotAllowedError


def alarms_for(user: User, filters: AlarmFilters) -> dict[str, Any]:
    """A page of alarms, the newest first, and the counts per kind under the same filters.

    Raises NotAllowedError and FilterError.
    """
    check_reader(user)
    if filters.kind and filters.kind not in AlarmKind.values:
        raise FilterError("kind", ", ".join(AlarmKind.values))
    alarms = _filtered(Alarm.objects.visible_to(user), filters)
    counts = dict(alarms.values_list("kind").annotate(many=Count("pk")))
    if filters.kind:
        alarms = alarms.filter(kind=filters.kind)
    if filters.before:
        alarms = alarms.filter(pk__lt=filters.before)
    limit = max(1, min(filters.limit, MOST))
    rows = list(alarms.select_related("actor", "noted_by").order_by("-pk")[: limit + 1])
    shown = rows[:limit]
    numbers = Case.objects.visible_to(user).filter(case_no__in=[row.case_no for row in shown])
    readable = set(numbers.values_list("case_no", flat=True))
    return {
        "items": [_item(row, readable) for row in shown],
        "next": shown[-1].pk if len(rows) > limit else None,
        "counts": {kind: counts.get(kind, 0) for kind in AlarmKind.values},
    }


def _filtered(alarms: AlarmQuerySet, filters: AlarmFilters) -> AlarmQuerySet:
    if filters.district:
        alarms = alarms.filter(district=filters.district)
    if filters.noted is not None:
        alarms = alarms.filter(noted_at__isnull=not filters.noted)
    return alarms


def _item(alarm: Alarm, readable: set[str]) -> dict[str, Any]:
    return {
        "id": alarm.pk,
        "kind": alarm.kind,
        "kind_name": str(AlarmKind(alarm.kind).label),
        "case_no": alarm.case_no,
        "may_open": alarm.case_no in readable,
        "district": alarm.district,
        "at": alarm.at.isoformat(),
        "by": str(alarm.actor) if alarm.actor else "",
        "facts": alarm.facts,
        "note": alarm.note,
        "noted_by": str(alarm.noted_by) if alarm.noted_by else "",
        "noted_at": alarm.noted_at.isoformat() if alarm.noted_at else None,
    }


@transaction.atomic
def note(*, alarm_id: int, text: str, by: User, now: datetime) -> dict[str, Any]:
    """Write down what was found out about an alarm; once, in words, never by who caused it.

    Raises NotAllowedError, CaseNotFoundError (no such alarm for this user) and RuleError.
    """
    check_reader(by)
    alarms = Alarm.objects.visible_to(by).select_for_update(of=("self",))
    alarm = alarms.filter(pk=alarm_id).first()
    if alarm is None:
        raise CaseNotFoundError
    words = text.strip()
    if not words or len(words) > LONGEST_NOTE:
        why = str(_("请写明核实情况（不超过 2000 字）。"))
        raise RuleError(why, code="FIELDS", fields={"text": [why]})
    if alarm.actor_id == by.pk:
        raise RuleError(_("不得处理因本人操作产生的预警。"), code="OWN_WORK")
    if alarm.noted_at is not None:
        raise RuleError(_("该预警已有处理记录。"), code="ALREADY_NOTED")
    alarm.note, alarm.noted_by, alarm.noted_at = words, by, now
    alarm.save(update_fields=["note", "noted_by", "noted_at"])
    return _item(alarm, set())
