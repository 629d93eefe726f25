"""The lifecycle of a case: states x moves x roles x fields as ONE table (pure; domain.md 7.2).

The actions read this table; nothing else decides who may do what and when. `OFFERED` moves have
an action behind them; the others stand here from the start and their actions follow.
"""

from dataclasses import dataclass
from enum import StrEnum

from dispatch.fields import (
    ASKED,
    CAUSE,
    CLAUSE,
    CONDITION,
    DAYS,
    EARLIER,
    EVIDENCE,
    HOURS,
    HOW_STERN,
    INTO,
    JOINT,
    LEGAL_BASIS,
    OTHER,
    OUTCOME,
    OWNER,
    PHOTOS,
    PRECEDENT,
    REASON,
    REJECT,
    RULING,
    SATISFACTION,
    SOLVED,
    SUPPORT_UNIT,
    TEXT,
    TOLD,
    UNIT,
    UNTIL,
    VOICES,
    WAY,
    WORDS,
    Field,
)


class State(StrEnum):
    """The states of a case."""

    REGISTERED = "REGISTERED"
    VERIFYING = "VERIFYING"
    PENDING_FILING = "PENDING_FILING"
    PENDING_DISPATCH = "PENDING_DISPATCH"
    PENDING_SIGN = "PENDING_SIGN"
    PROCESSING = "PROCESSING"
    RETURN_REVIEW = "RETURN_REVIEW"
    ARBITRATION = "ARBITRATION"
    PENDING_CHECK = "PENDING_CHECK"
    CHECKING = "CHECKING"
    PENDING_CALLBACK = "PENDING_CALLBACK"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"
    REJECTED = "REJECTED"
    VOIDED = "VOIDED"
    MERGED = "MERGED"


ENDED = frozenset(
    {State.CLOSED, State.ARCHIVED, State.REJECTED, State.VOIDED, State.MERGED},
)
OPEN = frozenset(State) - ENDED


class Stage(StrEnum):
    """What a clock measures (domain.md 7.2, SlaTimer kinds)."""

    ACCEPT = "ACCEPT"
    VERIFY = "VERIFY"
    FILE = "FILE"
    DISPATCH = "DISPATCH"
    SIGN = "SIGN"
    RESPONSE = "RESPONSE"
    PROGRESS = "PROGRESS"
    SAFE = "SAFE"
    DISPOSAL = "DISPOSAL"
    CHECK = "CHECK"
    REPLY = "REPLY"
    CALLBACK = "CALLBACK"
    FOLLOW_UP = "FOLLOW_UP"
    SAMPLE = "SAMPLE"
    RETURN_REVIEW = "RETURN_REVIEW"
    ARBITRATION = "ARBITRATION"
    SUPERVISE = "SUPERVISE"
    TASK = "TASK"
    RECTIFY = "RECTIFY"


class CloseType(StrEnum):
    """How a case came to its end (结案类型)."""

    NORMAL = "NORMAL"
    OVERTIME = "OVERTIME"
    SELF_HANDLED = "SELF_HANDLED"
    DIRECT_ANSWER = "DIRECT_ANSWER"
    NOT_TRUE = "NOT_TRUE"
    SPECIAL = "SPECIAL"
    TRANSFERRED = "TRANSFERRED"


OPERATOR, RECEIVER, LEADER = "OPERATOR", "RECEIVER", "DUTY_LEADER"
DISPATCHER, HANDLER, APPROVER = "DISPATCHER", "HANDLER", "UNIT_APPROVER"
INSPECTOR, CALLBACK, COMMANDER = "INSPECTOR", "CALLBACK", "COMMANDER"
SUPERVISOR, SYSTEM = "SUPERVISOR", "SYSTEM"
UNIT_ROLES = frozenset({HANDLER, APPROVER})


@dataclass(frozen=True, slots=True)
class Move:
    """A row of domain.md 7.2. `target` None means that the state stays.

    `by_support` moves are made by a unit with a task, `by_any` moves by it or by the one that
    leads, the others by the one that leads. `beside` moves verify an emergency that has gone out
    to its unit (T43, 边处置边核实): they are nobody's where no verification is open.
    """

    number: str
    name: str
    sources: frozenset[State]
    target: State | None
    actors: frozenset[str]
    topic: str
    fields: tuple[Field, ...] = ()
    stops: frozenset[Stage] = frozenset()
    starts: tuple[Stage, ...] = ()
    offered: bool = False
    by_support: bool = False
    by_any: bool = False
    beside: bool = False


