"""Watching over a case: urging 催办, supervision threads 督办 by people and rules (T34, T38)."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dispatch import outbox
from dispatch.actions import timing
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.lifecycle import Stage
from dispatch.models import Assignment, Case, Supervision, SupervisionMessage
from dispatch.models.assignments import AssignmentRole
from dispatch.models.supervision import (
    Side,
    SupervisionCause,
    SupervisionKind,
    SupervisionLevel,
)
from dispatch.undertaking import Work

MOST_REWORKS = 3
MOST_TRANSFERS = 3
STERNNESS = list(SupervisionKind.values)
SUPERVISED = "case.supervised"


def urge(context: MoveContext) -> None:
    """T38 催办: counted, for order and colour."""
    context.case.urge_count += 1
    context.changed.add("urge_count")
    context.payload["urges"] = context.case.urge_count


def supervise(context: MoveContext) -> None:
    """T38 督办: a demand with a clock; in an open thread one more demand, never a milder one."""
    kind = context.text("supervision") or SupervisionKind.PHONE.value
    thread = open_threads(context.case).first()
    if thread is None:
        thread = _open(context, kind, SupervisionCause.PERSON)
    else:
        _demand_again(context, thread, kind)
    _say(context, thread, Side.SUPERVISOR, context.text("text"))
    _mark_hard(context)
    context.payload |= {"supervision": thread.pk, "kind": thread.kind}


def answer_supervision(context: MoveContext) -> None:
    """The unit answers: its clock stops, the supervisor ends the thread or demands more."""
    thread = _thread(context)
    thread.answered_at = context.now
    thread.save(update_fields=["answered_at"])
    timing.stop(context.case, {Stage.SUPERVISE}, now=context.now)
    _say(context, thread, Side.UNIT, context.text("text"))
    context.payload["supervision"] = thread.pk


def end_supervision(context: MoveContext) -> None:
    """The supervisor is content, or gives up with a reason; the case may close again."""
    thread = _thread(context)
    thread.ended_at, thread.ended_by = context.now, context.by
    thread.save(update_fields=["ended_at", "ended_by"])
    _say(context, thread, Side.SUPERVISOR, context.text("reason"))
    context.payload["supervision"] = thread.pk


def end_with_case(context: MoveContext) -> None:
    """What is handed to the police, or ended by its source, needs no supervision here any more."""
    for thread in open_threads(context.case):
        thread.ended_at = context.now
        thread.save(update_fields=["ended_at"])
        _say(context, thread, Side.SYSTEM, "")


def open_by_rule(context: MoveContext, cause: SupervisionCause) -> None:
    """T34: three reworks or three transfers make a hard case: written supervision by the city."""
    _mark_hard(context)
    thread = open_threads(context.case).first()
    if thread is None:
        thread = _open(context, SupervisionKind.WRITTEN.value, cause)
    else:
        _demand_again(context, thread, SupervisionKind.WRITTEN.value)
    thread.level = SupervisionLevel.CITY.value
    thread.save(update_fields=["level"])
    _say(context, thread, Side.SYSTEM, "")
    outbox.record(
        context.case,
        topic=SUPERVISED,
        by=None,
        now=context.now,
        from_state=context.case.state,
        payload={"supervision": thread.pk, "kind": thread.kind, "cause": cause.value},
    )


def watch_reworks(context: MoveContext) -> None:
    """Call for supervision at the third rework, and at each one after it."""
    if context.case.rework_count >= MOST_REWORKS:
        open_by_rule(context, SupervisionCause.REWORKS)


def watch_transfers(context: MoveContext) -> None:
    """Call for supervision when a third unit has handed the case back."""
    gone = Assignment.objects.filter(
        case=context.case, role=AssignmentRole.LEAD, state=Work.RETURNED.value
    )
    if gone.count() >= MOST_TRANSFERS:
        open_by_rule(context, SupervisionCause.TRANSFERS)


def open_threads(case: Case) -> QuerySet[Supervision]:
    """The supervision that is not ended; the database allows one."""
    return Supervision.objects.filter(case=case, ended_at__isnull=True)


def _open(context: MoveContext, kind: str, cause: SupervisionCause) -> Supervision:
    timer = timing.start(context.case, Stage.SUPERVISE, now=context.now)
    return Supervision.objects.create(
        case=context.case,
        kind=kind,
        cause=cause.value,
        level=SupervisionLevel.DISTRICT.value,
        opened_by=context.by if cause is SupervisionCause.PERSON else None,
        opened_at=context.now,
        due_at=timer.due_at,
    )


def _demand_again(context: MoveContext, thread: Supervision, kind: str) -> None:
    thread.kind = max(thread.kind, kind, key=STERNNESS.index)
    if not timing.is_open(context.case, Stage.SUPERVISE):
        thread.due_at = timing.start(context.case, Stage.SUPERVISE, now=context.now).due_at
    thread.answered_at = None
    thread.save(update_fields=["kind", "due_at", "answered_at"])


def _thread(context: MoveContext) -> Supervision:
    thread = open_threads(context.case).first()
    if thread is None:
        raise RuleError(_("没有进行中的督办。"), code="NOT_SUPERVISED")
    return thread


def _say(context: MoveContext, thread: Supervision, side: Side, text: str) -> None:
    SupervisionMessage.objects.create(
        supervision=thread,
        side=side.value,
        text=text,
        by=None if side is Side.SYSTEM else context.by,
        at=context.now,
    )


def _mark_hard(context: MoveContext) -> None:
    context.case.is_hard = True
    context.changed.add("is_hard")
