"""One case with all that belongs to it, as one user may see it (GET /api/v1/cases/{case_no})."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import identity
from accounts.actions import log_access
from accounts.models import AccessLog, Unit, User
from accounts.ready import ReadyParts, ReadyQuery
from accounts.scope import IDENTITY_ROLES
from dispatch import catalogue
from dispatch.actions.errors import CaseNotFoundError, MoveError, NotAllowedError, RuleError
from dispatch.actions.moving import may_move
from dispatch.duplicates import joined
from dispatch.duties.suggesting import suggestion_for
from dispatch.facts import Facts, facts_of
from dispatch.fields import Field
from dispatch.lifecycle import State, moves_from
from dispatch.models import (
    Assignment,
    Attachment,
    Callback,
    Case,
    Event,
    Intake,
    Note,
    Timer,
)
from dispatch.models.cases import is_visible
from dispatch.obstacles import obstacle
from dispatch.oversight.threads import dispute_of, supervision_of
from dispatch.queries import COLUMNS, item_of
from dispatch.sight import case_seen_by
from dispatch.timeline import timeline_of

REVEALS_PER_HOUR = 60
PURPOSE_LENGTH = 4
CONFIDENTIAL_ROLES = frozenset({"DUTY_LEADER", "CALLBACK"})
MASKED_ROLES = IDENTITY_ROLES | {"DISPATCHER", "SUPERVISOR", "HANDLER", "UNIT_APPROVER"}
"""Who sees a masked identity at all (domain.md 7.3.1); inspectors and commanders see none."""


class TooManyRevealsError(MoveError):
    """The hourly limit of reveals is reached (429)."""

    code = "TOO_MANY_REVEALS"
    message = _("一小时内查看身份次数过多。")


def case_for(user: User, case_no: str, *, now: datetime) -> dict[str, Any]:
    """The case file; raises CaseNotFoundError also for what the user may not know exists."""
    case = case_seen_by(user, case_no)
    if case is None:
        raise CaseNotFoundError
    return _file_of(user, case, now=now)


def case_after(user: User, case: Case, *, now: datetime) -> dict[str, Any]:
    """The case file as her move has left the case, the row that it wrote; number and state alone
    where it is out of her sight now."""
    if is_visible(user.scope(), case):
        return _file_of(user, case, now=now)
    return {"case_no": case.case_no, "state": case.state, "version": case.version, "moves": []}


def _file_of(user: User, case: Case, *, now: datetime) -> dict[str, Any]:
    row, case_id, area = _row_of(case), case.pk, case.area_code
    facts, parts = facts_of(case, by=user, now=now), _PARTS(case_id)
    moves, blocked = _moves_by(user, case, facts)
    voices, hidden = _told_apart(user, parts["voices"], area)
    timeline = timeline_of(user, parts)
    unnamed = {voice.intake_no for voice in hidden} | _gone(user, timeline, parts["voices"], area)
    is_linked = facts.linked_to_younger or facts.linked_to_elder
    condition = catalogue.current().conditions.get(row["condition_code"])
    return {
        **item_of(row, now),
        "condition": {"code": condition.code, "name": condition.name} if condition else None,
        "closing_condition": condition.closing_condition if condition else "",
        "close_type": row["close_type"],
        "closed_at": _iso(row["closed_at"]),
        "rework_count": row["rework_count"],
        "intakes": intakes_of(user, voices, area, calls=parts["calls"]),
        "confidential_voices": len(hidden),
        "confidential_note": joined.hidden_words(hidden),
        "heat": joined.heat_among([*voices, *hidden]),
        "links": joined.links_of(user, case_id) if is_linked else [],
        "intakes_count": row["intakes_count"],
        "assignments": _assignments(parts),
        "timers": [row for row in _timers(parts, now) if row["intake_no"] not in unnamed],
        "timeline": [_without(event, unnamed) for event in timeline],
        "attachments": _attachments(parts["pictures"], hidden),
        "dispute": dispute_of(case_id, now) if row["return_count"] else None,
        "supervision": supervision_of(case_id) if row["is_hard"] else [],
        "suggestion": suggestion_for(user, case, now=now),
        "moves": moves,
        "blocked_moves": blocked,
    }


def _row_of(case: Case) -> dict[str, Any]:
    """The case as a row of the queue has it, and a little more."""
    unit = case.lead_unit
    names = {"lead_unit__code": unit and unit.code, "lead_unit__name": unit and unit.name}
    return {
        name: names.get(name) if name in names else getattr(case, name) for name in COLUMNS + MORE
    }


_VOICES: ReadyQuery[Intake] = ReadyQuery(
    "dispatch_file_voices",
    lambda case_id: Intake.objects.filter(case_id=case_id).order_by("received_at", "id"),
)
_PARTS = ReadyParts(
    "dispatch_file_parts",
    {
        "voices": lambda case_id: (
            Intake.objects.filter(case_id=case_id).defer("location").order_by("received_at", "id")
        ),
        "calls": lambda case_id: Callback.objects.filter(intake__case_id=case_id).order_by(
            "at", "id"
        ),
        "assignments": lambda case_id: Assignment.objects.filter(case_id=case_id).order_by("id"),
        "units": lambda case_id: Unit.objects.filter(
            pk__in=Assignment.objects.filter(case_id=case_id).values("unit_id")
        ),
        "clocks": lambda case_id: Timer.objects.filter(case_id=case_id).order_by("id"),
        "events": lambda case_id: Event.objects.filter(case_id=case_id).order_by("id"),
        "notes": lambda case_id: Note.objects.filter(case_id=case_id),
        "actors": lambda case_id: User.objects.filter(
            pk__in=Event.objects.filter(case_id=case_id).values("actor_id")
        ).defer("password"),
        "pictures": lambda case_id: (
            Attachment.objects.filter(case_id=case_id).defer("exif").order_by("uploaded_at")
        ),
    },
)
"""All that belongs to a case, in one statement."""
MORE = (
    "area_code",
    "condition_code",
    "close_type",
    "closed_at",
    "rework_count",
    "return_count",
    "is_hard",
)


def moves_for(
    user: User, case: Case, *, now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The moves that the user may make now with the fields each needs, and those she could
    make if something did not stand in the way, with the reason."""
    return _moves_by(user, case, facts_of(case, by=user, now=now))


