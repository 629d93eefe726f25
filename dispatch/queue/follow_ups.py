"""The calls that are due after a hand-over to 110/119/120/122, for those who make them (T4)."""

from datetime import datetime
from typing import Any

from accounts.models import User
from dispatch.lifecycle import Stage
from dispatch.models import Case, Timer
from dispatch.models.timers import TimerState

CALLERS = frozenset({"OPERATOR", "CALLBACK", "DUTY_LEADER"})
SHOWN = 50


def follow_ups_for(user: User, *, now: datetime) -> list[dict[str, Any]]:
    """What was handed over and nobody has asked about yet, the call due first first; empty for
    who makes no such calls. One query."""
    if not user.scope().roles & CALLERS:
        return []
    waiting = Timer.objects.filter(
        stage=Stage.FOLLOW_UP.value,
        state=TimerState.RUNNING.value,
        case__in=Case.objects.visible_to(user),
    )
    return [
        {
            "case_no": clock.case.case_no,
            "title": clock.case.title,
            "address": clock.case.address,
            "handed_over_at": clock.started_at.isoformat(),
            "due_at": clock.due_at.isoformat(),
            "overdue": clock.due_at <= now,
        }
        for clock in waiting.select_related("case").order_by("due_at", "pk")[:SHOWN]
    ]


def follow_ups_context(user: User, *, now: datetime) -> dict[str, Any]:
    """What dispatch/_follow_ups.html shows: the calls, how many are late, if there are more."""
    found = follow_ups_for(user, now=now)
    return {
        "follow_ups": found,
        "follow_ups_overdue": sum(one["overdue"] for one in found),
        "follow_ups_more": len(found) == SHOWN,
    }
