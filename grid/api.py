"""POST /api/v1/grid/findings and /grid/sync (contract.md 4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from accounts.models import User
from accounts.moments import moment
from dispatch.actions.errors import MoveError, NotAllowedError
from dispatch.catalogue import UnknownCategoryError
from dispatch.intake import KeyReusedError
from dispatch.voices import IntakeError, Position, Receipt
from grid.actions import Report, report_finding
from grid.on_duty_api import router as on_duty_router
from grid.reading import LocationIn
from ui.unreadable import fields_of

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


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that is no finding: its uid where it names one, and why, by the path of the field."""

    uid: str
    fields: dict[str, list[str]]


def _or_why(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError as error:
        uid = value.get("uid") if isinstance(value, dict) else None
        return Unreadable(uid if isinstance(uid, str) else "", fields_of(error.errors()))


class SyncIn(BaseModel):
    """What a phone has collected, as {"items": [...]} or as the list alone."""

    items: list[Annotated[FindingIn, WrapValidator(_or_why)]] = Field(max_length=MOST_IN_SYNC)

    @model_validator(mode="before")
    @classmethod
    def _of_a_list(cls, value: Any) -> Any:
        return {"items": value} if isinstance(value, list) else value


def _report(payload: FindingIn, by: User, now: datetime) -> Receipt:
    report = Report(
        uid=payload.uid,
        device=payload.device,
        captured_at=moment(payload.captured_at),
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
def sync(request: HttpRequest, payload: SyncIn) -> dict[str, Any]:
    """Take a list of at most 200; each is answered on its own, in order: a bad one spoils none."""
    user, now = cast(User, request.user), timezone.now()
    return {"items": [_synced(item, user, now) for item in payload.items]}


def _synced(item: FindingIn | Unreadable, user: User, now: datetime) -> dict[str, Any]:
    if isinstance(item, Unreadable):
        why = _refused(422, "FIELDS", _("有字段缺失或类型不对。"), item.fields)
        return {"uid": item.uid, **why}
    return {"uid": str(item.uid), **_answered(item, user, now)}


def _answered(item: FindingIn, user: User, now: datetime) -> dict[str, Any]:
    """As the door for one finding answers it."""
    try:
        receipt = _report(item, user, now)
    except UnknownCategoryError as error:
        return _refused(422, error.code, error.message, {"category": [str(error.message)]})
    except (IntakeError, MoveError, KeyReusedError) as error:
        fields = getattr(error, "fields", {})
        return _refused(_status_of(error), error.code, error.message, fields)
    return {"status": 201 if receipt.is_first else 200, "receipt": receipt.body}


def _status_of(error: Exception) -> int:
    if isinstance(error, NotAllowedError):
        return 403
    return 409 if isinstance(error, KeyReusedError) else 422


def _refused(
    status: int, code: str, message: object, fields: dict[str, list[str]]
) -> dict[str, Any]:
    return {"status": status, "error": {"code": code, "message": str(message), "fields": fields}}
