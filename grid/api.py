"""POST /api/v1/grid/findings and /grid/sync (contract.md 4)."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from accounts.models import User
from dispatch.actions.errors import MoveError
from dispatch.catalogue import UnknownCategoryError
from dispatch.intake import KeyReusedError
from dispatch.voices import IntakeError, Position, Receipt
from grid.actions import Report, report_finding
from grid.on_duty_api import router as on_duty_router
from grid.reading import LocationIn

router = Router(tags=["grid"])
router.add_router("", on_duty_router)
MOST_IN_SYNC = 200
LONGEST_TEXT = 5000


class FindingIn(Schema):
    """A finding."""

    uid: UUID
    device: str = Field(max_length=80)
    captured_at: datetime
    category: str
    location: LocationIn
    text: str = Field("", max_length=LONGEST_TEXT)
    component_id: str = ""
    camera: str = Field("", max_length=100)
    self_handled: bool = False
    photos: list[UUID] = []


class SyncIn(Schema):
    """What a phone has collected."""

    items: list[FindingIn]


def _report(payload: FindingIn, by: User, now: datetime) -> Receipt:
    at = payload.captured_at
    report = Report(
        uid=payload.uid,
        device=payload.device,
        captured_at=timezone.make_aware(at) if timezone.is_naive(at) else at,
        category=payload.category,
        position=Position(**payload.location.model_dump()),
        text=payload.text,
        component_id=payload.component_id,
        camera=payload.camera,
        self_handled=payload.self_handled,
        photos=[str(pk) for pk in payload.photos],
    )
    return report_finding(report, by=by, now=now)


@router.post("/findings", response={200: dict[str, Any], 201: dict[str, Any]})
def create_finding(request: HttpRequest, payload: FindingIn) -> Status[dict[str, Any]]:
    """Report a finding; the same uid again answers 200 with the first receipt."""
    receipt = _report(payload, cast(User, request.user), timezone.now())
    return Status(201 if receipt.is_first else 200, receipt.body)


@router.post("/sync")
def sync(request: HttpRequest, payload: SyncIn | list[FindingIn]) -> dict[str, Any]:
    """Take a list; each item is answered on its own, in order: a bad one spoils no other."""
    items = payload.items if isinstance(payload, SyncIn) else payload
    user, now = cast(User, request.user), timezone.now()
    return {"items": [_synced(item, user, now) for item in items[:MOST_IN_SYNC]]}


def _synced(item: FindingIn, user: User, now: datetime) -> dict[str, Any]:
    answer: dict[str, Any] = {"uid": str(item.uid)}
    try:
        receipt = _report(item, user, now)
    except (IntakeError, MoveError, UnknownCategoryError, KeyReusedError) as error:
        fields = getattr(error, "fields", {})
        message = str(error.message)
        return answer | {
            "status": 422,
            "error": {"code": error.code, "message": message, "fields": fields},
        }
    return answer | {"status": 201 if receipt.is_first else 200, "receipt": receipt.body}
