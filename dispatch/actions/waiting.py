"""Longer, or not now: extension, suspension, waiting for the citizen (domain.md 1.7.2, T24-T26)."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from dispatch import catalogue
from dispatch.actions import filing, timing
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.clocks import Counting, Limit, Unit, due
from dispatch.lifecycle import BESIDE, BESIDE_STAGES, Stage
from dispatch.models import Extension, Pause, Timer
from dispatch.models.delays import Approval, PauseKind
from dispatch.models.timers import StandCause, TimerState
from dispatch.timekeeping import planning

MOST_EXTENSION_DAYS = 60
CITIZEN_WAIT = Limit(3, Unit.WD, Counting.WORK_MINUTES)


def request_extension(context: MoveContext) -> None:
    """T24: before expiry, at most twice, with a reason, and the citizen is told that it takes
    longer (domain.md 0.1, rule 6); nothing changes before the approval."""
    timer = _disposal(context)
    if timer.due_at <= planning.stands_at(timer, context.now):
        raise RuleError(_("已超过时限，不能再申请延期。"), code="TOO_LATE")
    filing.tell(context)
    Extension.objects.create(
        case=context.case,
        reason=context.text("reason"),
        days=_days(context),
        old_due_at=timer.due_at,
        asked_by=context.person,
        asked_at=context.now,
    )


def approve_extension(context: MoveContext) -> None:
    """T24: the leader approves the first, the command centre the second; the old due is kept."""
    case = context.case
    extension = _pending(context)
    timer = _disposal(context)
    longer = due(timer.due_at, timing.days_of(extension.days), planning.hours_of(timer))
    timing.give_deadline(timer, longer, now=context.now)
    extension.new_due_at = timer.due_at
    _settle(context, extension, Approval.APPROVED)
    case.extension_count += 1
    context.changed.add("extension_count")
    context.payload |= {
        "old_due_at": extension.old_due_at.isoformat(),
        "new_due_at": timer.due_at.isoformat(),
    }


def refuse_extension(context: MoveContext) -> None:
    """T24: the deadline stays."""
    _settle(context, _pending(context), Approval.REFUSED)


def wait_citizen(context: MoveContext) -> None:
    """T42: a stated question; the clocks stand still, three workdays at most."""
    until = due(context.now, CITIZEN_WAIT, catalogue.current().calendar)
    pause(context, PauseKind.CITIZEN, until)
    context.case.is_waiting = True
    context.changed.add("is_waiting")
    context.payload["until"] = until.isoformat()


def citizen_answered(context: MoveContext) -> None:
    """T42: the answer is there, or the three workdays are over."""
    go_on(context)
    context.case.is_waiting = False
    context.changed.add("is_waiting")


RUNS_ON = {
    PauseKind.CITIZEN: (Stage.SUPERVISE.value, Stage.PROGRESS.value, Stage.SAFE.value),
    PauseKind.SUSPENDED: (Stage.SUPERVISE.value,),
}
"""Clocks that a pause does not stop. A supervisor's question can be answered at any time, and no
unit stops her clock by a question of its own; a danger does not wait for a citizen's answer."""


def pause(context: MoveContext, kind: PauseKind, until: datetime) -> None:
    """Stop the running clocks of the case, with the cause; some run on (RUNS_ON), and so does a
    verification beside the work while a citizen is asked: it looks at a danger."""
    runs_on = list(RUNS_ON[kind])
    if kind is PauseKind.CITIZEN and context.case.state in BESIDE:
        runs_on += [stage.value for stage in BESIDE_STAGES]
    Pause.objects.create(
        case=context.case,
        kind=kind,
        reason=context.text("reason") or context.text("text"),
        started_at=context.now,
        ends_at=until,
        by=context.person,
    )
    running = Timer.objects.filter(
        case=context.case, intake__isnull=True, state=TimerState.RUNNING.value
    )
    running.exclude(stage__in=runs_on).update(state=TimerState.PAUSED.value, paused_at=context.now)


def go_on(context: MoveContext) -> None:
    """Start the paused clocks again: what each had left in working time, it has left now."""
    pauses = Pause.objects.filter(case=context.case, ended_at__isnull=True)
    kind = pauses.values_list("kind", flat=True).first() or PauseKind.SUSPENDED
    pauses.update(ended_at=context.now)
    paused = Timer.objects.filter(case=context.case, state=TimerState.PAUSED.value)
    for timer in paused.select_related("case"):
        since = timer.paused_at or context.now
        timing.go_on_after(timer, since, now=context.now, cause=StandCause(kind))


def _disposal(context: MoveContext) -> Timer:
    timer = Timer.objects.filter(
        case=context.case,
        stage=Stage.DISPOSAL.value,
        intake__isnull=True,
        state__in=timing.OPEN_STATES,
    ).first()
    if timer is None:
        raise RuleError(_("处置计时未在进行。"), code="NO_CLOCK")
    return timer


def _pending(context: MoveContext) -> Extension:
    return Extension.objects.get(case=context.case, decision=Approval.PENDING.value)


def _settle(context: MoveContext, extension: Extension, decision: Approval) -> None:
    extension.decision = decision.value
    extension.decided_by = context.by
    extension.decided_at = context.now
    extension.save(update_fields=["decision", "decided_by", "decided_at", "new_due_at"])


def _days(context: MoveContext) -> int:
    text = context.text("days")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_EXTENSION_DAYS:
        why = str(_("请填写 1 到 60 个工作日。"))
        raise RuleError(why, code="FIELDS", fields={"days": [why]})
    return int(text)
