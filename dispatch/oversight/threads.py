"""What a case file tells of a dispute and of its supervision: who said what, who decided."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from dispatch.clocks import SHANGHAI
from dispatch.models import ReturnRequest, Ruling, Statement, Supervision, SupervisionMessage
from dispatch.oversight.counters import INVALID, judged


def dispute_of(case_id: int, now: datetime) -> dict[str, Any]:
    """Returns, statements and rulings of a case, and how often its units return things this month.

    Four queries; asked only for a case that was ever returned.
    """
    returns = list(
        judged(ReturnRequest.objects.filter(case_id=case_id))
        .select_related("unit", "proposed_unit", "decided_by")
        .order_by("pk")
    )
    statements = Statement.objects.filter(case_id=case_id).select_related("unit").order_by("pk")
    rulings = Ruling.objects.filter(case_id=case_id).select_related("unit", "support", "decided_by")
    month = _month_of({row.unit_id for row in returns}, now)
    return {
        "returns": [{**_return(row), "month": month.get(row.unit_id, NOTHING)} for row in returns],
        "statements": [
            {"unit": one.unit.code, "unit_name": one.unit.name, "text": one.text,
             "at": one.at.isoformat()}
            for one in statements
        ],
        "rulings": [_ruling(one) for one in rulings.order_by("pk")],
    }  # fmt: skip


NOTHING = {"returns": 0, "invalid": 0}


def _return(row: Any) -> dict[str, Any]:
    return {
        "unit": row.unit.code,
        "unit_name": row.unit.name,
        "proposed": row.proposed_unit.code,
        "proposed_name": row.proposed_unit.name,
        "clause": row.clause,
        "reason": row.reason,
        "evidence": row.evidence,
        "late": row.is_late,
        "asked_at": row.asked_at.isoformat(),
        "outcome": row.outcome,
        "decided_by": str(row.decided_by) if row.decided_by else "",
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
    }


def _ruling(row: Ruling) -> dict[str, Any]:
    return {
        "no": str(row),
        "kind": row.kind,
        "unit": row.unit.code if row.unit else None,
        "unit_name": row.unit.name if row.unit else "",
        "support": row.support.code if row.support else None,
        "support_name": row.support.name if row.support else "",
        "basis": row.basis,
        "legal_basis": row.legal_basis,
        "by": str(row.decided_by),
        "at": row.decided_at.isoformat(),
        "is_precedent": row.is_precedent,
    }


def _month_of(units: set[int], now: datetime) -> dict[int, dict[str, int]]:
    """Returns and invalid returns of each unit since the first day of the month."""
    first = now.astimezone(SHANGHAI).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = judged(ReturnRequest.objects.filter(unit_id__in=units, asked_at__gte=first))
    counted = rows.values("unit_id").annotate(
        many=Count("pk"), invalid=Count("pk", filter=Q(outcome=INVALID))
    )
    return {row["unit_id"]: {"returns": row["many"], "invalid": row["invalid"]} for row in counted}


def supervision_of(case_id: int) -> list[dict[str, Any]]:
    """The threads of supervision, oldest first, with all their words; two queries."""
    threads = Supervision.objects.filter(case_id=case_id).select_related("opened_by", "ended_by")
    said: dict[int, list[SupervisionMessage]] = {}
    messages = SupervisionMessage.objects.filter(supervision__case_id=case_id)
    for message in messages.select_related("by").order_by("pk"):
        said.setdefault(message.supervision_id, []).append(message)
    return [_thread(thread, said.get(thread.pk, [])) for thread in threads.order_by("pk")]


def _thread(thread: Supervision, messages: list[SupervisionMessage]) -> dict[str, Any]:
    return {
        "id": thread.pk,
        "kind": thread.kind,
        "cause": thread.cause,
        "level": thread.level,
        "by": str(thread.opened_by) if thread.opened_by else "",
        "at": thread.opened_at.isoformat(),
        "due_at": thread.due_at.isoformat(),
        "answered_at": thread.answered_at.isoformat() if thread.answered_at else None,
        "ended_at": thread.ended_at.isoformat() if thread.ended_at else None,
        "messages": [
            {"side": one.side, "text": one.text, "by": str(one.by) if one.by else "",
             "at": one.at.isoformat()}
            for one in messages
        ],
    }  # fmt: skip
