"""The unit's moves: sign, first contact, submit the result."""

from dispatch.actions.context import MoveContext
from dispatch.models import Assignment
from dispatch.models.cases import AssignmentRole


def sign(context: MoveContext) -> None:
    """T15 签收."""
    _stamp(context, signed_at=context.now)


def first_contact(context: MoveContext) -> None:
    """T23 先行联系: stops the response clock."""
    context.payload["way"] = context.text("way")
    _stamp(context, contacted_at=context.now)


def submit_result(context: MoveContext) -> None:
    """T28: the result is on the table, the disposal clock stops."""
    _stamp(context, submitted_at=context.now)


def _stamp(context: MoveContext, **times: object) -> None:
    Assignment.objects.filter(
        case=context.case, role=AssignmentRole.LEAD, ended_at__isnull=True
    ).update(**times)
