"""POST /api/v1/affairs/events: CloudEvents 1.0, structured or binary, signed (contract.md 4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from ninja import Router, Status

from accounts.moments import moment
from affairs.actions import KEY_LENGTH, CloudEvent, UnknownEventError, sender_of, take_event
from dispatch import strictjson

open_router = Router(tags=["affairs"])
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch"
SPEC_VERSION = "1.0"


@open_router.post("/events", response={200: dict[str, Any], 201: dict[str, Any]})
def receive_event(request: HttpRequest) -> Status[dict[str, Any]]:
    """Take one event; a known source + id answers 200 with its first receipt."""
    body, now = request.body, timezone.now()
    system = sender_of(body, request.headers)
    receipt = take_event(_event(request, body, now), system=system, now=now)
    return Status(201 if receipt.is_first else 200, receipt.body)


def _event(request: HttpRequest, body: bytes, now: datetime) -> CloudEvent:
    sent_as = request.content_type or ""
    if body and (not sent_as.endswith("json") or sent_as.startswith(BATCH)):
        raise strictjson.BodyError("UNSUPPORTED_MEDIA_TYPE", 415, _("请以 JSON 逐件提交事件。"))
    content = _json(body)
    is_binary = sent_as != STRUCTURED and "ce-specversion" in request.headers
    if not is_binary and (sent_as == STRUCTURED or "specversion" in content):
        attributes, data = content, content.get("data") or {}
    else:
        names = ("id", "source", "type", "time", "specversion")
        attributes = {name: request.headers.get(f"ce-{name}", "") for name in names}
        data = content
    if attributes.get("specversion") != SPEC_VERSION:
        raise UnknownEventError("specversion", _("需要 CloudEvents 1.0。"))
    if not isinstance(data, Mapping):
        raise UnknownEventError("data", _("应为 JSON 对象。"))
    return CloudEvent(
        id=_attribute(attributes, "id"),
        source=_attribute(attributes, "source"),
        type=_attribute(attributes, "type"),
        time=_time(attributes.get("time"), now),
        data=data,
    )


def _json(body: bytes) -> dict[str, Any]:
    content = strictjson.read(body)
    if not isinstance(content, dict):
        raise strictjson.BodyError("MALFORMED_JSON", 400, _("应为 JSON 对象。"))
    return content


def _attribute(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not value or len(value) > KEY_LENGTH or "\x00" in value:
        raise UnknownEventError(name, _("缺失或过长。"))
    return value


def _time(value: object, now: datetime) -> datetime:
    if not value:
        return now
    try:
        at = parse_datetime(str(value))
    except ValueError:
        at = None
    if at is None:
        raise UnknownEventError("time", _("应为 RFC 3339 时间。"))
    return moment(at)
