"""Nobody judges her own work, nobody does what she herself ordered (domain.md 7.2, separation).

Posts keep the powers apart at any one time (accounts); here they are kept apart over a case's
life: who changed posts in between still may not act on both sides of one case. The questions are
asked with the other facts of a case (facts.py), so that the case file says beforehand what the
move would refuse (obstacles.py).
"""

from collections.abc import Callable

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import Post
from dispatch.lifecycle import MOVES, State
from dispatch.models import Assignment, Event

JUDGING = frozenset(
    {
        "verified_true",
        "report_untrue",
        "verified_false",
        "accept_return",
        "refuse_return",
        "escalate",
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


def states_of(moves: frozenset[str]) -> frozenset[State]:
    """The states out of which one of the moves leads."""
    return frozenset(state for row in MOVES if row.name in moves for state in row.sources)


def _own_work(user_id: int) -> Q:
    """True when the user held a post in a unit that works on the case, since the case began.

    Her own, or one that was lent to her while somebody was away. Outer query: cases.
    """
    own = Post.objects.filter(user=user_id)
    lent = Post.objects.filter(
        Q(user__absences__cancelled_at__isnull=True)
        | Q(user__absences__cancelled_at__gt=OuterRef("case__created_at")),
        Q(user__absences__post__isnull=True) | Q(user__absences__post=F("pk")),
        user__absences__deputy=user_id,
        user__absences__starts_at__lte=Now(),
        user__absences__ends_at__gt=OuterRef("case__created_at"),
    )
    working = Assignment.objects.filter(case=OuterRef("pk"))
    return Q(Exists(working.filter(Exists(_in_its_line(own)) | Exists(_in_its_line(lent)))))


def _in_its_line(posts: QuerySet[Post]) -> QuerySet[Post]:
    """Posts of an assignment's unit, of one above it or below it, held since its case began."""
    held = posts.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=OuterRef("case__created_at")),
        unit__isnull=False,
    ).annotate(working=ExpressionWrapper(OuterRef("unit__path"), CharField()))
    above, below = Q(working__startswith=F("unit__path")), Q(unit__path__startswith=F("working"))
    return held.filter(above | below)


def _own_order(user_id: int) -> Q:
    """True when the user filed, dispatched or checked the case. Outer query: cases."""
    ordered = Event.objects.filter(case_id=OuterRef("pk"), actor_id=user_id, topic__in=ORDERING)
    return Q(Exists(ordered))


OF_PERSON: dict[str, tuple[frozenset[State], Callable[[int], Q]]] = {
    "own_work": (states_of(JUDGING), _own_work),
    "own_order": (states_of(DOING), _own_order),
}
"""The questions about who asks: in which states, and how of a case for a user's id."""
