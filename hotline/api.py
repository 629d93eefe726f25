"""POST /api/v1/hotline/tickets (contract.md 4)."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from ninja import Router, Schema, Status
from pydantic import BaseModel, Field

from accounts.models import User
from accounts.moments import moment
from dispatch.voices import NOBODY, Caller, IntakeError, Position, is_storable
from hotline.actions import Call, log_call

router = Router(tags=["hotline"])
KEY_LENGTH = 100


class LocationIn(BaseModel):
    """Degrees in the system that the sender names; accuracy in metres."""

    lon: float
    lat: float
    crs: str
    accuracy_m: float = 0.0

    def position(self) -> Position:
        """As the queue takes it."""
        return Position(self.lon, self.lat, self.crs, self.accuracy_m)


class CallerIn(BaseModel):
    """Who calls."""

    phone: str = ""
    name: str = ""
    anonymous: bool = False
    confidential: bool = False


class TicketIn(Schema):
    """A call."""

    kind: str
    title: str
    content: str = ""
    category: str = "L0000"
    caller: CallerIn | None = None
    call_id: str = Field("", max_length=60)
    address: str = ""
    location: LocationIn | None = None
    occurred_at: datetime | None = None
    priority: int | None = None
    wants_reply: bool = True
    attach_to_case: str = ""
    suggested: list[str] = Field([], max_length=10)


@router.post("/tickets", response={200: dict[str, Any], 201: dict[str, Any]})
def create_ticket(request: HttpRequest, payload: TicketIn) -> Status[dict[str, Any]]:
    """Log a call; the same Idempotency-Key or call_id again answers 200 with the first receipt."""
    now = timezone.now()
    call = Call(
        kind=payload.kind,
        title=payload.title,
        content=payload.content,
        category=payload.category,
        caller=Caller(**payload.caller.model_dump()) if payload.caller else NOBODY,
        occurred_at=aware(payload.occurred_at, now),
        address=payload.address,
        position=payload.location.position() if payload.location else None,
        priority=payload.priority,
        wants_reply=payload.wants_reply,
        attach_to_case=payload.attach_to_case,
        call_id=payload.call_id,
        key=idempotency_key(request),
        suggested=tuple(payload.suggested),
    )
    receipt = log_call(call, by=cast(User, request.user), now=now)
    return Status(201 if receipt.is_first else 200, receipt.body)


def idempotency_key(request: HttpRequest) -> str:
    """The client's own key, or none. Raises IntakeError: a cut one might be another's."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > KEY_LENGTH or not is_storable(key):
        raise IntakeError("BAD_KEY", "Idempotency-Key", gettext("幂等键最多 100 个字符。"))
    return key


def aware(at: datetime | None, now: datetime) -> datetime:
    """The time, in the city's zone where the sender named none; `now` where there is no time."""
    return now if at is None else moment(at)
