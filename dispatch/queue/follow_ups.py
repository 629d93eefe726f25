"""What waits beside the queue's states, for who does it: calls and looks whose case stands where
it would not show (domain.md 7.2).

FOLLOW_UP is the call after a hand-over to 110/119/120/122 (T4), SAMPLE the call that asks about an
answer given at once (T2); both cases have closed. VERIFY is the inspector's look at an emergency
that went out already, FILE the duty leader's word on one that was found untrue (T43).
"""

from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from dispatch.lifecycle import BESIDE, BESIDE_STAGES, Stage
from dispatch.models import Case, Timer
from dispatch.models.timers import TimerState

STAGES_OF = {
    "OPERATOR": frozenset({Stage.FOLLOW_UP}),
    "CALLBACK": frozenset({Stage.FOLLOW_UP, Stage.SAMPLE}),
    "DUTY_LEADER": frozenset({Stage.FOLLOW_UP, Stage.SAMPLE, Stage.FILE}),
    "INSPECTOR": frozenset({Stage.VERIFY}),
}
"""Whose roles which of these clocks are."""
SHOWN = 50


def follow_ups_for(user: User, *, now: datetime) -> list[dict[str, Any]]:
    """What nobody has done yet, the one due first first; empty for who does none of it. One
    query."""
    roles = user.scope().roles
    stages = frozenset[Stage]().union(*(STAGES_OF.get(role, frozenset()) for role in roles))
    if not stages:
        return []
    waiting = Timer.objects.filter(
        Q(case__state__in=[state.value for state in BESIDE])
        | ~Q(stage__in=[stage.value for stage in BESIDE_STAGES]),
        stage__in=sorted(stage.value for stage in stages),
        state=TimerState.RUNNING.value,
        case__in=Case.objects.visible_to(user),
    )
    return [
        {
            "case_no": clock.case.case_no,
            "stage": clock.stage,
            "title": clock.case.title,
            "address": clock.case.address,
            "since": clock.started_at.isoformat(),
            "due_at": clock.due_at.isoformat(),
            "overdue": clock.due_at <= now,
        }
        for clock in waiting.select_related("case").order_by("due_at", "pk")[:SHOWN]
    ]


def follow_ups_context(user: User, *, now: datetime) -> dict[str, Any]:
    """What dispatch/_follow_ups.html shows: what waits, how much is late, if there are more."""
    found = follow_ups_for(user, now=now)
    return {
        "follow_ups": found,
        "follow_ups_overdue": sum(one["overdue"] for one in found),
        "follow_ups_more": len(found) == SHOWN,
    }
