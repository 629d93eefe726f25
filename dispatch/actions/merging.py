"""Joining: a voice attached to a case, a case merged into another, and undone (domain.md 4.3)."""

from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch import outbox
from dispatch.actions import timing
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.actions.registering import Prepared, link_attachments
from dispatch.lifecycle import ABSORBED, ATTACHED, RELEASED, State
from dispatch.models import Assignment, Attachment, Case, Intake, Merge, Timer
from dispatch.voices import IntakeError, NewIntake, Receipt

NEVER_MERGED = frozenset({"S0001"})
"""Bad reviews of different applicants are put right one by one (domain.md 4.2)."""


def attach(
    prepared: Prepared, *, case_no: str, new: NewIntake, by: User | None, now: datetime
) -> Receipt:
    """Give the voice to an open case: own reply promise, the case's deadlines never later.

    Takes the case row's lock. `by` None means that a rule attaches (same component).
    """
    cases = Case.objects.select_for_update(of=("self",))
    case = (cases if by is None else cases.visible_to(by)).filter(case_no=case_no).first()
    if case is None:
        raise IntakeError("UNKNOWN_CASE", "attach_to_case", _("没有这个案件，或无权查看。"))
    if not case.is_open:
        raise IntakeError("CASE_ENDED", "attach_to_case", _("该案件已结束，请另立新件。"))
    intake = _voice(prepared, case)
    changed = _grow(case, prepared, new)
    timing.refresh_due(case)
    case.save(update_fields=[*changed, "due_stage", "due_at"])
    outbox.record(
        case,
        topic=ATTACHED,
        by=by,
        now=now,
        from_state=case.state,
        payload={"intake": intake.intake_no, "kind": intake.kind, "line": intake.line},
    )
    link_attachments((intake.pk, case.pk), new.attachments, by=by, role="BEFORE")
    body = _receipt(prepared, case)
    if intake.source_id:
        Intake.objects.filter(pk=intake.pk).update(receipt=body)
    return Receipt(body, is_first=True)


def _voice(prepared: Prepared, case: Case) -> Intake:
    intake = Intake.objects.create(case=case, **prepared.intake)
    for timer in prepared.timers:
        if timer["of_intake"]:
            row = {name: value for name, value in timer.items() if name != "of_intake"}
            Timer.objects.create(case=case, intake=intake, **row)
    return intake


def _grow(case: Case, prepared: Prepared, new: NewIntake) -> list[str]:
    """Rule 4: the highest priority wins, sensitive joins by OR; the case names all its lines."""
    case.intakes_count += 1
    case.version += 1
    case.priority = min(case.priority, prepared.case["priority"])
    case.sensitive = case.sensitive or prepared.case["sensitive"]
    if new.line.value not in case.lines.split(","):
        case.lines = f"{case.lines},{new.line.value}"
    return ["intakes_count", "version", "priority", "sensitive", "lines"]


def _receipt(prepared: Prepared, case: Case) -> dict[str, Any]:
    return {
        "intake_no": prepared.intake_no,
        "case_no": case.case_no,
        "created": False,
        "merged_into_existing": True,
        "state": case.state,
        "district": case.district_code,
        "cell": case.cell_code,
        "category": case.category_code,
        "due": {"stage": case.due_stage, "due_at": case.due_at.isoformat()},
        "duplicates": [],
        "query_code": prepared.intake["query_code"],
    }


def merge(context: MoveContext) -> None:
    """T12: the case's voices go to the primary; the earliest deadline and the highest priority win.

    Both rows are locked in one order by make_move. Raises RuleError.
    """
    case = context.case
    primary = primary_of(context)
    _check_merge(case, primary)
    moved = list(Intake.objects.filter(case=case).values_list("pk", flat=True))
    clocks = list(
        Timer.objects.filter(case=case, intake__isnull=True, state__in=timing.OPEN_STATES)
    )
    Timer.objects.filter(pk__in=[clock.pk for clock in clocks]).update(
        state="CANCELLED", ended_at=context.now, paused_at=None
    )
    Merge.objects.create(
        merged=case,
        primary=primary,
        from_state=case.state,
        intakes=moved,
        timers=[clock.pk for clock in clocks],
        reason=context.text("reason"),
        by=context.by,
        at=context.now,
    )
    _move_voices(moved, primary)
    for clock in clocks:
        Timer.objects.filter(
            case=primary,
            intake__isnull=True,
            stage=clock.stage,
            state__in=timing.OPEN_STATES,
            due_at__gt=clock.due_at,
        ).update(due_at=clock.due_at)
    _absorb(context, primary)
    case.merged_into = primary
    case.intakes_count = 0
    context.changed |= {"merged_into", "intakes_count"}
    context.payload["into"] = primary.case_no