def _move(  # noqa: PLR0913
    number: str,
    name: str,
    sources: State | frozenset[State] | set[State],
    target: State | None,
    actors: str,
    topic: str,
    *,
    fields: tuple[Field, ...] = (),
    stops: set[Stage] | None = None,
    starts: tuple[Stage, ...] = (),
    offered: bool = False,
    by_support: bool = False,
    by_any: bool = False,
    beside: bool = False,
) -> Move:
    return Move(
        number=number,
        name=name,
        sources=frozenset({sources} if isinstance(sources, State) else sources),
        target=target,
        actors=frozenset(actors.split()),
        topic=f"case.{topic}",
        fields=fields,
        stops=frozenset(stops or ()),
        starts=starts,
        offered=offered,
        by_support=by_support,
        by_any=by_any,
        beside=beside,
    )


_S, _T = State, Stage
_BEFORE_WORK = {
    _S.REGISTERED,
    _S.VERIFYING,
    _S.PENDING_FILING,
    _S.PENDING_DISPATCH,
    _S.PENDING_SIGN,
}
BESIDE = frozenset(
    {_S.PENDING_DISPATCH, _S.PENDING_SIGN, _S.PROCESSING, _S.RETURN_REVIEW, _S.ARBITRATION}
)
"""States in which an emergency is verified while its unit works (T43)."""
BESIDE_STAGES = frozenset({_T.VERIFY, _T.FILE})
_EVERY_CLOCK = set(Stage)

