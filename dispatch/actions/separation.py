"""Nobody judges her own work, nobody does what she herself ordered (domain.md 7.2, separation).

Posts keep the powers apart at any one time (accounts); here they are kept apart over a case's
life: who changed posts in between still may not act on both sides of one case.
"""

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Deputy, Post, User
from accounts.ready import ReadyRows
from dispatch.actions.context import MoveContext
from dispatch.actions.errors import RuleError
from dispatch.models import Assignment, Case, Event

JUDGING = frozenset(
    {
        "accept_return",
        "refuse_return",
        "designate",
        "decide_out",
        "approve_extension",
        "refuse_extension",
        "suspend",
        "refuse_suspension",
        "bounce",
        "no_check_needed",
        "check_pass",
        "check_fail",
        "callback_done",
        "approve_explanation",
        "rework",
        "end_supervision",
    }
)
"""Moves on the work of a unit: by nobody who belonged to it since the case began."""
DOING = frozenset({"sign", "submit_result", "sub_sign", "sub_done", "support_done"})
"""A unit's work: by nobody who filed, dispatched or checked the same case."""
ORDERING = ("case.filed", "case.dispatched", "case.designated", "case.verified",
            "case.check_passed", "case.check_failed", "case.return_accepted",
            "case.return_refused")  # fmt: skip

_ORDERED = ReadyRows(
    "dispatch_ordered_by",
    lambda case_id, user_id: Event.objects.filter(
        case_id=case_id, actor_id=user_id, topic__in=ORDERING
    ).values_list("pk")[:1],
    ids=2,
)


def keep_apart(context: MoveContext) -> None:
    """Refuse a move of one side to somebody of the other; raises RuleError OWN_WORK, OWN_ORDER."""
    if context.by is None:
        return
    if context.move.name in JUDGING and belonged(context.by, context.case):
        raise RuleError(_("不得核查、裁决本人所在单位处置的案件。"), code="OWN_WORK")
    if context.move.name in DOING and _ORDERED.rows(context.case.pk, context.by.pk):
        raise RuleError(_("不得处置本人立案、派遣或核查的案件。"), code="OWN_ORDER")


def belonged(user: User, case: Case) -> bool:
    """True when the user held a post in a unit that works on the case, since the case began.

    Her own, or one that was lent to her while somebody was away.
    """
    lenders = Deputy.objects.filter(
        Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=case.created_at),
        deputy=user,
        starts_at__lte=Now(),
        ends_at__gt=case.created_at,
    )
    posts = Post.objects.filter(
        Q(user=user) | Q(user__in=lenders.values("absent")),
        Q(ended_at__isnull=True) | Q(ended_at__gt=case.created_at),
        unit__isnull=False,
    )
    held = list(posts.values_list("unit__path", flat=True))
    if not held:
        return False
    working = Assignment.objects.filter(case=case).values_list("unit__path", flat=True)
    return any(path.startswith(own) or own.startswith(path) for path in working for own in held)
