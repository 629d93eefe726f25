"""Area incidents by JSON: what is offered, accept, dismiss."""

from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from accounts.models import User
from dispatch.actions.joining import deciding
from dispatch.incidents.listing import incidents_of, named

router = Router(tags=["incidents"])


class AcceptIn(Schema):
    """What callers are told from now on, and whether new voices join by themselves."""

    answer: str = ""
    auto_join: bool = False


class AnswerIn(AcceptIn):
    """The same, instead of which answer."""

    instead_of: str = ""


class DismissIn(Schema):
    """Why it is none."""

    reason: str


@router.get("/incidents")
def incidents(request: HttpRequest, district: str, state: str = "") -> dict[str, Any]:
    """The incidents of a district, newest first: the live ones, or those in a state."""
    return incidents_of(cast(User, request.user), district=district, state=state)


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
    return named(incident)


@router.post("/incidents/{incident_id}/answer")
def change_answer(request: HttpRequest, incident_id: int, payload: AnswerIn) -> dict[str, Any]:
    """Tell who calls from now on something else; 409 where another answer stands by now."""
    incident = deciding.change_answer(
        incident_id=incident_id,
        answer=payload.answer,
        auto_join=payload.auto_join,
        instead_of=payload.instead_of,
        by=cast(User, request.user),
        now=timezone.now(),
    )
    return named(incident)


@router.post("/incidents/{incident_id}/dismiss")
def dismiss(request: HttpRequest, incident_id: int, payload: DismissIn) -> dict[str, Any]:
    """It is none; the cases stay apart."""
    incident = deciding.dismiss(
        incident_id=incident_id,
        reason=payload.reason,
        by=cast(User, request.user),
        now=timezone.now(),
    )
    return named(incident)
