"""Sound for new work until somebody of the assigned team has heard it; other teams stay quiet.

The team of an assignment is the unit itself: whoever works above it sees the case, but is not rung.
The first of the team to acknowledge silences all of that team's screens; so does signing.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.scope import UNIT_ROLES
from dispatch import outbox
from dispatch.actions.errors import CaseNotFoundError
from dispatch.lifecycle import ACKNOWLEDGED, State
from dispatch.models import Acknowledgement, Assignment, Case, QueueSettings
from dispatch.models.assignments import AssignmentRole

RINGS_FOR: Final = timedelta(hours=24)
"""Later than this a screen has rung long enough; the deadline's own ladder goes on."""
MOST_RINGS: Final = 50


def rings_for(user: User, *, now: datetime) -> list[dict[str, Any]]:
    """The new work of the user's own teams that nobody there has acknowledged, urgent first."""
    rows = _unheard(user, now).order_by("case__priority", "dispatched_at")[:MOST_RINGS]
    return [
        {
            "case_no": row.case.case_no,
            "title": row.case.title,
            "priority": row.case.priority,
            "line": row.case.line,
            "unit": row.unit.code,
            "unit_name": row.unit.name,
            "role": row.role,
            "dispatched_at": row.dispatched_at.isoformat(),
        }
        for row in rows
    ]


def _unheard(user: User, now: datetime) -> QuerySet[Assignment]:
    teams = [post.unit_id for post in user.scope().posts if post.role in UNIT_ROLES]
    leads = Q(role=AssignmentRole.LEAD, case__state=State.PENDING_SIGN.value)
    supports = Q(role=AssignmentRole.SUPPORT, case__is_open=True, submitted_at__isnull=True)
    return Assignment.objects.select_related("case", "unit").filter(
        leads | supports,
        unit__in=teams,
        ended_at__isnull=True,
        signed_at__isnull=True,
        acknowledgement__isnull=True,
        dispatched_at__gt=now - RINGS_FOR,
    )


@transaction.atomic
def acknowledge(*, case_no: str, by: User, now: datetime) -> dict[str, Any]:
    """Silence a case for the user's team; the second to press gets the first's receipt.

    Locks the case row. Raises CaseNotFoundError for a case that was not given to a team of hers.
    """
    cases = Case.objects.select_for_update(of=("self",)).visible_to(by)
    case = cases.filter(case_no=case_no).first()
    if case is None:
        raise CaseNotFoundError
    teams = [post.unit_id for post in by.scope().posts if post.role in UNIT_ROLES]
    given = Assignment.objects.filter(case=case, unit__in=teams, ended_at__isnull=True)
    assignments = list(given.order_by("pk"))
    if not assignments:
        raise CaseNotFoundError
    for assignment in assignments:
        heard, is_first = Acknowledgement.objects.get_or_create(
            assignment=assignment, defaults={"by": by, "at": now}
        )
        if is_first:
            payload = {
                "unit": assignment.unit_id,
                **by.scope().on_behalf(UNIT_ROLES, case.area_code, assignment.unit_id),
            }
            outbox.record(
                case, topic=ACKNOWLEDGED, by=by, now=now, from_state=case.state, payload=payload
            )
    return {"case_no": case_no, "by": str(heard.by), "at": heard.at.isoformat()}


def wants_sound(user: User) -> bool:
    """Whether the person has the sound on; it is on until she says otherwise."""
    return QueueSettings.objects.filter(user=user, sound=False).first() is None


def set_sound(*, on: bool, by: User) -> None:
    """Turn the sound on or off for a person, on all her devices."""
    QueueSettings.objects.update_or_create(user=by, defaults={"sound": on})