def unmerge(context: MoveContext) -> None:
    """T13: while the primary is open the voices go back; clocks and work go on, used time kept."""
    case = context.case
    done = Merge.objects.select_related("primary").get(merged=case, undone_at__isnull=True)
    primary = done.primary
    if not primary.is_open:
        raise RuleError(_("主案已结束，不能再拆回。"), code="PRIMARY_ENDED")
    back = list(
        Intake.objects.filter(pk__in=done.intakes, case=primary).values_list("pk", flat=True)
    )
    _move_voices(back, case)
    Timer.objects.filter(pk__in=done.timers).update(
        state="RUNNING", ended_at=None, due_at=F("due_at") + (context.now - done.at)
    )
    Assignment.objects.filter(case=case, ended_at=done.at).update(ended_at=None)
    done.undone_at = context.now
    done.save(update_fields=["undone_at"])
    primary.intakes_count -= len(back)
    primary.version += 1
    primary.lines = _lines_of(primary)
    primary.save(update_fields=["intakes_count", "version", "lines"])
    outbox.record(
        primary,
        topic=RELEASED,
        by=context.by,
        now=context.now,
        from_state=primary.state,
        payload={"from": case.case_no, "voices": len(back)},
    )
    case.merged_into = None
    case.intakes_count = len(back)
    context.changed |= {"merged_into", "intakes_count"}
    context.target = State(done.from_state)
    context.payload["from"] = primary.case_no


def primary_of(context: MoveContext) -> Case:
    """The case that `into` names, locked; only one that the user may see."""
    cases = Case.objects.select_for_update(of=("self",))
    if context.by is not None:
        cases = cases.visible_to(context.by)
    primary = cases.filter(case_no=context.text("into")).first()
    if primary is None:
        why = str(_("没有这个案件，或无权查看。"))
        raise RuleError(why, code="UNKNOWN_CASE", fields={"into": [why]})
    return primary


def _check_merge(case: Case, primary: Case) -> None:
    """The rules of domain.md 4.2 (never merge) and 4.3 (8: same district)."""
    why: object = ""
    if primary.pk == case.pk:
        why = _("不能并入自身。")
    elif not primary.is_open:
        why = _("主案已结束。")
    elif primary.district_code != case.district_code:
        why = _("不同区的案件只能关联，不能并案。")
    elif case.sensitive or primary.sensitive:
        why = _("敏感或保密的案件不得并案。")
    elif {case.category_code, primary.category_code} & NEVER_MERGED:
        why = _("差评整改须逐件办理，不得并案。")
    elif case.state == State.PROCESSING and case.lead_unit_id != primary.lead_unit_id:
        why = _("处置中的案件仅可并入同一承办单位的案件。")
    if why:
        raise RuleError(why, code="NOT_MERGEABLE", fields={"into": [str(why)]})


def _move_voices(intakes: list[int], case: Case) -> None:
    Intake.objects.filter(pk__in=intakes).update(case=case)
    Timer.objects.filter(intake_id__in=intakes).update(case=case)
    Attachment.objects.filter(intake_id__in=intakes).update(case=case)


def _absorb(context: MoveContext, primary: Case) -> None:
    case = context.case
    primary.intakes_count += case.intakes_count
    primary.version += 1
    primary.priority = min(primary.priority, case.priority)
    primary.lines = _lines_of(primary)
    timing.refresh_due(primary)
    primary.save(
        update_fields=["intakes_count", "version", "priority", "lines", "due_stage", "due_at"]
    )
    outbox.record(
        primary,
        topic=ABSORBED,
        by=context.by,
        now=context.now,
        from_state=primary.state,
        payload={"from": case.case_no, "voices": case.intakes_count},
    )


def _lines_of(case: Case) -> str:
    """The lines that spoke of the case, the first voice's first."""
    lines = Intake.objects.filter(case=case).order_by("received_at", "pk")
    return ",".join(dict.fromkeys(lines.values_list("line", flat=True))) or case.line
