"""T1 register: voices and their new cases, their clocks and the event rows.

One voice in one statement here, many by COPY (copying.py): both write the rows that `complete`
makes.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts import identity
from accounts.models import User
from accounts.prepared import execute_prepared
from dispatch import catalogue, numbers
from dispatch.clocks import MINUTE, WHOLE, Counting, Limit, Unit, mark_at, worked_between
from dispatch.duplicates.placewords import keys_of
from dispatch.duplicates.radar import Probe
from dispatch.duties import workload
from dispatch.lifecycle import Stage, State
from dispatch.models import Attachment, Category, FilingCondition
from dispatch.timekeeping import planning
from dispatch.voices import IntakeError, NewIntake
from gis.locator import Located

REGISTERED = "case.registered"
CONSULT_LIMIT = Limit(1, Unit.WD, Counting.DAY_COUNT)
REPLY_LIMIT = Limit(5, Unit.WD, Counting.DAY_COUNT)
NOWHERE = Located("")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a new voice after the checks: degrees WGS84, codes, numbers."""

    new: NewIntake
    category: Category
    condition: FilingCondition | None
    lon: float | None
    lat: float | None
    located: Located
    district: str
    priority: int
    by: User | None
    now: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows of a registration, by column, before they are written."""

    intake_no: str
    case_no: str
    case: dict[str, Any]
    intake: dict[str, Any]
    timers: tuple[dict[str, Any], ...]
    event: dict[str, Any]
    probe: Probe | None


def complete(facts: Facts) -> Prepared:
    """All rows of a registration; no database is asked."""
    book = catalogue.current()
    new, now = facts.new, facts.now
    intake_no = numbers.intake_no(facts.seq, new.line, now)
    case_no = numbers.case_no(facts.district, intake_no)
    accept = book.stage_limit(Stage.ACCEPT, facts.priority)
    accept_due = book.due(now, accept)
    reply = CONSULT_LIMIT if new.kind == "CONSULT" else REPLY_LIMIT
    reply_due = book.due(now, reply) if new.wants_reply else None
    timers = [_timer(facts, Stage.ACCEPT, accept_due, accept)]
    if reply_due:
        timers.append(_timer(facts, Stage.REPLY, reply_due, reply))
    keys = _keys(facts)
    case = _case(facts, case_no, timers[0]) | {"match_keys": _array(keys)}
    phone = identity.phone_index(new.caller.phone)
    voice = _intake(facts, intake_no, reply_due, phone) | {"match_keys": _array(keys)}
    return Prepared(
        intake_no=intake_no,
        case_no=case_no,
        case=case,
        intake=voice,
        timers=tuple(timers),
        event=_event(facts, case_no, intake_no, case["lead_unit_id"]),
        probe=_probe(facts, keys, phone),
    )


def _keys(facts: Facts) -> tuple[str, ...]:
    """What the voice names, as keys by which the radar finds its case (matching.keys)."""
    new, category = facts.new, facts.category
    return keys_of(
        catalogue.current().duplicate_rule(category.code, category.family),
        category=category.code,
        address=new.address,
        component_id=new.component_id,
        device=identity.keyed_digest(new.camera) if new.camera else "",
        applications=[identity.keyed_digest(text) for text in new.applications],
    )


def _array(keys: Iterable[str]) -> str:
    """Keys as PostgreSQL writes an array: one text for INSERT and COPY alike."""
    quoted = (key.replace("\\", "\\\\").replace('"', '\\"') for key in keys)
    return "{" + ",".join(f'"{key}"' for key in quoted) + "}"


def _probe(facts: Facts, keys: tuple[str, ...], phone: str) -> Probe | None:
    """What the radar looks for; None where nothing can be looked for."""
    new, caller = facts.new, facts.new.caller
    hides = caller.anonymous or caller.confidential or new.kind == "REPORT"
    phone = "" if hides else phone
    if facts.lon is None and not keys and not phone:
        return None
    return Probe(
        lon=facts.lon,
        lat=facts.lat,
        accuracy_m=new.position.accuracy_m if new.position else 0.0,
        category=facts.category.code,
        family=facts.category.family,
        at=facts.now,
        text=new.title,
        keys=frozenset(keys),
        component_id=new.component_id,
        callers=(phone,) if phone else (),
        district=facts.district,
        community=facts.located.community_code,
    )


def _point(facts: Facts) -> str | None:
    return None if facts.lon is None else f"SRID=4326;POINT({facts.lon!r} {facts.lat!r})"


def _case(facts: Facts, case_no: str, clock: dict[str, Any]) -> dict[str, Any]:
    new, located, category = facts.new, facts.located, facts.category
    sensitive = category.sensitive or new.caller.confidential or new.kind == "REPORT"
    area = located.cell_code or located.community_code or located.street_code or facts.district
    condition = facts.condition.code if facts.condition else ""
    suggestion = catalogue.current().suggest_unit(
        category.code, area, condition=condition, at=facts.now
    )
    if suggestion and not sensitive:
        workload.given_to(suggestion.unit_id)
    return {
        "case_no": case_no,
        "state": State.REGISTERED.value,
        "is_open": True,
        "line": new.line.value,
        "lines": new.line.value,
        "category_code": category.code,
        "condition_code": condition,
        "family": category.family,
        "priority": facts.priority,
        "sensitive": sensitive,
        "title": new.title,
        "address": new.address,
        "location": _point(facts),
        "accuracy_m": new.position.accuracy_m if new.position else 0.0,
        "area_code": area,
        "district_code": facts.district,
        "street_code": located.street_code,
        "community_code": located.community_code,
        "cell_code": located.cell_code,
        "component_id": new.component_id,
        "lead_unit_id": suggestion.unit_id if suggestion and not sensitive else None,
        "intakes_count": 1,
        "rework_count": 0,
        "due_stage": Stage.ACCEPT.value,
        "due_at": clock["due_at"],
        "near_at": clock["next_at"],
        "created_at": facts.now,
        "state_at": facts.now,
        "close_type": "",
        "version": 1,
    }


def _intake(facts: Facts, intake_no: str, reply_due: datetime | None, phone: str) -> dict[str, Any]:
    new, position, caller = facts.new, facts.new.position, facts.new.caller
    return {
        "intake_no": intake_no,
        "query_code": numbers.query_code(),
        "line": new.line.value,
        "channel": new.channel,
        "kind": new.kind,
        "category_code": facts.category.code,
        "title": new.title,
        "content": new.content,
        "address": new.address,
        "caller_name": identity.seal(caller.name),
        "caller_phone": identity.seal(caller.phone),
        "phone_index": phone,
        "anonymous": caller.anonymous,
        "confidential": caller.confidential or new.kind == "REPORT",
        "wants_reply": new.wants_reply,
        "location": _point(facts),
        "raw_lon": position.lon if position else None,
        "raw_lat": position.lat if position else None,
        "raw_crs": position.crs if position else "",
        "accuracy_m": position.accuracy_m if position else 0.0,
        "occurred_at": new.occurred_at,
        "received_at": facts.now,
        "received_by_id": facts.by.pk if facts.by else None,
        "source_system": new.source[0],
        "source_id": new.source[1],
        "request_digest": new.digest,
        "reply_due_at": reply_due,
    }


def _timer(facts: Facts, stage: Stage, due_at: datetime, limit: Limit) -> dict[str, Any]:
    """A clock of the case, or (REPLY) of the voice, with the moment of its first mark."""
    book = catalogue.current()
    hours = planning.hours_for(limit, None)
    minutes = max(0, worked_between(facts.now, due_at, hours)) / MINUTE
    percent = book.ladder(stage, facts.priority)[0].percent
    return {
        "of_intake": stage is Stage.REPLY,
        "stage": stage.value,
        "state": "RUNNING",
        "started_at": facts.now,
        "due_at": due_at,
        "next_at": mark_at(due_at, minutes, min(percent, WHOLE), hours),
        "limit_amount": limit.amount,
        "limit_unit": limit.unit.value,
        "limit_counting": limit.counting.value,
        "limit_minutes": minutes,
    }


def _event(facts: Facts, case_no: str, intake_no: str, unit_id: int | None) -> dict[str, Any]:
    payload: dict[str, Any] = {"intake": intake_no, "kind": facts.new.kind}
    if unit_id:
        payload["unit"] = unit_id
    return {
        "case_no": case_no,
        "topic": REGISTERED,
        "actor_id": facts.by.pk if facts.by else None,
        "at": facts.now,
        "from_state": "",
        "to_state": State.REGISTERED.value,
        "line": facts.new.line.value,
        "category": facts.category.code,
        "priority": facts.priority,
        "district": facts.district,
        "payload": json.dumps(payload),
        "digest": "",
    }


@cache
def _statement(columns: tuple[tuple[str, ...], ...], timers: int) -> str:
    case, intake, timer, event = columns
    timer_rows = ", ".join(
        "(%s::boolean, %s, %s, %s::timestamptz, %s::timestamptz, %s::timestamptz, %s::smallint,"
        " %s, %s, %s::float8)"
        for _ in range(timers)
    )
    timer_names = ", ".join(timer[1:])
    return f"""
