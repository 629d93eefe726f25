"""Moves before the work: file, reject, void, close without dispatch."""

from django.utils.translation import gettext_lazy as _

from dispatch import catalogue, outbox
from dispatch.actions import sampling, timing
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.fields import RejectReason
from dispatch.lifecycle import CloseType
from dispatch.models import Case
from dispatch.models.cases import NEVER

ANSWERED_AT_ONCE = frozenset({"CONSULT", "PRAISE"})


def file(context: MoveContext) -> None:
    """T10: condition and limit are fixed."""
    case, book = context.case, catalogue.current()
    code = context.text("condition") or case.condition_code
    condition = book.conditions.get(code) if code else book.default_condition(case.category_code)
    if code and (
        condition is None or condition.category.code not in book.chains[case.category_code]
    ):
        raise RuleError(
            _("立案条件与事项分类不符。"),
            code="WRONG_CONDITION",
            fields={"condition": [str(_("立案条件与事项分类不符。"))]},
        )
    if condition is not None:
        case.condition_code = condition.code
        if condition.priority < case.priority:
            case.priority = condition.priority
            timing.replan(case)
        context.changed |= {"condition_code", "priority"}
        context.payload["condition"] = condition.code


def reject(context: MoveContext) -> None:
    """T3: one of the six reasons of the law; the citizen is told, a repeat names the older case."""
    reason = context.text("reject_reason")
    context.payload["reject_reason"] = reason
    tell(context)
    if context.text("earlier"):
        _link_earlier(context)
    elif reason == RejectReason.REPEAT_NO_NEW:
        why = str(_("重复诉求须写明原案件编号。"))
        raise RuleError(why, code="EARLIER_MISSING", fields={"earlier": [why]})


def answer_directly(context: MoveContext) -> None:
    """T2: a question is answered on the phone; a repeat without new facts is told how it stands."""
    kinds = set(context.case.intakes.values_list("kind", flat=True))
    if context.text("earlier"):
        _link_earlier(context)
    elif not kinds & ANSWERED_AT_ONCE:
        why = str(_("仅咨询、表扬可直接答复；重复来电请写明原案件编号。"))
        raise RuleError(why, code="NOT_A_QUESTION", fields={"earlier": [why]})
    sampling.draw(context)
    _close(context, CloseType.DIRECT_ANSWER)


def transfer_emergency(context: MoveContext) -> None:
    """T4: handed to 110/119/120/122."""
    _close(context, CloseType.TRANSFERRED)


def self_handle(context: MoveContext) -> None:
    """T5: the inspector put it right on the spot (自行处理)."""
    _close(context, CloseType.SELF_HANDLED)


def verified_false(context: MoveContext) -> None:
    """T8: the leader has looked at what the inspector found; the citizen is told."""
    tell(context)
    _close(context, CloseType.NOT_TRUE)


def fixed_already(context: MoveContext) -> None:
    """T41: gone when verified."""
    _close(context, CloseType.NORMAL)


def void(context: MoveContext) -> None:
    """T11/T40: kept, with a reason; the log says how near its deadline it was, and how many voices
    go under with it (oversight/alarming.py). One voice may be a test or a slip of the hand; where
    several wait for a reply, each is told. Merged cases have been let go before (moving.py)."""
    voices = context.case.intakes.values_list("wants_reply", flat=True)
    context.payload |= {"voided_voices": len(voices), "unanswered": sum(voices)}
    if context.case.due_at < NEVER:
        context.payload["due_at"] = context.case.due_at.isoformat()
    if context.text("told") or sum(voices) > 1:
        tell(context)


def tell(context: MoveContext) -> None:
    """How the citizen was told, where one speaks in the case; raises RuleError."""
    told = context.text("told")
    if told:
        context.payload["told"] = told
    elif context.case.intakes.filter(wants_reply=True).exists():
        why = str(_("请写明如何告知诉求人。"))
        raise RuleError(why, code="TOLD_MISSING", fields={"told": [why]})


def _link_earlier(context: MoveContext) -> None:
    """Name the older case; while that one is open the repeat counts as urging it (2.7)."""
    rows = Case.objects.visible_to(context.person).select_for_update(of=("self",))
    earlier = rows.filter(case_no=context.text("earlier")).exclude(pk=context.case.pk).first()
    if earlier is None:
        why = str(_("没有这个案件，或无权查看。"))
        raise RuleError(why, code="UNKNOWN_CASE", fields={"earlier": [why]})
    context.payload["earlier"] = earlier.case_no
    if earlier.is_open:
        earlier.urge_count += 1
        earlier.version += 1
        earlier.save(update_fields=["urge_count", "version"])
        outbox.record(
            earlier,
            topic="case.urged",
            by=context.by,
            now=context.now,
            from_state=earlier.state,
            payload={"urges": earlier.urge_count, "repeat": context.case.case_no},
        )


def _close(context: MoveContext, kind: CloseType) -> None:
    context.case.close_type = kind.value
    context.case.closed_at = context.now
    context.changed |= {"close_type", "closed_at"}
    context.payload["close_type"] = kind.value
