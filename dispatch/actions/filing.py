"""Moves before the work: file, reject, void, close without dispatch."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from dispatch import catalogue
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.lifecycle import CloseType

SUSPICIOUS_VOID = timedelta(hours=24)


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
        case.priority = min(case.priority, condition.priority)
        context.changed |= {"condition_code", "priority"}
        context.payload["condition"] = condition.code


def reject(context: MoveContext) -> None:
    """T3: one of the six reasons of the law."""
    context.payload["reject_reason"] = context.text("reject_reason")


def answer_directly(context: MoveContext) -> None:
    """T2: answered on the phone."""
    _close(context, CloseType.DIRECT_ANSWER)


def transfer_emergency(context: MoveContext) -> None:
    """T4: handed to 110/119/120/122."""
    _close(context, CloseType.TRANSFERRED)


def self_handle(context: MoveContext) -> None:
    """T5: the inspector put it right on the spot (自行处理)."""
    _close(context, CloseType.SELF_HANDLED)


def verified_false(context: MoveContext) -> None:
    """T8: not true."""
    _close(context, CloseType.NOT_TRUE)


def fixed_already(context: MoveContext) -> None:
    """T41: gone when verified."""
    _close(context, CloseType.NORMAL)


def void(context: MoveContext) -> None:
    """T11/T40: kept, with a reason; close to its deadline it raises an audit alert (4.3)."""
    left = context.case.due_at - context.now
    if left <= SUSPICIOUS_VOID:
        context.payload["alert"] = "VOID_NEAR_DUE"


def _close(context: MoveContext, kind: CloseType) -> None:
    context.case.close_type = kind.value
    context.case.closed_at = context.now
    context.changed |= {"close_type", "closed_at"}
    context.payload["close_type"] = kind.value