WITH ids AS (SELECT nextval('dispatch_case_id_seq') AS case_id),
voice AS (
  INSERT INTO dispatch_intake (case_id, receipt, {", ".join(intake)})
  SELECT case_id, %s, {", ".join(["%s"] * len(intake))} FROM ids
  ON CONFLICT (source_system, source_id) WHERE source_id <> '' DO NOTHING
  RETURNING id, case_id),
thing AS (
  INSERT INTO dispatch_case (id, {", ".join(case)})
  SELECT case_id, {", ".join(["%s"] * len(case))} FROM voice RETURNING id),
clocks AS (
  INSERT INTO dispatch_timer (case_id, intake_id, {timer_names})
  SELECT voice.case_id, CASE WHEN t.of_intake THEN voice.id END,
         {", ".join(f"t.{name}" for name in timer[1:])}
  FROM voice, (VALUES {timer_rows}) AS t(of_intake, {timer_names})),
happened AS (
  INSERT INTO dispatch_event (case_id, {", ".join(event)})
  SELECT case_id, {", ".join(["%s"] * len(event))} FROM voice)
SELECT id, case_id FROM voice
"""


def register(prepared: Prepared, *, receipt: dict[str, Any]) -> tuple[int, int] | None:
    """Write all rows in one statement: (intake id, case id), or None where the key is known."""
    timers = prepared.timers
    columns = (
        tuple(prepared.case),
        tuple(prepared.intake),
        tuple(timers[0]),
        tuple(prepared.event),
    )
    params = [
        json.dumps(receipt) if prepared.intake["source_id"] else None,
        *prepared.intake.values(),
        *prepared.case.values(),
        *(value for timer in timers for value in timer.values()),
        *prepared.event.values(),
    ]
    with connection.cursor() as cursor:
        statement = _statement(columns, len(timers))
        execute_prepared(cursor, statement, params, name=f"dispatch_register_{len(timers)}")
        ids: tuple[int, int] | None = cursor.fetchone()
        return ids


def link_attachments(
    ids: tuple[int, int], attachments: Sequence[str], *, by: User | None, role: str
) -> int:
    """Tie the uploader's own, still free attachments to the voice and its case; how many.

    Raises IntakeError for one that is another's or lies with another case: none is left out in
    silence. What lies with this case already stays as it is.
    """
    if not attachments or by is None:
        return 0
    wanted = Attachment.objects.filter(pk__in=attachments)
    free = wanted.filter(case__isnull=True, uploaded_by=by)
    tied = free.update(intake_id=ids[0], case_id=ids[1], role=role)
    if tied < len(set(attachments)) != wanted.filter(case_id=ids[1]).count():
        raise IntakeError("UNKNOWN_ATTACHMENT", "photos", _("有附件尚未上传或不存在。"))
    return tied
