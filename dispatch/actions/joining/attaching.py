"""A voice joins a case: own reply promise, the case's deadlines never later (domain.md 4.3)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch import catalogue, outbox
from dispatch.actions import safety, timing
from dispatch.actions.registering import Prepared, link_attachments
from dispatch.duplicates.joining import side_of
from dispatch.duplicates.never_merge import Side, blocked, blocked_by_hand, sides_of
from dispatch.lifecycle import ATTACHED, State
from dispatch.models import Case, Intake, Timer
from dispatch.models.cases import NEVER
from dispatch.voices import IntakeError, NewIntake, Receipt

MOST_STEPS = 20


def attach(
    prepared: Prepared,
    *,
    case_no: str,
    new: NewIntake,
    by: User | None,
    now: datetime,
    because: Mapping[str, Any] | None = None,
) -> Receipt:
    """Give the voice to an open case; who calls again about her own matter urges it (2.7).

    Takes the case row's lock. A case that was merged meanwhile passes the voice on to its primary.
    `because` says by which rule (by None). Raises IntakeError.
    """
    case = _open_case(case_no, by)
    case_side, voice = sides_of([case])[case.pk], side_of(prepared, new)
    _check(prepared, voice, case, case_side, by_hand=by is not None)
    repeat = bool(voice.people & case_side.people)
    intake = _voice(prepared, case)
    before = case.priority
    changed = _grow(case, prepared, new, repeat=repeat)
    if not before == case.priority == prepared.case["priority"]:
        timing.replan(case)
        safety.follow_priority(case, now=now)
    timing.refresh_due(case)
    case.save(update_fields=[*changed, *timing.DUE_FIELDS])
    payload: dict[str, Any] = {"intake": intake.intake_no, "kind": intake.kind, "line": intake.line}
    if repeat:
        payload |= {"repeat": True, "urges": case.urge_count}
    outbox.record(
        case,
        topic=ATTACHED,
        by=by,
        now=now,
        from_state=case.state,
        payload={**payload, **(because or {})},
    )
    link_attachments((intake.pk, case.pk), new.attachments, by=by, role="BEFORE")
    body = _receipt(prepared, case, repeat=repeat)
    if intake.source_id:
        Intake.objects.filter(pk=intake.pk).update(receipt=body)
    return Receipt(body, is_first=True)


def _open_case(case_no: str, by: User | None) -> Case:
    case = None
    for _step in range(MOST_STEPS):
        case = _locked(primary_number(case_no), by)
        if case is not None:
            break
    if case is None or not case.is_open:
        raise IntakeError("CASE_ENDED", "attach_to_case", _("该案件已结束，请另立新件。"))
    return case


def _locked(case_no: str, by: User | None) -> Case | None:
    """The case, locked; None, and not locked, where it was merged while this waited for it.

    A merged case kept locked could wait in a circle with the undoing of the merge.
    """
    cases = Case.objects.all() if by is None else Case.objects.visible_to(by)
    before = transaction.savepoint()
    case = cases.select_for_update(of=("self",)).filter(case_no=case_no).first()
    if case is None:
        raise IntakeError("UNKNOWN_CASE", "attach_to_case", _("没有这个案件，或无权查看。"))
    if case.state == State.MERGED.value:
        transaction.savepoint_rollback(before)
        return None
    transaction.savepoint_commit(before)
    return case


def primary_number(case_no: str) -> str:
    """The number of the case at the end of a chain of merges; its own where it is not merged."""
    for _step in range(MOST_STEPS):
        merged = Case.objects.filter(case_no=case_no, state=State.MERGED.value)
        into = merged.values_list("merged_into__case_no", flat=True).first()
        if into is None:
            break
        case_no = into
    return case_no


def _check(prepared: Prepared, voice: Side, case: Case, case_side: Side, *, by_hand: bool) -> None:
    """Rule 8 (one district) and the never-merge list."""
    known = case.district_code != f"{settings.CITY_CODE}00"
    placed = prepared.case["location"] is not None and known
    if placed and prepared.case["district_code"] != case.district_code:
        raise IntakeError(
            "OTHER_DISTRICT", "attach_to_case", _("位置在另一个区，请另立新件并关联。")
        )
    rule = catalogue.current().duplicate_rule(case.category_code, case.family)
    found = (
        blocked_by_hand(voice, case_side, confidential_may=rule.attach_confidential)
        if by_hand
        else blocked(voice, case_side)
    )
    if found:
        raise IntakeError("NEVER_MERGED", "attach_to_case", found.message)


def _voice(prepared: Prepared, case: Case) -> Intake:
    intake = Intake.objects.create(case=case, **prepared.intake)
    for timer in prepared.timers:
        if timer["of_intake"]:
            row = {name: value for name, value in timer.items() if name != "of_intake"}
            Timer.objects.create(case=case, intake=intake, **row)
    return intake


def _grow(case: Case, prepared: Prepared, new: NewIntake, *, repeat: bool) -> list[str]:
    """Rule 4: the highest priority wins, sensitive joins by OR; the case names all its lines."""
    keys = prepared.probe.keys if prepared.probe else frozenset()
    case.intakes_count += 1
    case.version += 1
    case.urge_count += int(repeat)
    case.priority = min(case.priority, prepared.case["priority"])
    case.sensitive = case.sensitive or prepared.case["sensitive"]
    case.match_keys = sorted({*case.match_keys, *keys})
    if new.line.value not in case.lines.split(","):
        case.lines = f"{case.lines},{new.line.value}"
    counts = ["intakes_count", "version", "urge_count"]
    return [*counts, "priority", "sensitive", "match_keys", "lines"]


def _due(case: Case) -> dict[str, str | None]:
    """The nearest deadline; nothing while no clock runs."""
    if not case.due_stage or case.due_at >= NEVER:
        return {"stage": None, "due_at": None}
    return {"stage": case.due_stage, "due_at": case.due_at.isoformat()}


def _receipt(prepared: Prepared, case: Case, *, repeat: bool) -> dict[str, Any]:
    body = {
        "intake_no": prepared.intake_no,
        "case_no": case.case_no,
        "created": False,
        "merged_into_existing": True,
        "state": case.state,
        "district": case.district_code,
        "cell": case.cell_code,
        "category": case.category_code,
        "due": _due(case),
        "duplicates": [],
        "query_code": prepared.intake["query_code"],
    }
    return {**body, "repeat": True} if repeat else body
