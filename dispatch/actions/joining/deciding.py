"""Deciding on an area incident: accept it, which merges its cases, answer anew, or dismiss it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch import catalogue, outbox
from dispatch.actions.errors import (
    CaseNotFoundError,
    MoveError,
    NotAllowedError,
    RuleError,
    StaleVersionError,
)
from dispatch.actions.moving import make_move
from dispatch.lifecycle import (
    INCIDENT_ACCEPTED,
    INCIDENT_ANSWERED,
    INCIDENT_DISMISSED,
    INCIDENT_TOPICS,
)
from dispatch.models import Case, Event, Incident, IncidentMember, Note
from dispatch.models.incidents import IncidentState
from dispatch.voices import is_storable

READERS = frozenset({"DUTY_LEADER", "DISPATCHER", "OPERATOR"})
DECIDERS = frozenset({"DUTY_LEADER"})
LONGEST_ANSWER = 500
WHY_MERGED = _("区域性事件，统一办理")


@transaction.atomic
def accept(*, incident_id: int, answer: str, auto_join: bool, by: User, now: datetime) -> Incident:
    """Make the incident one case: its members go into the primary, the never-merge list holds.

    From now on new voices that fit are offered it first, with the answer; with `auto_join` they
    join by themselves. Raises CaseNotFoundError, NotAllowedError, StaleVersionError, RuleError.
    """
    incident = _open_to(by, incident_id)
    _check_text("answer", answer, LONGEST_ANSWER)
    primary = _lock_members(incident)
    incident.primary, incident.answer, incident.auto_join = primary, answer.strip(), auto_join
    _decide(incident, IncidentState.ACCEPTED, by=by, now=now)
    for member in incident.members.select_related("case").exclude(case=primary).order_by("pk"):
        _join(member, primary, by=by, now=now)
    primary.refresh_from_db()
    _tell(incident, primary, INCIDENT_ACCEPTED, by=by, now=now)
    transaction.on_commit(catalogue.refresh)
    return incident


@transaction.atomic
def change_answer(
    *,
    incident_id: int,
    answer: str,
    auto_join: bool,
    instead_of: str,
    by: User,
    now: datetime,
) -> Incident:
    """Tell who calls from now on something else; what was told before stays in the log.

    `instead_of` is the answer that `by` has seen: where another stands by now, she is told who
    was first. Raises CaseNotFoundError, NotAllowedError, StaleVersionError, RuleError.
    """
    incident = _known_to(by, incident_id)
    if incident.state != IncidentState.ACCEPTED.value or incident.answer != instead_of.strip():
        raise _was_first(incident)
    _check_text("answer", answer, LONGEST_ANSWER)
    primary = Case.objects.select_for_update(of=("self",)).get(pk=incident.primary_id)
    incident.answer, incident.auto_join = answer.strip(), auto_join
    incident.save(update_fields=["answer", "auto_join"])
    note = Note.objects.create(
        case=primary, move="change_answer", text=incident.answer, by=by, at=now
    )
    _tell(incident, primary, INCIDENT_ANSWERED, by=by, now=now, note=note.pk)
    transaction.on_commit(catalogue.refresh)
    return incident


@transaction.atomic
def dismiss(*, incident_id: int, reason: str, by: User, now: datetime) -> Incident:
    """It is none: the cases stay apart, and only later voices make another offer."""
    incident = _open_to(by, incident_id)
    if not reason.strip():
        why = str(_("必填。"))
        raise RuleError(why, code="FIELDS", fields={"reason": [why]})
    _check_text("reason", reason, LONGEST_ANSWER)
    incident.reason = reason.strip()
    _decide(incident, IncidentState.DISMISSED, by=by, now=now)
    primary = Case.objects.select_for_update(of=("self",)).get(pk=incident.primary_id)
    _tell(incident, primary, INCIDENT_DISMISSED, by=by, now=now)
    return incident


def _known_to(by: User, incident_id: int) -> Incident:
    """The incident, locked, for who may decide it; 404 for who may not know of it."""
    incident = Incident.objects.select_for_update(of=("self",)).filter(pk=incident_id).first()
    if incident is None or not by.scope().may(READERS, incident.district_code, None):
        raise CaseNotFoundError
    if not by.scope().may(DECIDERS, incident.district_code, None):
        raise NotAllowedError
    return incident


def _open_to(by: User, incident_id: int) -> Incident:
    """The incident, locked and undecided."""
    incident = _known_to(by, incident_id)
    if incident.state != IncidentState.OFFERED.value:
        raise _was_first(incident)
    return incident


def _was_first(incident: Incident) -> StaleVersionError:
    """Who changed the incident last, and how."""
    told = Event.objects.filter(case_id=incident.primary_id, topic__in=INCIDENT_TOPICS)
    last = told.filter(payload__incident=incident.pk).order_by("-id").first()
    actor = incident.decided_by
    if last:
        actor = User.objects.filter(pk=last.actor_id).first() if last.actor_id else None
    return StaleVersionError(
        who=str(actor or _("系统")),
        topic=last.topic if last else f"incident.{incident.state.lower()}",
        at=last.at if last else incident.decided_at or incident.offered_at,
        version=0,
    )


def _check_text(name: str, text: str, longest: int) -> None:
    if not is_storable(text) or len(text) > longest:
        why = str(_("应为不超过 %d 字的文字。") % longest)
        raise RuleError(why, code="FIELDS", fields={name: [why]})


def _lock_members(incident: Incident) -> Case:
    """Lock all cases in one order; the primary, or the eldest member still open."""
    ids = {incident.primary_id, *incident.members.values_list("case_id", flat=True)}
    rows = Case.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    cases = {case.pk: case for case in rows}
    for case in (cases[incident.primary_id], *cases.values()):
        if case.is_open:
            return case
    raise RuleError(_("相关案件均已结束。"), code="PRIMARY_ENDED")


def _decide(incident: Incident, state: IncidentState, *, by: User, now: datetime) -> None:
    incident.state, incident.decided_by, incident.decided_at = state.value, by, now
    incident.save(
        update_fields=["state", "decided_by", "decided_at", "primary", "answer", "auto_join",
                       "reason"]
    )  # fmt: skip


def _join(member: IncidentMember, primary: Case, *, by: User, now: datetime) -> None:
    """Merge one member; what must not be merged stays a case of its own, with the code why.

    A member that has ended, or has gone into another one before, is not left out of anything.
    """
    case = member.case
    if not case.is_open:
        return
    data = {"into": primary.case_no, "reason": str(WHY_MERGED)}
    try:
        make_move(
            case_no=case.case_no,
            move="merge",
            version=case.version,
            data=data,
            by=by,
            now=now,
        )
    except MoveError as error:
        member.left_out = error.code[:20]
        member.save(update_fields=["left_out"])


def _tell(
    incident: Incident, primary: Case, topic: str, *, by: User, now: datetime, **more: int
) -> None:
    outbox.record(
        primary,
        topic=topic,
        by=by,
        now=now,
        from_state=primary.state,
        payload={
            "incident": incident.pk,
            "voices": incident.voices,
            **by.scope().on_behalf(DECIDERS, incident.district_code),
            **more,
        },
    )
