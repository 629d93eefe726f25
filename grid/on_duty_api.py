"""On duty: the inspector's own button, and who may be sent somewhere (contract.md 4)."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from accounts.models import User
from accounts.moments import moment
from dispatch.voices import Position
from grid import on_duty
from grid.reading import LocationIn

router = Router(tags=["grid"])


class DutyIn(Schema):
    """A press of the button; `location` only where she allowed it."""

    on: bool
    pressed_at: datetime
    location: LocationIn | None = None


@router.get("/duty")
def read_duty(request: HttpRequest) -> dict[str, Any]:
    """One's own duty: all that is kept of it."""
    return on_duty.own_duty(cast(User, request.user), now=timezone.now())


@router.post("/duty")
def press_duty(request: HttpRequest, payload: DutyIn) -> dict[str, Any]:
    """Go on or off duty; the same press again changes nothing. Going off erases the place."""
    user, now, at = cast(User, request.user), timezone.now(), payload.pressed_at
    if payload.on:
        position = Position(**payload.location.model_dump()) if payload.location else None
        on_duty.go_on_duty(pressed_at=moment(at), position=position, by=user, now=now)
    else:
        on_duty.go_off_duty(by=user)
    return on_duty.own_duty(user, now=now)


@router.get("/on-duty")
def list_on_duty(request: HttpRequest, district: str = "") -> dict[str, Any]:
    """The inspectors on duty in one's own areas: name, area, one last place with its time."""
    user = cast(User, request.user)
    return on_duty.on_duty_for(user, district=district, now=timezone.now())


@router.get("/on-duty/nearest")
def list_nearest(request: HttpRequest, case_no: str) -> dict[str, Any]:
    """Up to three inspectors on duty who may go to a case, nearest first: a proposal, no order."""
    user, now = cast(User, request.user), timezone.now()
    return {"items": on_duty.nearest_to(user, case_no, now=now)}
