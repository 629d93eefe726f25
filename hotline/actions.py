"""What operators do."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from django.utils.translation import gettext_lazy as _

from accounts.identity import keyed_digest
from accounts.models import User
from accounts.prepared import insert_prepared
from dispatch.actions.errors import NotAllowedError
from dispatch.actions.moving import make_move
from dispatch.actions.suggesting import keep_choice
from dispatch.intake import amend, submit
from dispatch.voices import Caller, IntakeError, Line, NewIntake, Position, Receipt
from hotline.models import Ticket

OPERATORS = frozenset({"OPERATOR", "RECEIVER", "DUTY_LEADER"})
PRAISE = "PRAISE"
NO_TIME = datetime.min.replace(tzinfo=UTC)
"""What a call says without a time: left out where a repeat is compared with the first."""
KINDS = frozenset({"CONSULT", "HELP", "COMPLAINT", "REPORT", "SUGGESTION", PRAISE, "OTHER"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as the operator logs it; `key` is the Idempotency-Key, `call_id` the switch's.

    `suggested` are the categories that the desk offered her, best first.
    """

    kind: str
    title: str
    content: str
    category: str
    caller: Caller
    occurred_at: datetime
    address: str = ""
    position: Position | None = None
    priority: int | None = None
    wants_reply: bool = True
    attach_to_case: str = ""
    call_id: str = ""
    key: str = ""
    channel: str = "PHONE"
    suggested: tuple[str, ...] = ()


def log_call(call: Call, *, by: User, now: datetime) -> Receipt:
    """Log a call: one voice in the queue and the hotline's own ticket, together or not at all.

    Raises NotAllowedError and what dispatch.intake.submit raises.
    """
    if not by.scope().roles & OPERATORS:
        raise NotAllowedError
    if call.kind not in KINDS:
        raise IntakeError("UNKNOWN_KIND", "kind", _("未知的诉求类型。"))
    return submit(_voice(call, by), by=by, now=now, then=partial(_keep, call, by=by, now=now))


def _keep(call: Call, receipt: Receipt, *, by: User, now: datetime) -> Receipt:
    """Write the hotline's own ticket and what the operator chose."""
    intake_no = receipt.body["intake_no"]
    insert_prepared(
        Ticket(
            intake_no=intake_no,
            case_no=receipt.body["case_no"],
            call_id=call.call_id,
            kind=call.kind,
            operator=by,
            logged_at=now,
        )
    )
    keep_choice(
        intake_no=intake_no,
        text=f"{call.title}\n{call.content}",
        offered=call.suggested,
        chosen=call.category,
        now=now,
    )
    if call.kind == PRAISE and receipt.body["created"]:
        return _thanked(receipt, by=by, now=now)
    return receipt


def _thanked(receipt: Receipt, *, by: User, now: datetime) -> Receipt:
    """Praise never enters dispatch (domain.md 9.1, trap 22)."""
    case = make_move(
        case_no=receipt.body["case_no"],
        move="answer_directly",
        version=1,
        data={"text": "表扬已登记"},
        by=by,
        now=now,
    )
    return amend(receipt, state=case.state)


def _voice(call: Call, by: User) -> NewIntake:
    source = (f"hotline:key:{by.pk}", call.key) if call.key else ("hotline:call", call.call_id)
    if not source[1]:
        source = ("", "")
    content = repr(replace(call, key="", suggested=(), occurred_at=NO_TIME))
    return NewIntake(
        line=Line.HOTLINE,
        channel=call.channel,
        kind=call.kind,
        category=call.category,
        title=call.title,
        content=call.content,
        occurred_at=call.occurred_at,
        address=call.address,
        position=call.position,
        caller=call.caller,
        priority=call.priority,
        wants_reply=call.wants_reply and call.kind != PRAISE,
        attach_to_case=call.attach_to_case,
        source=source,
        digest=keyed_digest(content),
    )
