"""The clocks of a case with what they have used, what is left, and who is told when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.models import Unit
from dispatch import catalogue
from dispatch.lifecycle import Stage
from dispatch.models import Case, Escalation, Timer
from dispatch.models.timers import TimerState
from dispatch.timekeeping import planning
from dispatch.timekeeping.ladder import UNIT_STAGES, Level, Step, overtime_multiple, role_of


def clocks_of(case: Case, timers: Sequence[Timer], now: datetime) -> list[dict[str, Any]]:
    """Every clock with minutes, standstills and marks, oldest first."""
    said: dict[int, list[Escalation]] = {}
    for one in Escalation.objects.filter(timer__in=timers).order_by("at", "deadline_no", "percent"):
        said.setdefault(one.timer_id, []).append(one)
    return [_clock(case, timer, said.get(timer.pk, []), now) for timer in timers]


def _clock(case: Case, timer: Timer, said: list[Escalation], now: datetime) -> dict[str, Any]:
    used = planning.used_minutes(timer, now)
    return {
        "id": timer.pk,
        "stage": timer.stage,
        "intake_no": timer.intake.intake_no if timer.intake else None,
        "state": timer.state,
        "overdue": timer.ended_at is None and timer.due_at <= planning.stands_at(timer, now),
        "started_at": timer.started_at.isoformat(),
        "due_at": timer.due_at.isoformat(),
        "ended_at": _iso(timer.ended_at),
        "paused_at": _iso(timer.paused_at),
        "limit": {
            "amount": timer.limit_amount,
            "unit": timer.limit_unit,
            "counting": timer.limit_counting,
        },
        "limit_minutes": round(timer.limit_minutes, 2),
        "used_minutes": round(used, 2),
        "left_minutes": round(timer.limit_minutes - used, 2),
        "used_percent": planning.used_percent(timer, now),
        "overtime_multiple": round(overtime_multiple(used, timer.limit_minutes), 2),
        "deadline_no": timer.deadline_no,
        "standstills": [
            {"from": s.since.isoformat(), "to": s.until.isoformat(), "cause": s.cause}
            for s in timer.standstills.all()
        ],
        "marks": _marks(case, timer, said),
    }


def _marks(case: Case, timer: Timer, said: list[Escalation]) -> list[dict[str, Any]]:
    """The marks that were said, and those to come; one to come has no moment while it pauses."""
    unit = timer.assignment.unit if timer.assignment else case.lead_unit
    past = [
        _mark(timer, unit, Step(one.percent, Level(one.level)), one.at)
        | {"said": True, "deadline_no": one.deadline_no}
        for one in said
    ]
    if timer.ended_at is not None:
        return past
    runs = timer.state == TimerState.RUNNING
    coming = [
        _mark(timer, unit, step, planning.moment_of(timer, step.percent) if runs else None)
        | {"said": False, "deadline_no": timer.deadline_no}
        for step in catalogue.current().ladder(timer.stage, case.priority)
        if step.percent > timer.said_percent
    ]
    return past + coming


def _mark(timer: Timer, unit: Unit | None, step: Step, at: datetime | None) -> dict[str, Any]:
    return {
        "percent": None if step.workdays else step.percent,
        "workdays": step.workdays or None,
        "level": step.level.value,
        "role": role_of(Stage(timer.stage), step.level),
        "units": units_at(timer.stage, step.level, unit),
        "at": _iso(at),
    }


def units_at(stage: str, level: Level, unit: Unit | None) -> list[str]:
    """The codes of the units that hear at a level: the holder's, or the one above it."""
    if unit is None or stage not in UNIT_STAGES:
        return []
    if level in {Level.HOLDER, Level.HEAD}:
        return [unit.code]
    return [unit.parent.code] if level is Level.PARENT and unit.parent else []


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
