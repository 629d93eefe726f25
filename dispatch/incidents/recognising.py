"""区域性事件: many calls about one outage within minutes are recognised and offered as one.

A subscriber of the log: it may be killed at any time and never offers twice, for its cursor moves
with its effect and a spot has one live incident (domain.md 4.2). Costs the intake nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.gis.geos import MultiPoint, Point
from django.db import IntegrityError, transaction

from dispatch import catalogue, outbox
from dispatch.duplicates.never_merge import never_of
from dispatch.lifecycle import (
    ATTACHED,
    ENDED,
    INCIDENT_CLOSED,
    INCIDENT_OFFERED,
    MOVES,
    SPLIT_OFF,
    State,
)
from dispatch.matching import COMMUNITY, ESTATE, MatchRule
from dispatch.models import Case, Incident, IncidentMember, Intake
from dispatch.models.incidents import IncidentState
from dispatch.subscribing import Heard
from gis import locator
from gis.coords import distance_m

SUBSCRIBER = "dispatch.recognise_incidents"
SPEAKS = frozenset({"case.registered", ATTACHED, SPLIT_OFF})
ENDINGS = frozenset(move.topic for move in MOVES if move.target in ENDED)
HEARD = SPEAKS | ENDINGS
STALE = timedelta(hours=6)
"""What happened longer ago is history: nobody is offered it any more."""
LIVE = (IncidentState.OFFERED.value, IncidentState.ACCEPTED.value)


@dataclass(frozen=True, slots=True)
class Said:
    """One voice of a family in a district: who, when, where, in which case."""

    who: str
    at: datetime
    case_id: int
    case_at: datetime
    community: str
    estates: frozenset[str]
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """The voices of one spot within the rule's minutes."""

    spot: str
    voices: tuple[Said, ...]

    @property
    def people(self) -> int:
        """How many different callers."""
        return len({voice.who for voice in self.voices})


def recognise(heard: Sequence[Heard], *, now: datetime) -> None:
    """Offer what has become an incident, and close those whose case has ended; one transaction."""
    fresh = [event for event in heard if event.at >= now - STALE]
    numbers = {event.case_no for event in fresh if event.topic in SPEAKS}
    cases = Case.objects.filter(case_no__in=numbers, is_open=True, sensitive=False)
    asked: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for case in cases:
        rule = catalogue.current().duplicate_rule(case.category_code, case.family)
        if rule.incident_count and not never_of(case.category_code):
            asked[case.district_code, case.family, case.category_code].add(case.pk)
    times = [event.at for event in fresh]
    for (district, family, category), ids in asked.items():
        rule = catalogue.current().duplicate_rule(category, family)
        said = voices_of(district, family, since=min(times) - span_of(rule), until=max(times))
        for group in groups_of(said, ids, rule):
            _offer(district, family, group, rule, now=now)
    _close_ended({event.case_no for event in heard}, now=now)


def span_of(rule: MatchRule) -> timedelta:
    """Within how long the calls of an incident come."""
    return timedelta(minutes=rule.incident_minutes)


def voices_of(district: str, family: str, *, since: datetime, until: datetime) -> list[Said]:
    """The voices of a family in a district in the order in which they came: one query."""
    rows = (
        Intake.objects.filter(
            received_at__gt=since,
            received_at__lte=until,
            confidential=False,
            case__district_code=district,
            case__family=family,
            case__is_open=True,
            case__sensitive=False,
        )
        .order_by("received_at", "pk")
        .values_list(
            "pk", "phone_index", "received_at", "case_id", "case__created_at",
            "case__community_code", "match_keys", "case__match_keys", "case__location",
        )
    )  # fmt: skip
    return [
        Said(
            who=phone or f"voice {pk}",
            at=at,
            case_id=case_id,
            case_at=case_at,
            community=community,
            estates=frozenset(k for k in (*keys, *case_keys) if k.startswith(ESTATE)),
            lon=place.x if place else None,
            lat=place.y if place else None,
        )
        for pk, phone, at, case_id, case_at, community, keys, case_keys, place in rows
    ]


def groups_of(said: Sequence[Said], ids: set[int], rule: MatchRule) -> list[Group]:
    """The spots where enough different callers spoke within the span, the fullest of each voice."""
    found: dict[str, Group] = {}
    span = span_of(rule)
    for voice in said:
        if voice.case_id not in ids:
            continue
        lately = [one for one in said if voice.at - span < one.at <= voice.at]
        groups = (Group(spot, tuple(members)) for spot, members in spots_of(voice, lately, rule))
        best = max(groups, key=lambda group: group.people, default=None)
        if best is None or best.people < rule.incident_count:
            continue
        if best.spot not in found or best.people >= found[best.spot].people:
            found[best.spot] = best
    return list(found.values())


def spots_of(voice: Said, others: Iterable[Said], rule: MatchRule) -> list[tuple[str, list[Said]]]:
    """Who speaks of the same estate, within the radius, or in the same community as a voice."""
    lately = list(others)
    spots = [
        (estate, [one for one in lately if estate in one.estates])
        for estate in sorted(voice.estates)
    ]
    here = f"{COMMUNITY}{voice.community}" if voice.community else _square(voice)
    if here:
        near = [one for one in lately if _is_near(voice, one, rule)]
        same = [one for one in lately if voice.community and one.community == voice.community]
        spots.append((here, max(near, same, key=len)))
    return spots


