"""Both sides of a return are counted: units' invalid ones, dispatchers' wrong dispatches (4.5, 7).

A unit's return is valid when it was accepted, or when the ruling named another unit; a dispatch is
wrong exactly then. Units see their own figures; persons are named to those who supervise alone.
"""

from datetime import datetime
from typing import Any

from django.db.models import Case as When_
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields import CharField

from accounts.models import User
from accounts.scope import CASE_ROLES
from dispatch.actions.errors import NotAllowedError
from dispatch.models import ReturnRequest, Ruling
from dispatch.models.alarms import ALARM_ROLES

READERS = CASE_ROLES | ALARM_ROLES
VALID, INVALID, OPEN = "VALID", "INVALID", "OPEN"


def judged(returns: QuerySet[ReturnRequest]) -> QuerySet[ReturnRequest]:
    """The returns with what became of them: VALID, INVALID or OPEN."""
    upheld = Ruling.objects.filter(
        case=OuterRef("case"), decided_at=OuterRef("decided_at"), unit=OuterRef("unit")
    )
    return returns.alias(upheld=Exists(upheld)).annotate(
        outcome=When_(
            When(decision="ACCEPTED", then=Value(VALID)),
            When(decision="REFUSED", then=Value(INVALID)),
            When(decision="RULED", upheld=True, then=Value(INVALID)),
            When(decision="RULED", then=Value(VALID)),
            default=Value(OPEN),
            output_field=CharField(),
        )
    )


def returns_counters(
    user: User, *, district: str, since: datetime, until: datetime
) -> dict[str, Any]:
    """The figures of a district for returns asked from `since` up to `until` (exclusive).

    Raises NotAllowedError where the user sees neither the district nor a unit of it.
    """
    returns = ReturnRequest.objects.filter(
        case__district_code=district, asked_at__gte=since, asked_at__lt=until
    )
    sees_all = user.scope().may(READERS, district, None)
    own = user.scope().unit_ids
    if not sees_all and not own:
        raise NotAllowedError
    shown = returns if sees_all else returns.filter(unit_id__in=own)
    supervises = user.scope().may(ALARM_ROLES, district, None)
    return {
        "district": district,
        "from": since.isoformat(),
        "to": until.isoformat(),
        "units": _by_unit(shown),
        "dispatchers": _by_dispatcher(returns) if supervises else [],
    }


def _by_unit(returns: QuerySet[ReturnRequest]) -> list[dict[str, Any]]:
    rows = (
        judged(returns)
        .values(code=F("unit__code"), name=F("unit__name"))
        .annotate(
            returns=Count("pk"),
            valid=Count("pk", filter=Q(outcome=VALID)),
            invalid=Count("pk", filter=Q(outcome=INVALID)),
            late=Count("pk", filter=Q(is_late=True)),
        )
        .order_by("-invalid", "-returns", "code")
    )
    return [dict(row) for row in rows]


def _by_dispatcher(returns: QuerySet[ReturnRequest]) -> list[dict[str, Any]]:
    rows = (
        judged(returns.filter(dispatched_by__isnull=False))
        .values(username=F("dispatched_by__username"), name=F("dispatched_by__name"))
        .annotate(returns=Count("pk"), wrong=Count("pk", filter=Q(outcome=VALID)))
        .order_by("-wrong", "-returns", "username")
    )
    return [dict(row) for row in rows]
