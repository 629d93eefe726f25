"""The database itself keeps the invariants of rules, links and incidents."""

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError

from dispatch.models import Case, Incident, IncidentMember, Link
from dispatch.models.incidents import IncidentState
from tests.app.test_constraints import ask
from tests.app.test_disputes import log
from tests.city import NOW, A, City


def linked(city: City) -> tuple[Case, Case]:
    """Two cases with a link between them."""
    first, second = log(city), log(city)
    Link.objects.create(first=first, second=second, kind="RELATED", by=city["leader1"], at=NOW)
    return first, second


def incident_of(case: Case, state: str = "OFFERED") -> Incident:
    """An incident that a case speaks of."""
    return Incident.objects.create(
        district_code=A, family="UTILITY", spot="P:春晓花园", centre=Point(119.6, 29.9, srid=4326),
        radius_m=200, primary=case, state=state, voices=5, since=NOW, offered_at=NOW,
    )  # fmt: skip


REFUSED = (
    ("dispatch_category_never_merge_is_known", "UPDATE dispatch_category SET never_merge = 'X'"),
    ("dispatch_duplicaterule_is_of_a_family_or_of_a_category",
     "UPDATE dispatch_duplicaterule SET category_code = 'E0104' WHERE family = 'ROAD'"),
    ("dispatch_duplicaterule_incident_has_count_and_span",
     "UPDATE dispatch_duplicaterule SET incident_count = 5, incident_minutes = 0"),
    ("dispatch_duplicaterule_one_per_family_or_category",
     "UPDATE dispatch_duplicaterule SET family = 'ROAD' WHERE family = 'WATER'"),
    ("dispatch_link_has_one_direction",
     "UPDATE dispatch_link SET first_id = second_id, second_id = first_id"),
    ("dispatch_link_joint_says_what", "UPDATE dispatch_link SET kind = 'JOINT'"),
    ("dispatch_link_kind_is_known", "UPDATE dispatch_link SET kind = 'X'"),
    ("dispatch_incident_state_is_known", "UPDATE dispatch_incident SET state = 'X'"),
    ("dispatch_incident_decided_says_when", "UPDATE dispatch_incident SET state = 'DISMISSED'"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "sql"), REFUSED, ids=[name for name, _ in REFUSED])
def test_the_database_refuses(city: City, name: str, sql: str) -> None:
    incident_of(linked(city)[0])

    with pytest.raises(IntegrityError, match=name):
        ask(sql)


def test_a_pair_is_linked_once_at_a_time(city: City) -> None:
    first, second = linked(city)

    with pytest.raises(IntegrityError, match="dispatch_link_stands_once"):
        Link.objects.create(first=first, second=second, kind="SPLIT", by=city["leader1"], at=NOW)


def test_a_spot_has_one_live_incident(city: City) -> None:
    case = log(city)
    incident_of(case, IncidentState.CLOSED.value)
    incident_of(case)

    with pytest.raises(IntegrityError, match="dispatch_incident_one_live_per_spot"):
        incident_of(case)


def test_a_case_is_named_once_in_an_incident(city: City) -> None:
    case = log(city)
    incident = incident_of(case)
    IncidentMember.objects.create(incident=incident, case=case)

    with pytest.raises(IntegrityError, match="dispatch_incidentmember_is_named_once"):
        IncidentMember.objects.create(incident=incident, case=case)