def _moves_by(
    user: User, case: Case, facts: Facts
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    scope = user.scope()
    possible, blocked = [], []
    for row in moves_from(State(case.state)):
        if not may_move(scope, row, case.area_code, case.lead_unit_id, case.support_units):
            continue
        if row.beside and not (facts.verify_open or facts.untrue_reported):
            continue
        if found := obstacle(row.name, facts):
            why = str(found.message)
            blocked.append({"move": row.name, "code": found.code, "why": why})
        else:
            fields = [_field(row.name, field, facts) for field in row.fields]
            possible.append({"move": row.name, "fields": fields})
    return possible, blocked


def _field(move: str, field: Field, facts: Facts) -> dict[str, Any]:
    """A field as clients read it; how a citizen was told is asked for where one waits, before a
    case is made void where several do."""
    waits = facts.several_await if move == "void" else facts.awaits_reply
    return {
        "name": field.name,
        "kind": field.kind,
        "choices": list(field.choices),
        "required": field.required or (field.name == "told" and waits),
    }


def voices_for(user: User, case_id: int, area: str) -> tuple[list[Intake], list[Intake]]:
    """The voices that the user reads, and the confidential ones that she only counts.

    Among others a confidential voice stays hidden from who may not know its identity; alone it is
    the case, and is read without identity (domain.md 4.3, rule 4; 9.1, trap 15).
    """
    return _told_apart(user, _VOICES(case_id), area)


def _told_apart(user: User, voices: list[Intake], area: str) -> tuple[list[Intake], list[Intake]]:
    hidden = [v for v in voices if v.confidential and not may_reveal(user, v, area)]
    if len(hidden) == len(voices):
        return voices, []
    return [voice for voice in voices if voice not in hidden], hidden


def intakes_of(
    user: User, intakes: Sequence[Intake], area: str, *, calls: Sequence[Callback]
) -> list[dict[str, Any]]:
    """The voices of a case, each with the calls back to it; identities masked, confidential ones
    without any."""
    sees_masked = user.scope().roles & MASKED_ROLES
    return [
        {
            "intake_no": intake.intake_no,
            "line": intake.line,
            "channel": intake.channel,
            "kind": intake.kind,
            "title": intake.title,
            "content": intake.content,
            "received_at": intake.received_at.isoformat(),
            "occurred_at": intake.occurred_at.isoformat(),
            "wants_reply": intake.wants_reply,
            "reply_due_at": _iso(intake.reply_due_at),
            "confidential": intake.confidential,
            "calls": [_call(call) for call in calls if call.intake_id == intake.pk],
            "caller": _caller(intake) if sees_masked else None,
            "may_reveal": may_reveal(user, intake, area),
        }
        for intake in intakes
    ]


def _call(call: Callback) -> dict[str, Any]:
    return {
        "at": _iso(call.at),
        "solved": call.solved,
        "satisfaction": call.satisfaction,
        "text": call.text,
    }


def _caller(intake: Intake) -> dict[str, str] | None:
    if intake.caller_phone is None and intake.caller_name is None:
        return None
    if intake.confidential or intake.anonymous:
        return {"name": "", "phone": ""}
    return {
        "name": identity.mask_name(identity.unseal(intake.caller_name)),
        "phone": identity.mask_phone(identity.unseal(intake.caller_phone)),
    }


def may_reveal(user: User, intake: Intake, area: str) -> bool:
    """True for the roles that may see an identity; fewer may for a confidential voice."""
    return user.scope().may(_revealers(intake), area, None)


def _revealers(intake: Intake) -> frozenset[str]:
    return CONFIDENTIAL_ROLES if intake.confidential else IDENTITY_ROLES


def reveal(*, intake_no: str, purpose: str, by: User, now: datetime) -> dict[str, str]:
    """The identity behind a voice, for a stated purpose; writes one access-log row first."""
    intake = Intake.objects.select_related("case").filter(intake_no=intake_no).first()
    visible = Case.objects.visible_to(by)
    if intake is None or not visible.filter(pk=intake.case_id).exists():
        raise CaseNotFoundError
    if not may_reveal(by, intake, intake.case.area_code):
        raise NotAllowedError
    if len(purpose.strip()) < PURPOSE_LENGTH:
        why = str(_("请写明查看身份的事由（至少四个字）。"))
        raise RuleError(why, code="PURPOSE_REQUIRED", fields={"purpose": [why]})
    recent = AccessLog.objects.filter(user=by, field="caller", at__gt=now - timedelta(hours=1))
    if recent.count() >= REVEALS_PER_HOUR:
        raise TooManyRevealsError
    log_access(
        by=by,
        subject=intake_no,
        field="caller",
        purpose=purpose.strip()[:200],
        now=now,
        on_behalf_of=by.scope().lender_for(_revealers(intake), intake.case.area_code, None),
    )
    return {
        "name": identity.unseal(intake.caller_name),
        "phone": identity.unseal(intake.caller_phone),
    }


def _assignments(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    units = {unit.pk: unit for unit in parts["units"]}
    unit_of = {row.pk: units[row.unit_id] for row in parts["assignments"]}
    return [
        {
            "unit": unit_of[row.pk].code,
            "unit_name": unit_of[row.pk].name,
            "role": row.role,
            "state": row.state,
            "given_by": unit_of[row.parent_id].code if row.parent_id else None,
            "task": row.task,
            "why": row.why,
            "why_codes": row.why_codes,
            "dispatched_at": _iso(row.dispatched_at),
            "signed_at": _iso(row.signed_at),
            "contacted_at": _iso(row.contacted_at),
            "submitted_at": _iso(row.submitted_at),
            "ended_at": _iso(row.ended_at),
        }
        for row in parts["assignments"]
    ]


def _timers(parts: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The clocks of a case, of its voices and of its tasks, oldest first."""
    voices = {voice.pk: voice.intake_no for voice in parts["voices"]}
    codes = {unit.pk: unit.code for unit in parts["units"]}
    tasks = {row.pk: codes[row.unit_id] for row in parts["assignments"]}
    return [
        {
            "stage": row.stage,
            "intake_no": voices[row.intake_id] if row.intake_id else None,
            "unit": tasks[row.assignment_id] if row.assignment_id else None,
            "state": row.state,
            "overdue": row.ended_at is None and row.due_at <= now,
            "started_at": _iso(row.started_at),
            "due_at": _iso(row.due_at),
            "ended_at": _iso(row.ended_at),
            "limit": {
                "amount": row.limit_amount,
                "unit": row.limit_unit,
                "counting": row.limit_counting,
            },
        }
        for row in parts["clocks"]
    ]


def _gone(
    user: User, timeline: Sequence[Mapping[str, Any]], here: Sequence[Intake], area: str
) -> set[str]:
    """Numbers in a timeline of confidential voices that lie in another case by now and that the
    user may not know."""
    lists = [event["voices"] for event in timeline if isinstance(event.get("voices"), list)]
    named = {number for voices in lists for number in voices}
    named |= {event["intake"] for event in timeline if "intake" in event}
    named -= {voice.intake_no for voice in here}
    gone = Intake.objects.filter(intake_no__in=named, confidential=True) if named else []
    return {voice.intake_no for voice in gone if not may_reveal(user, voice, area)}


def _without(event: dict[str, Any], unnamed: set[str]) -> dict[str, Any]:
    """An event that does not name the voices which the user only counts."""
    if event.get("intake") in unnamed:
        event = {name: value for name, value in event.items() if name != "intake"}
    voices = event.get("voices")
    if unnamed and isinstance(voices, list):
        event = {**event, "voices": [number for number in voices if number not in unnamed]}
    return event


def shows(picture: Attachment, hidden: Sequence[Intake]) -> bool:
    """False for what a hidden voice sent; photos of the work on the matter are the case's own."""
    sent = picture.role == "BEFORE"
    return not (sent and any(voice.pk == picture.intake_id for voice in hidden))


def _attachments(pictures: Sequence[Attachment], hidden: Sequence[Intake]) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.pk),
            "role": row.role,
            "width": row.width,
            "height": row.height,
            "uploaded_at": row.uploaded_at.isoformat(),
            "url": f"/api/v1/attachments/{row.pk}",
        }
        for row in pictures
        if shows(row, hidden)
    ]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
