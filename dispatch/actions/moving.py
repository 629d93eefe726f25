"""One move of one case: lock, check, effect, clocks, state, event - in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.prepared import update_first
from accounts.scope import Scope
from dispatch import outbox
from dispatch.actions import (
    checking,
    correcting,
    dispatching,
    filing,
    following_up,
    handling,
    registering,
    returning,
    safety,
    sampling,
    supervising,
    suspending,
    tasks,
    timing,
    undertakings,
    waiting,
)
from dispatch.actions.context import MoveContext
from dispatch.actions.duties import automatic
from dispatch.actions.errors import (
    CaseNotFoundError,
    NotAllowedError,
    RuleError,
    StaleVersionError,
)
from dispatch.actions.joining import carrying, letting_go, linking, merging, splitting
from dispatch.facts import facts_of
from dispatch.fields import Field
from dispatch.lifecycle import ENDED, MOVES, NAMES, Move, Stage, State, move_from
from dispatch.models import Case, Event, Note, Timer
from dispatch.obstacles import OBSTACLES, obstacle
from dispatch.sight import lock_case_seen_by
from dispatch.voices import IntakeError, is_storable

LONGEST_TEXT = 5000


def nothing_more(_context: MoveContext) -> None:
    """For moves that are all said by their row: state, clocks, event."""


OPTIONAL_REASON = Field("reason", required=False)
EFFECTS: dict[str, Callable[[MoveContext], None]] = {
    "reject": filing.reject,
    "answer_directly": filing.answer_directly,
    "transfer_emergency": filing.transfer_emergency,
    "follow_up": following_up.follow_up,
    "sample_call": sampling.sample_call,
    "self_handle": filing.self_handle,
    "ask_verify": nothing_more,
    "verified_true": automatic.accepted,
    "report_untrue": nothing_more,
    "verify_again": nothing_more,
    "hold_true": nothing_more,
    "verified_false": filing.verified_false,
    "accept": automatic.accepted,
    "file": automatic.file,
    "fixed_already": filing.fixed_already,
    "void": filing.void,
    "dispatch": dispatching.dispatch,
    "emergency_dispatch": dispatching.emergency_dispatch,
    "sign": nothing_more,
    "first_contact": handling.first_contact,
    "progress": nothing_more,
    "confirm_safe": nothing_more,
    "add_support": tasks.add_support,
    "support_done": tasks.sub_done,
    "excuse_support": tasks.recall,
    "sub_dispatch": tasks.sub_dispatch,
    "sub_sign": tasks.sub_sign,
    "sub_done": tasks.sub_done,
    "sub_return": tasks.sub_return,
    "sub_rework": tasks.sub_rework,
    "recall": tasks.recall,
    "submit_result": handling.submit_result,
    "bounce": nothing_more,
    "ask_check": nothing_more,
    "check_pass": checking.check_pass,
    "check_fail": checking.check_fail,
    "no_check_needed": checking.no_check_needed,
    "callback_done": checking.callback_done,
    "approve_explanation": checking.approve_explanation,
    "rework": checking.rework,
    "request_return": returning.request_return,
    "accept_return": returning.accept_return,
    "refuse_return": returning.refuse_return,
    "escalate": nothing_more,
    "designate": returning.designate,
    "state_position": returning.state_position,
    "decide_out": returning.decide_out,
    "request_extension": waiting.request_extension,
    "approve_extension": waiting.approve_extension,
    "refuse_extension": waiting.refuse_extension,
    "request_suspension": suspending.request_suspension,
    "suspend": suspending.suspend,
    "refuse_suspension": suspending.refuse_suspension,
    "review_suspension": suspending.review_suspension,
    "resume": suspending.resume,
    "wait_citizen": waiting.wait_citizen,
    "citizen_answered": waiting.citizen_answered,
    "urge": supervising.urge,
    "supervise": supervising.supervise,
    "answer_supervision": supervising.answer_supervision,
    "end_supervision": supervising.end_supervision,
    "change_category": correcting.change_category,
    "reopen": correcting.reopen,
    "object_untrue": correcting.object_untrue,
    "appeal_accept": correcting.appeal_accept,
    "archive": nothing_more,
    "merge": merging.merge,
    "unmerge": merging.unmerge,
    "link": linking.link,
    "unlink": linking.unlink,
    "split": splitting.split,
}
"""What each offered move does besides the state, the clocks and the event."""
VOID = "void"
OF_MERGED = frozenset(row.name for row in MOVES if State.MERGED in row.sources)
"""Moves that a merged case may make; for all others its row alone is locked and refuses."""


@transaction.atomic
def make_move(
    *, case_no: str, move: str, version: int, data: Mapping[str, Any], by: User, now: datetime
) -> Case:
    """Make one move as `by`; the row that is locked is the row that is written.

    Raises CaseNotFoundError (404), NotAllowedError (403), StaleVersionError (409) and RuleError
    (422), in this order of checks.
    """
    _lock_all(move, case_no, *(str(data.get(name) or "") for name in ("into", "other", "earlier")))
    case = lock_case_seen_by(by, case_no)
    if case is None:
        raise CaseNotFoundError
    _check_actor(case, move, by)
    if case.version != version:
        raise _stale(case)
    row = move_from(move, State(case.state))
    if row is None or not row.offered:
        raise RuleError(_("当前状态不能进行此操作。"), code="MOVE_NOT_POSSIBLE")
    if not may_move(by.scope(), row, case.area_code, case.lead_unit_id, case.support_units):
        raise NotAllowedError
    _check_fields(row, data)
    if move in OBSTACLES and (found := obstacle(move, facts_of(case, by=by, now=now))):
        raise RuleError(found.message, code=found.code)
    given = {name: data[name] for name in _names(row) if name in data}
    context = MoveContext(case, row, given, by, now, row.target or State(case.state))
    if lender := _lender(case, row, by):
        context.payload["for"] = lender
    if move == VOID:
        _let_go(context)
    _apply(context)
    return case


def _let_go(context: MoveContext) -> None:
    """Undo the merges into a case before it is made void: their voices keep what they were
    promised, each in its own case again. The rows are locked already."""
    case = context.case
    for number in letting_go.held_by(case.case_no):
        held = Case.objects.select_related("lead_unit").get(case_no=number)
        row = move_from("unmerge", State(held.state))
        if row is not None:
            why = {"reason": context.text("reason")}
            lender = {name: context.payload[name] for name in ("for",) if name in context.payload}
            payload = {"voided": case.case_no, **lender}
            _apply(MoveContext(held, row, why, context.by, context.now, State.MERGED,
                               payload=payload))  # fmt: skip
            context.payload.setdefault("released", []).append(number)
    case.refresh_from_db()


@transaction.atomic
def make_system_move(*, case_id: int, move: str, now: datetime) -> bool:
    """Make a move that the rules ask for, without a person; False where it no longer fits."""
    case = Case.objects.select_for_update().filter(pk=case_id).first()
    row = move_from(move, State(case.state)) if case else None
    if case is None or row is None or not row.offered:
        return False
    if move in OBSTACLES and obstacle(move, facts_of(case, by=None, now=now)):
        return False
    _apply(MoveContext(case, row, {}, None, now, row.target or State(case.state)))
    return True


def _lock_all(move: str, case_no: str, *others: str) -> None:
    """Lock the rows of a merge, a link or an undoing in one order: two never wait in a circle.

    A merged case is locked with all the cases that its voices went on to, one that is made void
    with those that it lets go. What is merged into it meanwhile changes its version.
    """
    named = {other for other in others if other and is_storable(other)}
    chain = merging.chain_of(case_no) if move in OF_MERGED else ()
    held = letting_go.held_by(case_no) if move == VOID and is_storable(case_no) else ()
    wanted = {case_no, *named, *chain, *held}
    if len(wanted) > 1:
        rows = Case.objects.select_for_update(of=("self",)).filter(case_no__in=wanted)
        list(rows.order_by("pk").values_list("pk"))


def may_move(
    scope: Scope, row: Move, area_code: str, lead_unit: int | None, supports: Sequence[int]
) -> bool:
    """True when the posts of the scope give this row for a case there, led and supported so."""
    units = supports if row.by_support else [lead_unit, *supports] if row.by_any else [lead_unit]
    return any(scope.may(row.actors, area_code, unit) for unit in units)


def _check_actor(case: Case, move: str, by: User) -> None:
    if move not in NAMES:
        raise RuleError(_("没有这个操作。"), code="UNKNOWN_MOVE", fields={"move": [move]})
    rows = [row for row in MOVES if row.name == move]
    place = (case.area_code, case.lead_unit_id, case.support_units)
    if not any(may_move(by.scope(), row, *place) for row in rows):
        raise NotAllowedError


def _lender(case: Case, row: Move, by: User) -> int | None:
    """The absent person whose lent post alone gives the move; None where one's own gives it."""
    scope, place = by.scope(), (case.area_code, case.lead_unit_id, case.support_units)
    if not scope.lenders or may_move(scope.of(None), row, *place):
        return None
    return next((user for user in scope.lenders if may_move(scope.of(user), row, *place)), None)


