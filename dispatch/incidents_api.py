"""Area incidents by JSON: what is offered, accept, dismiss."""

from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from accounts.models import User
from dispatch.actions import deciding
from dispatch.actions.errors import CaseNotFoundError
from dispatch.incidents import LIVE, summary
from dispatch.models import Incident
from dispatch.models.incidents import IncidentState

router = Router(tags=["incidents"])
MOST = 100


class AcceptIn(Schema):
    """What callers are told from now on, and whether new voices join by themselves."""

    answer: str = ""
    auto_join: bool = False


class DismissIn(Schema):
    """Why it is none."""

    reason: str


@router.get("/incidents")
def incidents(request: HttpRequest, district: str, state: str = "") -> dict[str, Any]:
    """The incidents of a district, newest first: the live ones, or those in a state."""
    user = cast(User, request.user)
    if not user.scope().may(deciding.READERS, district, None):
        raise CaseNotFoundError
    states = [state] if state in IncidentState.values else LIVE
    rows = (
        Incident.objects.filter(district_code=district, state__in=states)
        .select_related("primary", "decided_by")
        .prefetch_related("members__case")
        .order_by("-offered_at", "-pk")[:MOST]
    )
    return {"items": [summary(row) for row in rows]}


@router.post("/incidents/{incident_id}/accept")
def accept(request: HttpRequest, incident_id: int, payload: AcceptIn) -> dict[str, Any]:
    """Make it one: the cases are merged, the answer stands for who calls next."""
    incident = deciding.accept(
        incident_id=incident_id,
        answer=payload.answer,
        auto_join=payload.auto_join,
        by=cast(User, request.user),
        now=timezone.now(),
    )
    return summary(incident)


@router.post("/incidents/{incident_id}/dismiss")
def dismiss(request: HttpRequest, incident_id: int, payload: DismissIn) -> dict[str, Any]:
    """It is none; the cases stay apart."""
    incident = deciding.dismiss(
        incident_id=incident_id,
        reason=payload.reason,
        by=cast(User, request.user),
        now=timezone.now(),
    )
    return summary(incident)
