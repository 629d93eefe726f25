"""What was asked and decided about a case: returns, rulings, extensions, suspensions, pauses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from dispatch.duties.reasons import words_for
from dispatch.models import Assignment, Extension, Note, Pause, ReturnRequest, Ruling
from dispatch.models.cases import AssignmentRole


def records_of(case_id: int) -> dict[str, Any]:
    """Everything beside the straight way, oldest first: five queries."""
    return {
        "returns": _returns(case_id),
        "rulings": _rulings(case_id),
        "extensions": _extensions(case_id),
        "pauses": _pauses(case_id),
        "suspension_asked": _suspension_asked(case_id),
    }


def _returns(case_id: int) -> list[dict[str, Any]]:
    rows = ReturnRequest.objects.filter(case_id=case_id)
    return [
        {
            "unit": row.unit.name,
            "proposed": row.proposed_unit.name,
            "clause": row.clause,
            "reason": row.reason,
            "evidence": row.evidence,
            "asked_by": str(row.asked_by),
            "asked_at": row.asked_at,
            "decision": row.decision,
            "decision_label": row.get_decision_display(),
            "decided_by": str(row.decided_by) if row.decided_by else "",
            "decided_at": row.decided_at,
        }
        for row in rows.select_related("unit", "proposed_unit", "asked_by", "decided_by").order_by(
            "pk"
        )
    ]


def _rulings(case_id: int) -> list[dict[str, Any]]:
    rows = Ruling.objects.filter(case_id=case_id).select_related("unit", "decided_by")
    return [
        {
            "number": str(row),
            "kind_label": row.get_kind_display(),
            "unit": row.unit.name if row.unit else "",
            "basis": row.basis,
            "decided_by": str(row.decided_by),
            "decided_at": row.decided_at,
            "is_precedent": row.is_precedent,
        }
        for row in rows.order_by("pk")
    ]


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


def _pauses(case_id: int) -> list[dict[str, Any]]:
    rows = Pause.objects.filter(case_id=case_id).select_related("by").order_by("pk")
    return [
        {
            "kind": row.kind,
            "kind_label": row.get_kind_display(),
            "reason": row.reason,
            "started_at": row.started_at,
            "ends_at": row.ends_at,
            "ended_at": row.ended_at,
            "by": str(row.by),
        }
        for row in rows
    ]


def _suspension_asked(case_id: int) -> Mapping[str, Any] | None:
    """The request that waits for its decision; None where a pause came after it."""
    asked = Note.objects.filter(case_id=case_id, move="request_suspension").select_related("by")
    row = asked.order_by("-pk").first()
    later = Q(started_at__gte=row.at) if row else Q()
    if row is None or Pause.objects.filter(later, case_id=case_id, kind="SUSPENDED").exists():
        return None
    return {"reason": row.text, "asked_by": str(row.by or ""), "asked_at": row.at}


def why_routed(case_id: int, dispatched_by: Mapping[datetime, str]) -> list[dict[str, Any]]:
    """The trace of routing: each lead unit with the reason that its assignment keeps.

    `dispatched_by` names who dispatched, by the moment of the event.
    """
    rows = Assignment.objects.filter(case_id=case_id, role=AssignmentRole.LEAD)
    return [
        {
            "unit": row.unit.name,
            **_reason(row),
            "at": row.dispatched_at,
            "by": dispatched_by.get(row.dispatched_at, ""),
            "ended_at": row.ended_at,
        }
        for row in rows.select_related("unit").order_by("pk")
    ]


def _reason(row: Assignment) -> dict[str, str]:
    """The words of the reason that an assignment keeps by codes; of an older one as stored."""
    if not row.why_codes:
        return _parts(row.why)
    return {"item": str(row.why_codes.get("item", "")), "words": words_for(row.why_codes)}


def _parts(why: str) -> dict[str, str]:
    """The item and the words of a stored reason: "A-E01: 环卫 ..."."""
    item, _colon, rest = why.partition(":")
    return {"item": item.strip(), "words": rest.strip()}
