"""What an absence or a deputy would mean, in sentences, before anybody saves it.

The arrangement is really made and taken back, so that it is refused here as it would be there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.arrangements import Arrangement
from accounts.arranging import Period
from accounts.deputies import arrange_deputy, lent_in_words, lent_scope
from accounts.models import Deputy, Unit, User
from dispatch.actions.duties.absences import arrange_absence
from dispatch.assignment import present
from dispatch.duties import rosters, workload
from dispatch.duties.suggesting import BEFORE_DISPATCH
from dispatch.models import Assignment, Case, UnitAbsence
from dispatch.models.assignments import AssignmentRole
from dispatch.models.cases import visible_condition

LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that would follow; `tone` is "" or "warn"."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What would follow, and how many open cases it concerns."""

    sentences: tuple[Sentence, ...]
    cases: int


def of_absence(*, unit: str, deputy_unit: str, period: Period, by: User, now: datetime) -> Foretold:
    """What sending a unit away would mean; raises what arrange_absence raises."""
    with transaction.atomic():
        period = _with_some_reason(period)
        row = arrange_absence(unit=unit, deputy_unit=deputy_unit, period=period, by=by, now=now)
        found = _of_absence(row, now)
        transaction.set_rollback(True)
    return found


def of_deputy(
    *,
    absent: str,
    deputy: str,
    period: Period,
    by: User,
    now: datetime,
    post: int | None = None,
) -> Foretold:
    """What arranging a deputy would mean; raises what arrange_deputy raises."""
    with transaction.atomic():
        period = _with_some_reason(period)
        row = arrange_deputy(absent=absent, deputy=deputy, post=post, period=period, by=by, now=now)
        found = _of_deputy(row)
        transaction.set_rollback(True)
    return found


def _with_some_reason(period: Period) -> Period:
    """What would follow does not depend on the reason, which is written last."""
    return replace(period, reason=period.reason.strip() or "-")


def _of_absence(row: UnitAbsence, now: datetime) -> Foretold:
    names = {"unit": row.unit.name, "deputy": row.deputy_unit.name, **_times(row)}
    led = Case.objects.open().filter(lead_unit=row.unit)
    waiting = led.filter(state__in=BEFORE_DISPATCH).count()
    in_hand = led.count() - waiting
    recent = Assignment.objects.filter(
        unit=row.unit, role=AssignmentRole.LEAD, dispatched_at__gt=now - LOOKS_BACK
    ).count()
    busy = workload.counted([row.deputy_unit_id])[row.deputy_unit_id]
    numbers = {**names, "waiting": waiting, "in_hand": in_hand, "recent": recent, "busy": busy}
    sentences = [
        _("%(start)s 至 %(end)s，本该派给%(unit)s的案件改派给%(deputy)s。"),
        _("现有 %(waiting)d 件待派遣的案件归%(unit)s，其间派遣的改由%(deputy)s承办。"),
        _("已派给%(unit)s的 %(in_hand)d 件在办案件不动，仍由其办结。"),
        _("近 30 天派给%(unit)s %(recent)d 件；%(deputy)s手上现有 %(busy)d 件。"),
    ]
    plain = tuple(Sentence(text % numbers) for text in sentences)
    return Foretold((*plain, *_chains(row)), waiting)


def _chains(row: UnitAbsence) -> Iterable[Sentence]:
    """Where the deputy unit is away itself, or the unit stands in for others meanwhile."""
    others = UnitAbsence.objects.filter(
        cancelled_at__isnull=True, starts_at__lt=row.ends_at, ends_at__gt=row.starts_at
    ).exclude(pk=row.pk)
    for other in others.filter(unit=row.deputy_unit).select_related("unit"):
        start = max(row.starts_at, other.starts_at)
        last = present(row.unit_id, rosters.deputies_at(rosters.absences(), start))
        facts = {"deputy": other.unit.name, "unit": row.unit.name, **_times(other)}
        if last == row.unit_id:
            text = _("%(deputy)s %(start)s 至 %(end)s 也停派，没有别的单位可代：仍派给%(unit)s。")
        else:
            facts["next"] = Unit.objects.get(pk=last).name
            text = _("%(deputy)s %(start)s 至 %(end)s 也停派，其间由%(next)s承办。")
        yield Sentence(text % facts, "warn")
    for other in others.filter(deputy_unit=row.unit).exclude(unit=row.deputy_unit):
        facts = {"other": other.unit.name, "deputy": row.deputy_unit.name, **_times(other)}
        text = _("%(other)s %(start)s 至 %(end)s 由其代办的，也转给%(deputy)s。")
        yield Sentence(text % facts, "warn")


def _of_deputy(row: Deputy) -> Foretold:
    posts = _("、").join(lent_in_words([row])[row.pk])
    cases = Case.objects.open().filter(visible_condition(lent_scope(row))).count()
    facts = {"absent": row.absent, "deputy": row.deputy, "posts": posts, "cases": cases}
    sentences = [
        _("%(start)s 至 %(end)s，%(deputy)s同时担任%(absent)s的岗位：%(posts)s。"),
        _("%(deputy)s可以看到并办理%(absent)s范围内的 %(cases)d 件未结案件。")
        if row.post is None
        else _("%(deputy)s可以看到并办理该岗位范围内的 %(cases)d 件未结案件。"),
        _("以代班岗位办理的，记录写明“%(deputy)s（代 %(absent)s）”。"),
        _("%(absent)s自己的岗位不变；代来的岗位不能再转给别人。"),
    ]
    plain = tuple(Sentence(text % (facts | _times(row))) for text in sentences)
    return Foretold((*plain, *_away_too(row)), cases)


def _away_too(row: Deputy) -> Iterable[Sentence]:
    """Where the deputy has a deputy of her own meanwhile."""
    others = Deputy.objects.filter(
        absent=row.deputy,
        cancelled_at__isnull=True,
        starts_at__lt=row.ends_at,
        ends_at__gt=row.starts_at,
    )
    for other in others.select_related("deputy"):
        facts = {"deputy": row.deputy, "next": other.deputy, **_times(other)}
        text = _("%(deputy)s %(start)s 至 %(end)s 也不在岗（由%(next)s代班）。")
        yield Sentence(text % facts, "warn")


def _times(row: Arrangement) -> dict[str, str]:
    return {"start": _clock(row.starts_at), "end": _clock(row.ends_at)}


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%m-%d %H:%M}"
