"""挂账: asked by the unit with cause and plan, judged by the leader, reviewed monthly (T25, T26).

A suspended case is no part of the base of what is on time (domain.md 1.7.2); `on_time_base` of the
cases says so to whoever counts.
"""

from datetime import datetime, time, timedelta

from django.utils.translation import gettext_lazy as _

from dispatch.actions import timing, waiting
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.clocks import SHANGHAI
from dispatch.lifecycle import State
from dispatch.models import Case, Extension, Suspension
from dispatch.models.delays import Approval, PauseKind

LONGEST = timedelta(days=60)
REVIEW_EVERY = timedelta(days=30)
ALIVE = (Approval.PENDING.value, Approval.APPROVED.value)
WORKING = frozenset({State.PROCESSING.value, State.SUSPENDED.value})


def request_suspension(context: MoveContext) -> None:
    """T25: for season, engineering or missing conditions; the reason is the plan."""
    Suspension.objects.create(
        case=context.case,
        cause=context.text("cause"),
        plan=context.text("reason"),
        asked_by=context.person,
        asked_at=context.now,
    )
    context.payload["cause"] = context.text("cause")


def suspend(context: MoveContext) -> None:
    """T25: the leader agrees, to a day within 60 days; the clocks of the case stand still."""
    until = _day(context)
    if not context.now < until <= context.now + LONGEST:
        why = str(_("复核日期应在今天之后 60 天以内。"))
        raise RuleError(why, code="BAD_DATE", fields={"until": [why]})
    asked = _pending(context)
    due_at = timing.disposal_due(context.case)
    asked.decision, asked.until = Approval.APPROVED.value, until
    asked.review_due_at = context.now + REVIEW_EVERY
    _settle(context, asked)
    waiting.pause(context, PauseKind.SUSPENDED, until)
    context.payload |= {
        "until": until.isoformat(),
        "cause": asked.cause,
        "due_at": due_at.isoformat() if due_at else None,
    }


def refuse_suspension(context: MoveContext) -> None:
    """T25: the work goes on; a new request needs a new plan."""
    asked = _pending(context)
    asked.decision, asked.ended_at = Approval.REFUSED.value, context.now
    _settle(context, asked)


def review_suspension(context: MoveContext) -> None:
    """T25 每月复核: the conditions were looked at again; the next look is due in 30 days."""
    rows = Suspension.objects.filter(
        case=context.case, decision=Approval.APPROVED.value, ended_at__isnull=True
    )
    rows.update(review_due_at=context.now + REVIEW_EVERY, review_marked_at=None)
    context.payload["review_due_at"] = (context.now + REVIEW_EVERY).isoformat()


def resume(context: MoveContext) -> None:
    """T26: the condition is met or the day has come; the clocks run on."""
    waiting.go_on(context)


def leave(context: MoveContext, before: str) -> None:
    """A suspension ends with its state; requests that nobody judged end with the work."""
    target = context.target.value
    left = before in WORKING and target not in WORKING
    if left or (before == State.SUSPENDED.value and target == State.PROCESSING.value):
        Suspension.objects.filter(
            case=context.case, ended_at__isnull=True, decision__in=ALIVE
        ).update(ended_at=context.now)
    if left:
        Extension.objects.filter(case=context.case, decision=Approval.PENDING.value).update(
            decision=Approval.REFUSED.value, decided_at=context.now
        )


def overdue_reviews(now: datetime) -> list[tuple[int, int]]:
    """(suspension, case) whose monthly review is due and not marked yet, oldest first."""
    due = Suspension.objects.filter(
        decision=Approval.APPROVED.value,
        ended_at__isnull=True,
        review_marked_at__isnull=True,
        review_due_at__lte=now,
    )
    return list(due.order_by("review_due_at").values_list("pk", "case_id")[:1000])


def _pending(context: MoveContext) -> Suspension:
    return Suspension.objects.get(
        case=context.case, decision=Approval.PENDING.value, ended_at__isnull=True
    )


def _settle(context: MoveContext, asked: Suspension) -> None:
    asked.decided_by, asked.decided_at = context.by, context.now
    asked.save()


def _day(context: MoveContext) -> datetime:
    try:
        day = datetime.fromisoformat(context.text("until")).date()
    except ValueError as error:
        why = str(_("请填写日期，如 2026-12-01。"))
        raise RuleError(why, code="FIELDS", fields={"until": [why]}) from error
    return datetime.combine(day, time(18), SHANGHAI)


def case_of(pk: int) -> Case | None:
    """The suspended case, locked."""
    return Case.objects.select_for_update().filter(pk=pk, state=State.SUSPENDED.value).first()