MOVES: tuple[Move, ...] = (
    _move("T1", "register", frozenset(), _S.REGISTERED, "OPERATOR INSPECTOR SYSTEM", "registered",
          starts=(_T.ACCEPT,)),
    _move("T2", "answer_directly", _S.REGISTERED, _S.CLOSED, "OPERATOR RECEIVER DUTY_LEADER",
          "answered",
          fields=(TEXT, EARLIER), stops=_EVERY_CLOCK, starts=(_T.SAMPLE,), offered=True),
    _move("T2", "sample_call", _S.CLOSED, None, "CALLBACK DUTY_LEADER", "sampled",
          fields=(ASKED, SATISFACTION, WORDS), offered=True),
    _move("T3", "reject", _S.REGISTERED, _S.REJECTED, "OPERATOR RECEIVER", "rejected",
          fields=(REJECT, REASON, TOLD, EARLIER), stops=_EVERY_CLOCK, offered=True),
    _move("T4", "transfer_emergency", _S.REGISTERED, _S.CLOSED, "OPERATOR", "transferred",
          fields=(TEXT,), stops=_EVERY_CLOCK, starts=(_T.FOLLOW_UP,), offered=True),
    _move("T4", "follow_up", _S.CLOSED, None, "OPERATOR CALLBACK DUTY_LEADER", "followed_up",
          fields=(OUTCOME, WAY, TEXT), offered=True),
    _move("T5", "self_handle", _S.REGISTERED, _S.CLOSED, "INSPECTOR", "self_handled",
          fields=(TEXT, PHOTOS), stops=_EVERY_CLOCK, offered=True),
    _move("T6", "ask_verify", _S.REGISTERED, _S.VERIFYING, "RECEIVER", "verify_asked",
          stops={_T.ACCEPT}, starts=(_T.VERIFY,), offered=True),
    _move("T7", "verified_true", _S.VERIFYING, _S.PENDING_FILING, "INSPECTOR", "verified",
          fields=(TEXT, PHOTOS), stops={_T.VERIFY}, starts=(_T.FILE,), offered=True),
    _move("T8", "report_untrue", _S.VERIFYING, None, "INSPECTOR", "untrue_reported",
          fields=(TEXT, PHOTOS), stops={_T.VERIFY}, starts=(_T.FILE,), offered=True),
    _move("T8", "verify_again", _S.VERIFYING, None, "DUTY_LEADER", "verify_again",
          fields=(REASON,), stops={_T.FILE}, starts=(_T.VERIFY,), offered=True),
    _move("T8", "verified_false", _S.VERIFYING, _S.CLOSED, "DUTY_LEADER", "found_untrue",
          fields=(REASON, TOLD), stops=_EVERY_CLOCK, offered=True),
    _move("T8", "object_untrue", _S.CLOSED, _S.VERIFYING, "OPERATOR CALLBACK DUTY_LEADER",
          "untrue_objected", fields=(REASON,), starts=(_T.VERIFY,), offered=True),
    _move("T9", "accept", _S.REGISTERED, _S.PENDING_FILING, "RECEIVER", "accepted",
          stops={_T.ACCEPT}, starts=(_T.FILE,), offered=True),
    _move("T10", "file", _S.PENDING_FILING, _S.PENDING_DISPATCH,
          "DUTY_LEADER SYSTEM", "filed",
          fields=(CONDITION,), stops={_T.FILE}, starts=(_T.DISPATCH,), offered=True),
    _move("T11", "void", _S.PENDING_FILING, _S.VOIDED, "DUTY_LEADER", "voided",
          fields=(REASON, TOLD), stops=_EVERY_CLOCK, offered=True),
    _move("T12", "merge", _BEFORE_WORK | {_S.PROCESSING}, _S.MERGED, "DUTY_LEADER SYSTEM",
          "merged", fields=(INTO, REASON), stops=_EVERY_CLOCK, offered=True),
    _move("T13", "unmerge", _S.MERGED, None, "DUTY_LEADER", "unmerged", fields=(REASON,),
          offered=True),
    _move("T14", "dispatch", _S.PENDING_DISPATCH, _S.PENDING_SIGN, "DISPATCHER SYSTEM",
          "dispatched", fields=(UNIT, Field("reason", required=False)), stops={_T.DISPATCH},
          starts=(_T.SIGN, _T.DISPOSAL), offered=True),
    _move("T15", "sign", _S.PENDING_SIGN, _S.PROCESSING, "HANDLER UNIT_APPROVER", "signed",
          stops={_T.SIGN}, starts=(_T.RESPONSE,), offered=True),
    _move("T16", "request_return", _S.PENDING_SIGN, _S.RETURN_REVIEW, "HANDLER UNIT_APPROVER",
          "return_requested", fields=(CLAUSE, OWNER, REASON, EVIDENCE), stops={_T.SIGN},
          starts=(_T.RETURN_REVIEW,), offered=True),
    _move("T17", "request_return", _S.PROCESSING, _S.RETURN_REVIEW, "UNIT_APPROVER",
          "return_requested", fields=(CLAUSE, OWNER, REASON, EVIDENCE),
          starts=(_T.RETURN_REVIEW,), offered=True),
    _move("T18", "accept_return", _S.RETURN_REVIEW, _S.PENDING_DISPATCH, "DISPATCHER",
          "return_accepted", fields=(REASON,), stops={_T.RETURN_REVIEW}, starts=(_T.DISPATCH,),
          offered=True),
    _move("T19", "refuse_return", _S.RETURN_REVIEW, _S.PENDING_SIGN, "DISPATCHER",
          "return_refused", fields=(REASON,), stops={_T.RETURN_REVIEW}, starts=(_T.SIGN,),
          offered=True),
    _move("T20", "escalate", _S.RETURN_REVIEW, _S.ARBITRATION, "SYSTEM DISPATCHER DUTY_LEADER",
          "escalated", fields=(REASON,), stops={_T.RETURN_REVIEW}, starts=(_T.ARBITRATION,),
          offered=True),
    _move("T21", "designate", _S.ARBITRATION, _S.PENDING_SIGN, "DUTY_LEADER", "designated",
          fields=(OWNER, REASON, PRECEDENT, RULING, SUPPORT_UNIT), stops={_T.ARBITRATION},
          starts=(_T.SIGN,), offered=True),
    _move("T21", "state_position", {_S.RETURN_REVIEW, _S.ARBITRATION}, None,
          "HANDLER UNIT_APPROVER", "position_stated", fields=(TEXT,), offered=True, by_any=True),
    _move("T22", "decide_out", _S.ARBITRATION, _S.CLOSED, "DUTY_LEADER", "decided_out",
          fields=(REASON, LEGAL_BASIS, TOLD), stops=_EVERY_CLOCK, offered=True),
    _move("T23", "first_contact", _S.PROCESSING, None, "HANDLER UNIT_APPROVER", "contacted",
          fields=(WAY, TEXT), stops={_T.RESPONSE}, offered=True),
    _move("T23", "progress", {_S.PROCESSING, _S.RETURN_REVIEW, _S.ARBITRATION}, None,
          "HANDLER UNIT_APPROVER", "progressed", fields=(TEXT, PHOTOS), stops={_T.PROGRESS},
          offered=True, by_any=True),
    _move("T23", "confirm_safe", {_S.PROCESSING, _S.RETURN_REVIEW, _S.ARBITRATION}, None,
          "HANDLER UNIT_APPROVER", "made_safe", fields=(TEXT, PHOTOS),
          stops={_T.PROGRESS, _T.SAFE}, offered=True, by_any=True),
    _move("T24", "request_extension", _S.PROCESSING, None, "UNIT_APPROVER", "extension_requested",
          fields=(DAYS, REASON, TOLD), offered=True),
    _move("T24", "approve_extension", _S.PROCESSING, None, "DUTY_LEADER COMMANDER", "extended",
          fields=(REASON,), offered=True),
    _move("T24", "refuse_extension", _S.PROCESSING, None, "DUTY_LEADER COMMANDER",
          "extension_refused", fields=(REASON,), offered=True),
    _move("T25", "request_suspension", _S.PROCESSING, None, "UNIT_APPROVER",
          "suspension_requested", fields=(CAUSE, REASON), offered=True),
    _move("T25", "refuse_suspension", _S.PROCESSING, None, "DUTY_LEADER", "suspension_refused",
          fields=(REASON,), offered=True),
    _move("T25", "review_suspension", _S.SUSPENDED, None, "DUTY_LEADER", "suspension_reviewed",
          fields=(REASON,), offered=True),
    _move("T25", "suspend", _S.PROCESSING, _S.SUSPENDED, "DUTY_LEADER", "suspended",
          fields=(UNTIL, REASON), offered=True),
    _move("T26", "resume", _S.SUSPENDED, _S.PROCESSING, "DUTY_LEADER", "resumed",
          fields=(REASON,), offered=True),
    _move("T27", "add_support", _S.PROCESSING, None, "HANDLER UNIT_APPROVER", "support_added",
          fields=(OWNER, TEXT, HOURS), offered=True),
    _move("T27", "support_done", _S.PROCESSING, None, "HANDLER UNIT_APPROVER", "support_done",
          fields=(TEXT, PHOTOS), offered=True, by_support=True),
    _move("T27", "excuse_support", _S.PROCESSING, None, "UNIT_APPROVER", "support_excused",
          fields=(OWNER, REASON), offered=True),
    _move("T27", "sub_dispatch", _S.PROCESSING, None, "HANDLER UNIT_APPROVER", "task_given",
          fields=(OWNER, TEXT, HOURS), offered=True, by_any=True),
    _move("T27", "sub_sign", _S.PROCESSING, None, "HANDLER UNIT_APPROVER", "task_signed",
          offered=True, by_support=True),
    _move("T27", "sub_done", _S.PROCESSING, None, "HANDLER UNIT_APPROVER", "task_done",
          fields=(TEXT, PHOTOS), offered=True, by_support=True),
    _move("T27", "sub_return", _S.PROCESSING, None, "HANDLER UNIT_APPROVER", "task_returned",
          fields=(REASON,), offered=True, by_support=True),
    _move("T27", "sub_rework", _S.PROCESSING, None, "UNIT_APPROVER", "task_reworked",
          fields=(OWNER, REASON), offered=True, by_any=True),
    _move("T27", "recall", _S.PROCESSING, None, "UNIT_APPROVER", "task_recalled",
          fields=(OWNER, REASON), offered=True, by_any=True),
    _move("T28", "submit_result", _S.PROCESSING, _S.PENDING_CHECK, "UNIT_APPROVER", "submitted",
          fields=(TEXT, PHOTOS), stops={_T.DISPOSAL, _T.RESPONSE, _T.PROGRESS, _T.SAFE},
          starts=(_T.CHECK,), offered=True),
    _move("T29", "bounce", _S.PENDING_CHECK, _S.PROCESSING, "DISPATCHER", "bounced",
          fields=(REASON,), stops={_T.CHECK}, starts=(_T.DISPOSAL,), offered=True),
    _move("T30", "ask_check", _S.PENDING_CHECK, _S.CHECKING, "DISPATCHER", "check_asked",
          stops={_T.CHECK}, starts=(_T.CHECK,), offered=True),
    _move("T31", "check_fail", _S.CHECKING, _S.PROCESSING, "INSPECTOR", "check_failed",
          fields=(REASON, PHOTOS), stops={_T.CHECK}, starts=(_T.DISPOSAL,), offered=True),
    _move("T32", "check_pass", _S.CHECKING, _S.PENDING_CALLBACK, "INSPECTOR", "check_passed",
          fields=(TEXT, PHOTOS), stops={_T.CHECK}, starts=(_T.CALLBACK,), offered=True),
    _move("T32", "no_check_needed", _S.PENDING_CHECK, _S.PENDING_CALLBACK, "DISPATCHER",
          "check_skipped", fields=(REASON,), stops={_T.CHECK}, starts=(_T.CALLBACK,),
          offered=True),
    _move("T33", "callback_done", _S.PENDING_CALLBACK, _S.CLOSED, "CALLBACK SYSTEM", "closed",
          fields=(SOLVED, SATISFACTION, WORDS), stops=_EVERY_CLOCK,
          offered=True),
    _move("T33", "approve_explanation", _S.PENDING_CALLBACK, None, "DUTY_LEADER",
          "explanation_approved", fields=(REASON,), offered=True),
    _move("T34", "rework", _S.PENDING_CALLBACK, _S.PROCESSING, "CALLBACK DUTY_LEADER", "reworked",
          fields=(REASON,), stops={_T.CALLBACK}, starts=(_T.DISPOSAL,), offered=True),
    _move("T35", "archive", _S.CLOSED, _S.ARCHIVED, "SYSTEM", "archived", offered=True),
    _move("T36", "reopen", _S.CLOSED, _S.PROCESSING, "DUTY_LEADER OPERATOR", "reopened",
          fields=(REASON,), starts=(_T.DISPOSAL,), offered=True),
    _move("T37", "appeal_accept", _S.REJECTED, _S.REGISTERED, "DUTY_LEADER", "appeal_accepted",
          fields=(REASON,), starts=(_T.ACCEPT,), offered=True),
    _move("T38", "urge", OPEN, None, "OPERATOR RECEIVER DUTY_LEADER DISPATCHER SUPERVISOR",
          "urged", fields=(TEXT,), offered=True),
    _move("T38", "supervise", OPEN, None, "SUPERVISOR DUTY_LEADER DISPATCHER COMMANDER",
          "supervised", fields=(TEXT, HOW_STERN), offered=True),
    _move("T38", "answer_supervision", OPEN, None, "HANDLER UNIT_APPROVER",
          "supervision_answered", fields=(TEXT,), offered=True),
    _move("T38", "end_supervision", OPEN, None, "SUPERVISOR DUTY_LEADER DISPATCHER COMMANDER",
          "supervision_ended", fields=(REASON,), stops={_T.SUPERVISE}, offered=True),
    _move("T39", "change_category", OPEN, None, "DUTY_LEADER", "recategorised",
          fields=(Field("category", "category"), REASON), offered=True),
    _move("T40", "void", OPEN - {_S.PENDING_FILING}, _S.VOIDED, "DUTY_LEADER", "voided",
          fields=(REASON, TOLD), stops=_EVERY_CLOCK, offered=True),
    _move("T41", "fixed_already", _S.PENDING_FILING, _S.CLOSED, "DUTY_LEADER", "fixed_already",
          fields=(REASON,), stops=_EVERY_CLOCK, offered=True),
    _move("T42", "wait_citizen", {_S.REGISTERED, _S.VERIFYING}, None, "OPERATOR",
          "waiting_for_citizen", fields=(TEXT, WAY), offered=True),
    _move("T42", "wait_citizen", _S.PROCESSING, None, "OPERATOR HANDLER UNIT_APPROVER",
          "waiting_for_citizen", fields=(TEXT, WAY), offered=True),
    _move("T42", "citizen_answered", {_S.REGISTERED, _S.VERIFYING}, None, "OPERATOR",
          "citizen_answered", fields=(TEXT,), offered=True),
    _move("T42", "citizen_answered", _S.PROCESSING, None, "OPERATOR HANDLER UNIT_APPROVER",
          "citizen_answered", fields=(TEXT,), offered=True),
    _move("T43", "emergency_dispatch", {_S.REGISTERED, _S.VERIFYING}, _S.PENDING_SIGN,
          "DUTY_LEADER OPERATOR", "dispatched", fields=(UNIT, REASON),
          stops={_T.ACCEPT, _T.FILE}, starts=(_T.SIGN, _T.DISPOSAL, _T.VERIFY), offered=True),
    _move("T43", "verified_true", BESIDE, None, "INSPECTOR", "verified", fields=(TEXT, PHOTOS),
          stops={_T.VERIFY}, offered=True, beside=True),
    _move("T43", "report_untrue", BESIDE, None, "INSPECTOR", "untrue_reported",
          fields=(TEXT, PHOTOS), stops={_T.VERIFY}, starts=(_T.FILE,), offered=True, beside=True),
    _move("T43", "verify_again", BESIDE, None, "DUTY_LEADER", "verify_again", fields=(REASON,),
          stops={_T.FILE}, starts=(_T.VERIFY,), offered=True, beside=True),
    _move("T43", "hold_true", BESIDE, None, "DUTY_LEADER", "held_true", fields=(REASON,),
          stops={_T.FILE}, offered=True, beside=True),
    _move("T43", "verified_false", BESIDE, _S.CLOSED, "DUTY_LEADER", "found_untrue",
          fields=(REASON, TOLD), stops=_EVERY_CLOCK, offered=True, beside=True),
    _move("M1", "link", frozenset(_S) - {_S.MERGED}, None, "RECEIVER DUTY_LEADER DISPATCHER",
          "linked", fields=(OTHER, REASON, JOINT), offered=True),
    _move("M2", "unlink", frozenset(_S), None, "RECEIVER DUTY_LEADER DISPATCHER", "unlinked",
          fields=(OTHER, REASON), offered=True),
    _move("M3", "split", OPEN, None, "DUTY_LEADER", "split", fields=(VOICES, REASON),
          offered=True),
)  # fmt: skip

