"""GET, POST and DELETE /api/v1/deputies."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from accounts.deputies import arrange_deputy, deputies_for, end_deputy
from accounts.models import Deputy, User

router = Router(tags=["deputies"])


class DeputyIn(Schema):
    """Who is away, who stands in (user names), from when to when, and why."""

    absent: str
    deputy: str
    starts_at: datetime
    ends_at: datetime
    reason: str


def _aware(at: datetime) -> datetime:
    return timezone.make_aware(at) if timezone.is_naive(at) else at


@router.get("")
def list_deputies(request: HttpRequest) -> dict[str, Any]:
    """The periods that the user may know of, latest first."""
    now = timezone.now()
    found = deputies_for(cast(User, request.user), now=now)
    return {"items": [_shown(row, now) for row in found]}


@router.post("", response={201: dict[str, Any]})
def add_deputy(request: HttpRequest, payload: DeputyIn) -> Status[dict[str, Any]]:
    """Arrange a deputy."""
    now = timezone.now()
    row = arrange_deputy(
        absent=payload.absent,
        deputy=payload.deputy,
        starts_at=_aware(payload.starts_at),
        ends_at=_aware(payload.ends_at),
        reason=payload.reason,
        by=cast(User, request.user),
        now=now,
    )
    return Status(201, _shown(row, now))


@router.delete("/{int:deputy_id}")
def remove_deputy(request: HttpRequest, deputy_id: int) -> dict[str, Any]:
    """End a period early, or call it off."""
    now = timezone.now()
    row = end_deputy(deputy_id=deputy_id, by=cast(User, request.user), now=now)
    return _shown(row, now)


def _shown(row: Deputy, now: datetime) -> dict[str, Any]:
    return {
        "id": row.pk,
        "absent": {"username": row.absent.username, "name": row.absent.name},
        "deputy": {"username": row.deputy.username, "name": row.deputy.name},
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "reason": row.reason,
        "by": row.by.username,
        "cancelled_at": row.cancelled_at.isoformat() if row.cancelled_at else None,
        "in_force": row.cancelled_at is None and row.starts_at <= now < row.ends_at,
    }