def _square(voice: Said) -> str:
    if voice.lon is None or voice.lat is None:
        return ""
    return f"{COMMUNITY}{voice.lon:.2f},{voice.lat:.2f}"


def _is_near(a: Said, b: Said, rule: MatchRule) -> bool:
    if a.lon is None or a.lat is None or b.lon is None or b.lat is None:
        return False
    return distance_m(a.lon, a.lat, b.lon, b.lat) <= rule.radius_m


def _offer(district: str, family: str, group: Group, rule: MatchRule, *, now: datetime) -> None:
    """Offer the group once; a live incident takes its cases, a settled one its earlier voices."""
    live = _live_of(district, family, group)
    if live is not None:
        _grow(live, group)
        return
    settled = Incident.objects.filter(district_code=district, family=family, spot=group.spot)
    times = settled.values_list("decided_at", "closed_at")
    last = max((at for pair in times for at in pair if at), default=None)
    group = Group(group.spot, tuple(v for v in group.voices if last is None or v.at > last))
    if group.people < rule.incident_count:
        return
    first = min(group.voices, key=lambda voice: (voice.case_at, voice.case_id))
    try:
        with transaction.atomic():
            incident = _create(district, family, group, rule, first.case_id, now)
    except IntegrityError as error:
        if "dispatch_incident_one_live_per_spot" not in str(error):
            raise
        return
    _grow(incident, group)
    primary = Case.objects.select_for_update(of=("self",)).get(pk=first.case_id)
    outbox.record(
        primary,
        topic=INCIDENT_OFFERED,
        by=None,
        now=now,
        from_state=primary.state,
        payload={"incident": incident.pk, "voices": group.people},
    )


def _create(
    district: str, family: str, group: Group, rule: MatchRule, primary_id: int, now: datetime
) -> Incident:
    points = [
        Point(voice.lon, voice.lat, srid=4326)
        for voice in group.voices
        if voice.lon is not None and voice.lat is not None
    ]
    return Incident.objects.create(
        district_code=district,
        family=family,
        spot=group.spot,
        place=place_of(group.spot),
        centre=MultiPoint(points, srid=4326).centroid if points else None,
        radius_m=rule.radius_m,
        primary_id=primary_id,
        state=IncidentState.OFFERED.value,
        voices=group.people,
        since=min(voice.at for voice in group.voices),
        offered_at=now,
    )


def place_of(spot: str) -> str:
    """The spot in words: the estate, or the community's name."""
    name = spot.rsplit(":", 1)[-1]
    return name if spot.startswith(ESTATE) else locator.snapshot().name_of(name) or name


def _live_of(district: str, family: str, group: Group) -> Incident | None:
    """The live incident of the spot, or one that has a case of the group already; locked."""
    live = Incident.objects.select_for_update().filter(
        district_code=district, family=family, state__in=LIVE
    )
    members = {voice.case_id for voice in group.voices}
    taken = IncidentMember.objects.filter(case_id__in=members, incident__state__in=LIVE)
    ids = set(taken.values_list("incident_id", flat=True))
    return next(
        (one for one in live.order_by("pk") if one.spot == group.spot or one.pk in ids), None
    )


def _grow(incident: Incident, group: Group) -> None:
    """Note the cases of an incident that nobody has decided yet."""
    if incident.state != IncidentState.OFFERED.value:
        return
    members = {voice.case_id for voice in group.voices}
    IncidentMember.objects.bulk_create(
        [IncidentMember(incident=incident, case_id=pk) for pk in sorted(members)],
        ignore_conflicts=True,
    )
    cases = incident.members.values("case_id")
    spoke = Intake.objects.filter(case__in=cases, received_at__gte=incident.since)
    people = {phone or f"voice {pk}" for pk, phone in spoke.values_list("pk", "phone_index")}
    Incident.objects.filter(pk=incident.pk).update(voices=len(people))


def _close_ended(numbers: Iterable[str], *, now: datetime) -> None:
    """An incident ends with its case; where that was merged, it goes on with the primary."""
    live = Incident.objects.select_for_update(of=("self",)).filter(
        state__in=LIVE, primary__case_no__in=set(numbers), primary__is_open=False
    )
    for incident in live.order_by("pk"):
        case = Case.objects.select_for_update(of=("self",)).get(pk=incident.primary_id)
        if case.is_open:
            continue
        if case.state == State.MERGED.value and case.merged_into_id:
            Incident.objects.filter(pk=incident.pk).update(primary=case.merged_into_id)
            continue
        close(incident, case, now=now)


def close(incident: Incident, case: Case, *, now: datetime) -> None:
    """End an incident whose case has ended; the log says so."""
    incident.state, incident.closed_at = IncidentState.CLOSED.value, now
    incident.save(update_fields=["state", "closed_at"])
    outbox.record(
        case,
        topic=INCIDENT_CLOSED,
        by=None,
        now=now,
        from_state=case.state,
        payload={"incident": incident.pk},
    )
