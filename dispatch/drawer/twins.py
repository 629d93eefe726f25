"""What may be the same as a case, over all three lines, as the drawer shows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from accounts.models import User
from dispatch.casefile import case_for
from dispatch.drawer.voices import voices_of
from dispatch.duplicates.candidates import duplicates_of
from gis.coords import distance_m

SHOWN: Final = 8


def twins_context(user: User, case_no: str, *, now: datetime) -> dict[str, Any]:
    """The candidates, best first, each with its score in percent and the reasons in words.

    Raises CaseNotFoundError.
    """
    found = duplicates_of(user, case_no, now=now)
    return {"now": now, "twins": [_twin(one) for one in found[:SHOWN]]}


def _twin(one: Mapping[str, Any]) -> dict[str, Any]:
    why = one["why"]
    return {
        **one,
        "percent": round(one["score"] * 100),
        "reason_words": why if isinstance(why, str) else " · ".join(map(str, why)),
    }


def beside_context(user: User, case_no: str, other_no: str, *, now: datetime) -> dict[str, Any]:
    """Two cases side by side; raises CaseNotFoundError where the user may not see one of them."""
    sides = [_side(user, number, now) for number in (case_no, other_no)]
    ours, theirs = (side["case"] for side in sides)
    twins = twins_context(user, case_no, now=now)
    found = next((one for one in twins["twins"] if one["case_no"] == other_no), None)
    return {
        "now": now,
        "sides": sides,
        "same": {
            "category": ours["category"]["code"] == theirs["category"]["code"],
            "community": ours["community"] == theirs["community"] != "",
            "unit": ours["lead_unit"] == theirs["lead_unit"] is not None,
        },
        "metres": _metres(ours, theirs),
        "apart_s": abs((_created(ours) - _created(theirs)).total_seconds()),
        "may_merge": bool(found and found["may_merge"]),
        "why_not": found.get("why_not", "") if found else "",
        "reason_words": found["reason_words"] if found else "",
    }


def _side(user: User, case_no: str, now: datetime) -> dict[str, Any]:
    case = case_for(user, case_no, now=now)
    return {"case": case, **voices_of(case, now=now)}


def _created(case: Mapping[str, Any]) -> datetime:
    found = parse_datetime(case["created_at"])
    if found is None:
        raise ValueError(case["created_at"])
    return found


def _metres(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> int | None:
    here, there = ours["location"], theirs["location"]
    if not here or not there:
        return None
    return round(distance_m(here["lon"], here["lat"], there["lon"], there["lat"]))