ATTACHED = "intake.attached"
TIMER_NEAR, TIMER_OVERDUE = "timer.near", "timer.overdue"
TIMER_ESCALATED, TIMER_RECOMPUTED = "timer.escalated", "timer.recomputed"
CLOCK_TOPICS = (TIMER_NEAR, TIMER_OVERDUE, TIMER_ESCALATED, TIMER_RECOMPUTED)
ABSORBED, RELEASED = "case.absorbed", "case.released"
LINKED, UNLINKED, SPLIT_OFF = "case.linked", "case.unlinked", "case.split_off"
TAKING_VOICES = frozenset({ABSORBED, SPLIT_OFF, "case.unmerged"})
"""Topics whose case has taken over the voices that the payload numbers."""
INCIDENT_OFFERED, INCIDENT_ACCEPTED = "incident.offered", "incident.accepted"
INCIDENT_DISMISSED, INCIDENT_CLOSED = "incident.dismissed", "incident.closed"
INCIDENT_ANSWERED = "incident.answered"
INCIDENT_TOPICS = (INCIDENT_OFFERED, INCIDENT_ACCEPTED, INCIDENT_ANSWERED, INCIDENT_DISMISSED,
                   INCIDENT_CLOSED)  # fmt: skip
REVIEW_DUE = "case.review_due"
CALLED_BACK, ACKNOWLEDGED = "case.called_back", "case.acknowledged"
CALL_NOTED = "case.call_noted"
TOPICS = frozenset(
    {move.topic for move in MOVES}
    | {SPLIT_OFF, CALL_NOTED, *INCIDENT_TOPICS}
    | {ATTACHED, ABSORBED, RELEASED, REVIEW_DUE, CALLED_BACK, ACKNOWLEDGED, *CLOCK_TOPICS}
)
_BY_NAME_AND_STATE = {(move.name, state): move for move in MOVES for state in move.sources}
_BY_STATE = {s: tuple(m for m in MOVES if s in m.sources and m.offered) for s in State}
NAMES = frozenset(move.name for move in MOVES)


def move_from(name: str, state: State) -> Move | None:
    """The row for a move out of a state, or None where the table has none."""
    return _BY_NAME_AND_STATE.get((name, state))


def moves_from(state: State) -> tuple[Move, ...]:
    """The offered moves out of a state, whoever asks."""
    return _BY_STATE[state]
