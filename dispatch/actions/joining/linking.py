"""关联: two cases stand side by side and stay two, across districts too (domain.md 4.3, rule 8)."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from dispatch import outbox
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.lifecycle import LINKED, UNLINKED
from dispatch.models import Case, Link
from dispatch.models.merges import LinkKind


def link(context: MoveContext) -> None:
    """M1: with a note that both districts read where the other case lies elsewhere."""
    case, other = context.case, _other(context)
    if links_of(case).filter(Q(first=other) | Q(second=other)).exists():
        raise _refusal(_("两案已关联。"), "ALREADY_LINKED")
    joint = context.text("joint")
    abroad = case.district_code != other.district_code
    if abroad and not joint:
        why = str(_("跨区关联须写明联办说明，双方均可见。"))
        raise RuleError(why, code="JOINT_NOTE", fields={"joint": [why]})
    kind = LinkKind.JOINT if abroad else LinkKind.RELATED
    tie(context, other, kind, joint)
    _tell(context, other, LINKED)


def unlink(context: MoveContext) -> None:
    """M2: the two go their own ways again; that they stood together stays in both logs."""
    case, other = context.case, _other(context)
    rows = links_of(case).filter(Q(first=other) | Q(second=other))
    if not rows.update(ended_by=context.person, ended_at=context.now):
        raise _refusal(_("两案没有关联。"), "NOT_LINKED")
    _tell(context, other, UNLINKED)


def tie(context: MoveContext, other: Case, kind: LinkKind, joint: str = "") -> Link:
    """Write the link, the elder row first."""
    first, second = sorted((context.case, other), key=lambda case: case.pk)
    return Link.objects.create(
        first=first, second=second, kind=kind, joint=joint, by=context.person, at=context.now
    )


def links_of(case: Case) -> QuerySet[Link]:
    """The links of a case that stand."""
    return Link.objects.filter(Q(first=case) | Q(second=case), ended_at__isnull=True)


def _other(context: MoveContext) -> Case:
    """The case that `other` names, locked by make_move; a sensitive one only for who may see it."""
    number = context.text("other")
    case = Case.objects.filter(case_no=number).first()
    visible = Case.objects.visible_to(context.person).filter(case_no=number)
    if case is None or (case.sensitive and not visible.exists()):
        raise _refusal(_("没有这个案件，或无权查看。"), "UNKNOWN_CASE")
    if case.pk == context.case.pk:
        raise _refusal(_("不能与自身关联。"), "ITSELF")
    return case


def _tell(context: MoveContext, other: Case, topic: str) -> None:
    """The same event on the other case; its row stays as it is."""
    context.payload["other"] = other.case_no
    outbox.record(
        other,
        topic=topic,
        by=context.by,
        now=context.now,
        from_state=other.state,
        payload={"other": context.case.case_no},
    )


def _refusal(message: object, code: str) -> RuleError:
    return RuleError(message, code=code, fields={"other": [str(message)]})
