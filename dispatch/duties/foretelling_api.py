"""POST /api/v1/unit-absences/preview and /api/v1/deputies/preview: what would follow."""

from dataclasses import asdict
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts.deputies_api import DeputyIn
from accounts.models import User
from dispatch.duties import foretelling
from dispatch.duties.api import AbsenceIn

router = Router(tags=["duty lists"])


@router.post("/unit-absences/preview")
def absence(request: HttpRequest, payload: AbsenceIn) -> dict[str, Any]:
    """What sending a unit away would mean, in sentences; nothing is saved."""
    found = foretelling.of_absence(
        unit=payload.unit,
        deputy_unit=payload.deputy_unit,
        period=payload.period(),
        by=cast(User, request.user),
        now=timezone.now(),
    )
    return asdict(found)


@router.post("/deputies/preview")
def deputy(request: HttpRequest, payload: DeputyIn) -> dict[str, Any]:
    """What arranging a deputy would mean, in sentences; nothing is saved."""
    found = foretelling.of_deputy(
        absent=payload.absent,
        deputy=payload.deputy,
        post=payload.post,
        period=payload.period(),
        by=cast(User, request.user),
        now=timezone.now(),
    )
    return asdict(found)
