"""What was asked and decided about a case: tasks, extensions, suspensions, the trace of routing.

Returns, rulings and supervision stand in the case file (dispatch/oversight/threads.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from dispatch.duties.reasons import words_for
from dispatch.models import Assignment, Case, Extension, Link, Pause, Suspension, Timer
from dispatch.models.assignments import AssignmentRole
from dispatch.models.delays import PauseKind
from dispatch.models.timers import TimerState
from ui import words


def records_of(case_id: int, dispute: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything beside the straight way, oldest first."""
    return {
        "tasks": tasks_of(case_id),
        "extensions": _extensions(case_id),
        "suspensions": _suspensions(case_id),
        "waits": _waits(case_id),
        "dispute": dispute,
    }


def tasks_of(case_id: int) -> list[dict[str, Any]]:
    """The work of supporting and lower units, each with its own clock: two queries."""
    rows = Assignment.objects.filter(case_id=case_id).exclude(role=AssignmentRole.LEAD)
    clocks = _clocks(case_id)
    return [
        {
            "unit": row.unit.name,
            "role_label": row.get_role_display(),
            "given_by": row.parent.unit.name if row.parent else "",
            "task": row.task,
            "state_label": row.get_state_display(),
            "is_over": row.ended_at is not None,
            "dispatched_at": row.dispatched_at,
            "due": clocks.get(row.pk),
        }
        for row in rows.select_related("unit", "parent__unit").order_by("pk")
    ]


def _clocks(case_id: int) -> dict[int, dict[str, Any]]:
    """The running clock of each task, as the `sla` mark reads it."""
    open_ones = (TimerState.RUNNING, TimerState.PAUSED)
    timers = Timer.objects.filter(case_id=case_id, assignment__isnull=False, state__in=open_ones)
    return {
        timer.assignment_id: {
            "due_at": timer.due_at,
            "started_at": timer.started_at,
            "state": timer.state,
            "stage": timer.stage,
        }
        for timer in timers.exclude(assignment__role=AssignmentRole.LEAD).order_by("-due_at")
        if timer.assignment_id
    }


def _extensions(case_id: int) -> list[dict[str, Any]]:
    rows = Extension.objects.filter(case_id=case_id).select_related("asked_by", "decided_by")
    return [
        {
            "days": row.days,
            "reason": row.reason,
            "old_due_at": row.old_due_at,
            "new_due_at": row.new_due_at,
            "asked_by": str(row.asked_by),
            "asked_at": row.asked_at,
            "decision": row.decision,
            "decision_label": row.get_decision_display(),
            "decided_by": str(row.decided_by) if row.decided_by else "",
            "by_commander": order >= 1,
        }
        for order, row in enumerate(rows.order_by("pk"))
    ]


def _suspensions(case_id: int) -> list[dict[str, Any]]:
    rows = Suspension.objects.filter(case_id=case_id).select_related("asked_by", "decided_by")
    return [
        {
            "cause_label": row.get_cause_display(),
            "plan": row.plan,
            "asked_by": str(row.asked_by),
            "asked_at": row.asked_at,
            "decision": row.decision,
            "decision_label": row.get_decision_display(),
            "decided_by": str(row.decided_by) if row.decided_by else "",
            "until": row.until,
            "review_due_at": row.review_due_at,
            "ended_at": row.ended_at,
        }
        for row in rows.order_by("pk")
    ]


def _waits(case_id: int) -> list[dict[str, Any]]:
    """The times in which the citizen was waited for."""
    rows = Pause.objects.filter(case_id=case_id, kind=PauseKind.CITIZEN).select_related("by")
    return [
        {
            "reason": row.reason,
            "started_at": row.started_at,
            "ends_at": row.ends_at,
            "ended_at": row.ended_at,
            "by": str(row.by) if row.by else "",
        }
        for row in rows.order_by("pk")
    ]


def links_of(user: User, links: QuerySet[Link], case_id: int) -> list[dict[str, Any]]:
    """The cases that stand beside this one, whichever side of the link they are on.

    Of a case out of the user's sight number, state, kind and joint note alone (domain.md 4.3, 8).
    """
    rows = list(links.select_related("first", "second", "by").order_by("pk"))
    others = [row.second if row.first_id == case_id else row.first for row in rows]
    seen = set(
        Case.objects.visible_to(user)
        .filter(pk__in=[other.pk for other in others])
        .values_list("pk", flat=True)
    )
    return [
        {
            "case_no": other.case_no,
            "title": other.title if other.pk in seen else "",
            "line": other.line if other.pk in seen else "",
            "state": other.state,
            "kind_label": row.get_kind_display(),
            "joint": row.joint,
            "at": row.at,
            "by": str(row.by) if row.by and other.pk in seen else "",
        }
        for row, other in zip(rows, others, strict=True)
    ]


def why_routed(
    rows: Sequence[Mapping[str, Any]], dispatched_by: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The trace of routing: each lead unit with the reason that its assignment keeps.

    `rows` are the assignments of the case file; `dispatched_by` names who, by the event's moment.
    """
    return [
        {
            "unit": row["unit_name"],
            "rule": words.word(row["why_codes"].get("rule", ""), "why"),
            "words": words_for(row["why_codes"]) or row["why"],
            "at": row["dispatched_at"],
            "by": dispatched_by.get(row["dispatched_at"], ""),
            "ended_at": row["ended_at"],
        }
        for row in rows
        if row["role"] == AssignmentRole.LEAD
    ]