def _names(row: Move) -> set[str]:
    """The fields that the move takes; a reason may be given with any."""
    return {field.name for field in row.fields} | {OPTIONAL_REASON.name}


def _check_fields(row: Move, data: Mapping[str, Any]) -> None:
    wrong: dict[str, list[str]] = {}
    names = {field.name for field in row.fields}
    anyway = () if OPTIONAL_REASON.name in names else (OPTIONAL_REASON,)
    for wanted in (*row.fields, *anyway):
        value = data.get(wanted.name)
        is_missing = value in (None, []) or (isinstance(value, str) and not value.strip())
        why = _wrong(wanted, value) if not is_missing else _("必填。") if wanted.required else ""
        if why:
            wrong[wanted.name] = [str(why)]
    if wrong:
        raise RuleError(_("有必填项缺失或填写有误。"), code="FIELDS", fields=wrong)


def _wrong(wanted: Field, value: object) -> object:
    """Why a value cannot be taken for a field; empty when it can."""
    if wanted.kind == "photos":
        fits = isinstance(value, list) and all(_is_uuid(item) for item in value)
        return "" if fits else _("应为附件编号的列表。")
    if wanted.kind == "voices":
        listed = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return "" if listed else _("应为诉求编号的列表。")
    if wanted.kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return ""
    if not isinstance(value, str) or not is_storable(value) or len(value) > LONGEST_TEXT:
        return _("应为不超过 5000 字的文字。")
    if wanted.choices and value not in wanted.choices:
        return _("可选值：%s") % ", ".join(wanted.choices)
    return ""


