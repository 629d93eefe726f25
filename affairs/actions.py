"""Takes service events in: signed, idempotent, sorted into queue or archive."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from standardwebhooks import Webhook, WebhookVerificationError

from accounts import identity
from accounts.prepared import insert_prepared
from affairs import rules
from affairs.models import ServiceEvent, ServiceItem, UpstreamSystem
from dispatch.duplicates.candidates import project_of
from dispatch.intake import KeyReusedError, check_time, submit
from dispatch.voices import Caller, IntakeError, Line, NewIntake, Position, Receipt
from gis import locator

SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
KEY_LENGTH = 120
ARRIVES_ONCE = "affairs_serviceevent_arrives_once"


class SignatureError(Exception):
    """The signature is missing, wrong or older than five minutes (401)."""

    code = "BAD_SIGNATURE"
    message = _("签名无效或已过期。")


class UnknownEventError(Exception):
    """A type that no rule knows, or an envelope without what CloudEvents asks for (422)."""

    code = "UNKNOWN_EVENT"

    def __init__(self, path: str, why: object) -> None:
        super().__init__(path)
        self.message = why
        self.fields = {path: [str(why)]}


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """The envelope and its data (CloudEvents 1.0)."""

    id: str
    source: str
    type: str
    time: datetime
    data: Mapping[str, Any]


def sender_of(body: bytes, headers: Mapping[str, str]) -> UpstreamSystem:
    """The system whose secret signed the body (Standard Webhooks). Raises SignatureError."""
    signed = {name: headers.get(name, "") for name in SIGNATURE_HEADERS}
    for system in UpstreamSystem.objects.filter(is_active=True).order_by("code"):
        try:
            Webhook(identity.unseal(system.secret)).verify(body, signed, json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        return system
    raise SignatureError


def take_event(event: CloudEvent, *, system: UpstreamSystem, now: datetime) -> Receipt:
    """Keep an event; where the rules say so, give it to the queue in the same transaction.

    A known source + id answers with its first receipt. Raises UnknownEventError, IntakeError.
    """
    try:
        with transaction.atomic():
            return _take(event, system=system, now=now)
    except IntegrityError as error:
        if ARRIVES_ONCE not in str(error):
            raise
        first = ServiceEvent.objects.get(source=event.source, event_id=event.id)
        return _of_the_first(first, system)


def _take(event: CloudEvent, *, system: UpstreamSystem, now: datetime) -> Receipt:
    known = ServiceEvent.objects.filter(source=event.source, event_id=event.id).first()
    if known is not None:
        return _of_the_first(known, system)
    check_time(event.time, path="time", now=now)
    short = rules.short_type(event.type)
    if short is None:
        raise UnknownEventError("type", _("未知的事件类型。"))
    try:
        entry = rules.entry(short, event.data, system.satisfaction_map)
    except rules.UnknownSatisfactionError as error:
        raise UnknownEventError("data.satisfaction", _("未知的满意度。")) from error
    if entry is None:
        body: dict[str, Any] = {"event_id": event.id, "queued": False, "type": event.type}
    else:
        voice = _voice(event, entry, system)
        body = {**submit(voice, by=None, now=now).body, "event_id": event.id, "queued": True}
    return _keep(event, body, system=system, now=now)


def _of_the_first(first: ServiceEvent, system: UpstreamSystem) -> Receipt:
    """The first receipt. Raises KeyReusedError for an event that another system sent."""
    if first.system_id != system.pk:
        raise KeyReusedError
    return Receipt(first.receipt, is_first=False)


def _keep(
    event: CloudEvent, body: dict[str, Any], *, system: UpstreamSystem, now: datetime
) -> Receipt:
    kept = ServiceEvent(
        system=system,
        source=event.source,
        event_id=event.id,
        type=event.type,
        project_no=_text(event, "project_no", 64),
        item_code=_text(event, "item_code", 64),
        occurred_at=event.time,
        received_at=now,
        intake_no=body.get("intake_no", ""),
        case_no=body.get("case_no", ""),
        receipt=body,
        sealed_data=identity.seal(json.dumps(dict(event.data), ensure_ascii=False)),
    )
    insert_prepared(kept)
    return Receipt(body, is_first=True)


def _text(event: CloudEvent, name: str, longest: int) -> str:
    value = event.data.get(name, "")
    if not isinstance(value, str | int | float):
        raise UnknownEventError(f"data.{name}", _("应为文字。"))
    text = str(value)
    if "\x00" in text:
        raise UnknownEventError(f"data.{name}", _("文字中含有不可用的字符（NUL）。"))
    return text[:longest]


def _voice(event: CloudEvent, entry: rules.Entry, system: UpstreamSystem) -> NewIntake:
    data = event.data
    item = _text(event, "item_name", 300) or _item_name(_text(event, "item_code", 64))
    words = _text(event, "text", 5000)
    title = _text(event, "title", 80) or (words or item or event.type)[:40]
    anonymous = bool(data.get("anonymous"))
    return NewIntake(
        line=Line.AFFAIRS,
        channel="SERVICE",
        kind=entry.kind,
        category=entry.category,
        title=title,
        content="\n".join(part for part in (item, words) if part),
        occurred_at=event.time,
        address=_text(event, "address", 200),
        position=_position(data),
        caller=Caller(
            phone="" if anonymous else _text(event, "phone", 20),
            name="" if anonymous else _text(event, "applicant_name", 40),
            anonymous=anonymous,
        ),
        priority=entry.priority,
        wants_reply=entry.wants_reply,
        district=_district(_text(event, "area_code", 15), system),
        applications=_applications(event),
        source=(f"affairs:{event.source}", event.id),
    )


def _applications(event: CloudEvent) -> tuple[str, ...]:
    """What names the matter: the project, and the item with its applicant. Kept as hashes only."""
    project, item = _text(event, "project_no", 64), _text(event, "item_code", 64)
    applicant = _text(event, "applicant_id", 64) or identity.digits_of(_text(event, "phone", 20))
    named = [project_of(project)] if project else []
    if item and applicant and not event.data.get("anonymous"):
        named.append(f"item:{item.strip().upper()}:{applicant.strip().upper()}")
    return tuple(named)


def _district(area_code: str, system: UpstreamSystem) -> str:
    code = area_code[:6]
    known = bool(code) and bool(locator.snapshot().name_of(code))
    return code if known and code.startswith(system.area_code[:4]) else system.area_code


def _item_name(code: str) -> str:
    if not code:
        return ""
    return ServiceItem.objects.filter(code=code).values_list("name", flat=True).first() or ""


def _position(data: Mapping[str, Any]) -> Position | None:
    place = data.get("location") if isinstance(data.get("location"), Mapping) else data
    if not isinstance(place, Mapping) or place.get("lon") is None or place.get("lat") is None:
        return None
    try:
        return Position(
            float(place["lon"]),
            float(place["lat"]),
            str(place.get("crs", "")),
            float(place.get("accuracy_m") or 0),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise IntakeError("BAD_LOCATION", "data.location", _("坐标应为数字。")) from error
