"""What may be the same as what is being typed, or as a case that is there, for one user."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import identity
from accounts.models import User
from dispatch import catalogue
from dispatch.actions.errors import CaseNotFoundError
from dispatch.actions.joining.merging import why_not
from dispatch.actions.moving import may_move
from dispatch.duplicates import radar
from dispatch.duplicates.never_merge import Side, sides_of
from dispatch.duplicates.placewords import keys_of
from dispatch.duplicates.radar import Hit, Probe
from dispatch.duplicates.reasons import words_of
from dispatch.facts import facts_of
from dispatch.intake import wgs84
from dispatch.lifecycle import MOVES
from dispatch.models import Case, Intake
from dispatch.obstacles import obstacle
from dispatch.voices import Position
from gis import locator

SHOWN = 10
CALLER_ROLES = frozenset({"OPERATOR", "RECEIVER", "DUTY_LEADER", "CALLBACK"})
"""Who may look for cases by a phone or an application: those who speak with citizens."""
MERGE = next(move for move in MOVES if move.name == "merge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a desk knows of a voice while it is being typed."""

    category: str
    position: Position | None = None
    text: str = ""
    address: str = ""
    component_id: str = ""
    phone: str = ""
    application: str = ""


def around(user: User, typed: Typed, *, now: datetime) -> list[dict[str, Any]]:
    """The cases that a voice may be about, open or closed lately, that the user may see."""
    hits = radar.look(_probe(user, typed, now), limit=radar.CANDIDATES, closed=True)
    seen = _visible(user, hits)
    return [_item(hit, now) for hit in hits if hit.case_no in seen][:SHOWN]


def duplicates_of(user: User, case_no: str, *, now: datetime) -> list[dict[str, Any]]:
    """The likely duplicates of a case, and whether each may take it. Raises CaseNotFoundError."""
    case = Case.objects.visible_to(user).filter(case_no=case_no).first()
    if case is None:
        raise CaseNotFoundError
    hits = radar.look(_probe_of(user, case), limit=radar.CANDIDATES, closed=True, but=case_no)
    seen = _visible(user, hits)
    hits = [hit for hit in hits if hit.case_no in seen][:SHOWN]
    sides = sides_of([case, *(seen[hit.case_no] for hit in hits)])
    why_never = _why_never(user, case, now)
    return [
        {**_item(hit, now), **_may_merge(case, seen[hit.case_no], sides, why_never)} for hit in hits
    ]


def _probe(user: User, typed: Typed, now: datetime) -> Probe:
    category, _condition = catalogue.current().category(typed.category)
    lon, lat = wgs84(typed.position) if typed.position else (None, None)
    located = locator.locate(lon, lat) if lon is not None and lat is not None else None
    district = located.district_code if located else ""
    speaks = bool(user.scope().roles & CALLER_ROLES)
    phone = identity.phone_index(typed.phone) if speaks and typed.phone else ""
    project = [identity.keyed_digest(project_of(typed.application))] if typed.application else []
    keys = keys_of(
        catalogue.current().duplicate_rule(category.code, category.family),
        category=category.code,
        address=typed.address,
        component_id=typed.component_id,
        applications=project if speaks else [],
    )
    return Probe(
        lon=lon,
        lat=lat,
        accuracy_m=typed.position.accuracy_m if typed.position else 0.0,
        category=category.code,
        family=category.family,
        at=now,
        text=typed.text,
        keys=frozenset(keys),
        component_id=typed.component_id,
        callers=(phone,) if phone else (),
        district=district,
        community=located.community_code if located else "",
    )


def project_of(number: str) -> str:
    """A project number of the hall as it is hashed."""
    return f"project:{number.strip().upper()}"


def _probe_of(user: User, case: Case) -> Probe:
    """A case as the radar looks for its like; its callers only for who may speak with them."""
    voices = Intake.objects.filter(case=case, confidential=False, anonymous=False)
    speaks = bool(user.scope().roles & CALLER_ROLES)
    phones = voices.exclude(phone_index="").values_list("phone_index", flat=True) if speaks else []
    strong = tuple(key for key in case.match_keys if speaks or not key.startswith("A:"))
    return Probe(
        lon=case.location.x if case.location else None,
        lat=case.location.y if case.location else None,
        accuracy_m=case.accuracy_m,
        category=case.category_code,
        family=case.family,
        at=case.created_at,
        text=case.title,
        keys=frozenset(strong),
        component_id=case.component_id,
        callers=tuple(sorted(set(phones))),
        district=case.district_code,
        community=case.community_code,
    )


def _visible(user: User, hits: Sequence[Hit]) -> dict[str, Case]:
    """The cases of the hits that the user may see, by number; no query without hits."""
    if not hits:
        return {}
    cases = Case.objects.visible_to(user).filter(case_no__in=[hit.case_no for hit in hits])
    return {case.case_no: case for case in cases}


def _item(hit: Hit, now: datetime) -> dict[str, Any]:
    return {
        **hit.as_dict(),
        "why": words_of(hit.likeness.reasons),
        "line": hit.line,
        "state": hit.state,
        "title": hit.title,
        "age_s": int((now - hit.created_at).total_seconds()),
        "closed_at": hit.closed_at.isoformat() if hit.closed_at else None,
        "answer": hit.answer,
    }


def _why_never(user: User, case: Case, now: datetime) -> tuple[str, str] | None:
    """What keeps the user from merging the case into any other: code and words."""
    place = (case.area_code, case.lead_unit_id, case.support_units)
    if not may_move(user.scope(), MERGE, *place):
        return "NOT_ALLOWED", str(_("并案由值班长办理。"))
    found = obstacle("merge", facts_of(case, by=user, now=now))
    return (found.code, str(found.message)) if found else None


def _may_merge(
    case: Case, other: Case, sides: dict[int, Side], why_never: tuple[str, str] | None
) -> dict[str, Any]:
    found = why_not(case, other, sides)
    why = (found.code, str(found.message)) if found else why_never
    code, words = why or ("", "")
    return {"may_merge": why is None, "why_not": words, "why_not_code": code}