def _is_uuid(item: object) -> bool:
    try:
        UUID(str(item))
    except ValueError:
        return False
    return True


def _apply(context: MoveContext) -> None:
    case, row, now = context.case, context.move, context.now
    before = case.state
    if context.target.value != before and (case.is_waiting or before == State.SUSPENDED.value):
        waiting.go_on(context)
        case.is_waiting = False
        context.changed.add("is_waiting")
    EFFECTS[row.name](context)
    undertakings.follow(context)
    tasks.shorten(case, now=now)
    suspending.leave(context, before)
    note = _note(context)
    case.state = context.target.value
    case.is_open = context.target not in ENDED
    if case.state != before or "lead_unit" in context.changed:
        case.state_at = now
    case.version += 1
    stops = row.stops if context.stops is None else context.stops
    is_void = context.target in {State.VOIDED, State.REJECTED}
    clocks = timing.open_after(case, stops, now=now, replies=not case.is_open, cancelled=is_void)
    timing.refresh_due(case, _start_clocks(context, clocks))
    if not case.is_open:
        undertakings.end_all(case, now=now)
        supervising.end_with_case(context)
    changed = {"state", "is_open", "state_at", "version", *timing.DUE_FIELDS, *context.changed}
    payload = {**context.payload, **({"note": note.pk} if note else {})}
    outbox.record(
        case,
        topic=context.topic or row.topic,
        by=context.by,
        now=now,
        from_state=before,
        payload=payload,
        first=update_first(case, changed),
    )
    if context.then:
        follow = move_from(context.then, State(case.state))
        if follow:
            target = follow.target or State(case.state)
            payload = {"rule": context.rule} if context.rule else {}
            _apply(MoveContext(case, follow, {}, None, now, target, payload=payload))


def _start_clocks(context: MoveContext, clocks: list[Timer]) -> list[Timer] | None:
    """Start the clocks of a move beside those that are open; the open ones afterwards, None where
    others changed as well."""
    case, row, now = context.case, context.move, context.now
    running, others_changed = {clock.stage for clock in clocks}, False
    for stage in row.starts if context.starts is None else context.starts:
        if stage is Stage.DISPOSAL and (stage.value in running or row.name == "bounce"):
            others_changed = True
            if stage.value in running:
                carrying.cap_by_own_limit(case, now=now)
            else:
                timing.resume_disposal(case, now=now)
        elif stage is Stage.DISPOSAL and row.name in {"check_fail", "rework"}:
            clocks.append(timing.start_rework(case, now=now))
        elif stage.value not in running:
            clocks.append(timing.start(case, stage, now=now))
    clocks += safety.begin(context, clocks)
    return None if others_changed else clocks


def _note(context: MoveContext) -> Note | None:
    """Keep the words and photos of a move apart from the log, where they can be shredded."""
    text = context.text("reason") or context.text("text")
    photos = context.data.get("photos") or []
    if context.by and photos and context.move.name != "callback_done":
        role = "AFTER" if context.move.name == "submit_result" else "EVIDENCE"
        first = context.case.intakes.order_by("pk").values_list("pk", flat=True)[0]
        _attach(context, photos, (first, context.case.pk), role)
    if not text and not photos:
        return None
    return Note.objects.create(
        case=context.case,
        move=context.move.name,
        text=text,
        data={"photos": photos} if photos else {},
        by=context.by,
        at=context.now,
    )


def _attach(context: MoveContext, photos: list[str], ids: tuple[int, int], role: str) -> None:
    try:
        registering.link_attachments(ids, photos, by=context.by, role=role)
    except IntakeError as error:
        raise RuleError(error.message, code=error.code, fields=error.fields) from error


def _stale(case: Case) -> StaleVersionError:
    last = Event.objects.filter(case_id=case.pk).order_by("-id").first()
    actor = User.objects.filter(pk=last.actor_id).first() if last and last.actor_id else None
    return StaleVersionError(
        who=str(actor) if actor else str(_("系统")),
        topic=last.topic if last else "",
        at=last.at if last else case.state_at,
        version=case.version,
    )
