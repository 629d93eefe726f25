"""Area incidents as the screens and the API name them: what, where, since when, which cases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, Max, Q

from accounts.models import User
from dispatch import catalogue
from dispatch.actions.errors import CaseNotFoundError
from dispatch.actions.joining.deciding import DECIDERS, READERS
from dispatch.incidents.recognising import LIVE
from dispatch.models import Incident, IncidentMember
from dispatch.models.incidents import IncidentState

MOST = 100


def incidents_of(user: User, *, district: str, state: str = "") -> dict[str, Any]:
    """The incidents of a district, newest first: the live ones, or those in a state.

    Says too whether the user may decide them. Raises CaseNotFoundError for who may not know.
    """
    scope = user.scope()
    if not scope.may(READERS, district, None):
        raise CaseNotFoundError
    states = [state] if state in IncidentState.values else LIVE
    rows = list(
        Incident.objects.filter(district_code=district, state__in=states)
        .select_related("primary", "decided_by")
        .prefetch_related("members__case")
        .order_by("-offered_at", "-pk")[:MOST]
    )
    last = _last_spoken(rows)
    return {
        "items": [summary(row, last.get(row.pk, row.offered_at)) for row in rows],
        "may_decide": scope.may(DECIDERS, district, None),
    }


def named(incident: Incident) -> dict[str, Any]:
    """One incident, as the list names it."""
    return summary(incident, _last_spoken([incident]).get(incident.pk, incident.offered_at))


def _last_spoken(incidents: Iterable[Incident]) -> dict[int, datetime]:
    """When the last voice of each incident came: one query."""
    spoken = (
        IncidentMember.objects.filter(incident__in=list(incidents))
        .values("incident_id")
        .annotate(
            at=Max(
                "case__intakes__received_at",
                filter=Q(case__intakes__received_at__gte=F("incident__since")),
            )
        )
        .values_list("incident_id", "at")
    )
    return {pk: at for pk, at in spoken if at}


def summary(incident: Incident, last: datetime) -> dict[str, Any]:
    """An incident as the API names it; `last` is when its last voice came."""
    category = catalogue.current().categories.get(incident.primary.category_code)
    return {
        "id": incident.pk,
        "state": incident.state,
        "district": incident.district_code,
        "family": incident.family,
        "category": {
            "code": incident.primary.category_code,
            "name": category.name if category else "",
            "name_en": category.name_en if category else "",
        },
        "place": incident.place,
        "centre": {"lon": incident.centre.x, "lat": incident.centre.y, "crs": "WGS84"}
        if incident.centre
        else None,
        "radius_m": incident.radius_m,
        "voices": incident.voices,
        "primary": incident.primary.case_no,
        "title": "" if incident.primary.sensitive else incident.primary.title,
        "cases": [_member(member) for member in incident.members.all()],
        "since": incident.since.isoformat(),
        "until": last.isoformat(),
        "offered_at": incident.offered_at.isoformat(),
        "answer": incident.answer,
        "auto_join": incident.auto_join,
        "decided_by": str(incident.decided_by) if incident.decided_by else "",
        "decided_at": incident.decided_at.isoformat() if incident.decided_at else None,
    }


def _member(member: IncidentMember) -> dict[str, Any]:
    """A case of an incident; of one that has become sensitive since, no words."""
    case = member.case
    return {
        "case_no": case.case_no,
        "state": case.state,
        "line": case.line,
        "title": "" if case.sensitive else case.title,
        "address": "" if case.sensitive else case.address,
        "at": case.created_at.isoformat(),
        "voices": case.intakes_count,
        "left_out": member.left_out,
    }
