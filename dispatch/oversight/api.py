"""Alarms and counters by JSON (docs/alarms.md)."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from accounts.models import User
from accounts.moments import moment
from dispatch.oversight import alarms, counters

router = Router(tags=["oversight"])


class AlarmQuery(Schema):
    """The filters of a list of alarms."""

    district: str = ""
    kind: str = ""
    noted: bool | None = None
    before: int = 0
    limit: int = 50


class NoteIn(Schema):
    """What was found out."""

    text: str


class Span(Schema):
    """A span of time, `to` not part of it; a time without a zone is the city's."""

    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")


@router.get("/alarms")
def list_alarms(request: HttpRequest, query: Query[AlarmQuery]) -> dict[str, Any]:
    """A page of alarms with the counts per kind."""
    return alarms.alarms_for(cast(User, request.user), alarms.AlarmFilters(**query.dict()))


@router.post("/alarms/{alarm_id}/note")
def note_alarm(request: HttpRequest, alarm_id: int, payload: NoteIn) -> dict[str, Any]:
    """Write down what was found out about an alarm."""
    return alarms.note(
        alarm_id=alarm_id, text=payload.text, by=cast(User, request.user), now=timezone.now()
    )


@router.get("/returns/counters")
def returns_counters(request: HttpRequest, district: str, period: Query[Span]) -> dict[str, Any]:
    """Returns of units and wrong dispatches of a period."""
    return counters.returns_counters(
        cast(User, request.user),
        district=district,
        since=moment(period.since),
        until=moment(period.until),
    )
