"""Joining voices to cases: a voice attached to a case that is already there (domain.md 4.3)."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch import outbox
from dispatch.actions import timing
from dispatch.actions.registering import Prepared, link_attachments
from dispatch.lifecycle import ATTACHED
from dispatch.models import Case, Intake, Timer
from dispatch.voices import IntakeError, NewIntake, Receipt


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
