"""Are two intakes about one thing? A score with its parts (pure).

The parts are those of domain.md 4.2; how much each says was tuned on pairs of real requests, and
the thresholds are read off their curve: docs/matching.md, `python -m bench.pairs`. What speaks
without a point (the same caller, application, road, estate) is a rule, not a measurement.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from dispatch.clocks import SHANGHAI
from gis.coords import distance_m

PLACE, CATEGORY, TIME, TEXT = 0.45, 0.20, 0.25, 0.10
SAME_FAMILY = 0.5
CROWDED = frozenset({"ESTATE", "TREE", "ADVERT"})
CROWDED_PLACE = 0.5
HALF_LIFE_H = 240.0
ANY_TIME_H = 1e6
SIMILAR_TEXT, EQUAL_TEXT = 0.3, 0.4
SUGGEST, SUGGEST_STRONGLY = 0.50, 0.80
SAME_PLACE, SAME_ROAD, SAME_CALLER = 0.8, 0.3, 0.7
"""How near two voices are that name one estate, one road, or come from one caller."""
PLACE_REACH_M, ROAD_REACH = 1000.0, 4.0
"""An estate's name holds within a kilometre, a road's within four times the reach."""
SAME_APPLICATION_SCORE = 0.95
UNCLASSIFIED = "L0000"
"""待分类: what nobody has sorted yet may be anything the same caller spoke of."""
NIGHT_FROM, NIGHT_TO = 22, 6
COMPONENT, DEVICE, APPLICATION, ROAD, ESTATE, COMMUNITY = "C:", "D:", "A:", "R:", "P:", "Q:"
"""How a key of a voice begins: what it names."""
THINGS = (COMPONENT, DEVICE)
STRONG = (*THINGS, APPLICATION)
"""Keys that speak across families, places and times."""


@dataclass(frozen=True, slots=True)
class MatchRule:
    """When two voices may be one thing; the fields are those of the rows (DuplicateRule)."""

    name: str
    radius_m: int
    window_hours: int | None = None
    closed_hours: int = 0
    same_road: bool = False
    same_place: bool = False
    time_band: bool = False
    caller_days: int = 30
    auto_merge: bool = False
    attach_confidential: bool = False
    incident_count: int = 0
    incident_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """What matching looks at: lon/lat in degrees WGS84 or None, accuracy in metres."""

    lon: float | None
    lat: float | None
    accuracy_m: float
    category: str
    family: str
    at: datetime
    text: str
    keys: frozenset[str] = frozenset()


class Apart(NamedTuple):
    """How far two voices are from each other; metres are None where one has no point."""

    distance_m: float | None
    hours: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """A score from 0 to 1, the distance in metres where known, the reasons as stable codes."""

    score: float
    distance_m: float | None
    reasons: tuple[str, ...]


def likeness(new: Voice, old: Voice, *, radius_m: float, window_hours: float) -> Likeness | None:
    """How alike two voices are, or None when too far apart in space, time or family.

    The radius is widened by the accuracy of both points (domain.md 4.2). From SUGGEST up it is
    worth showing, from SUGGEST_STRONGLY up it is most likely the same thing.
    """
    distance = distance_between(new, old)
    if new.family != old.family or distance is None:
        return None
    hours = hours_between(new, old)
    reach = radius_m + new.accuracy_m + old.accuracy_m
    if hours > window_hours or distance > reach:
        return None
    near = nearness(distance, reach, new.family)
    return weigh(Apart(distance, hours), new, old, near, window_hours, ("NEAR",))


def compare(
    new: Voice, old: Voice, rule: MatchRule, *, same_caller: bool = False
) -> Likeness | None:
    """How alike two voices are by a rule, points or not; None where nothing speaks for it."""
    apart = Apart(distance_between(new, old), hours_between(new, old))
    if strong := _same_by_key(new, old, new.keys & old.keys):
        score, reason = strong
        rest = weigh(apart, new, old, 1.0, rule.window_hours or ANY_TIME_H, ())
        return Likeness(score, _rounded(apart.distance_m), (reason, *rest.reasons))
    if new.family != old.family and not same_caller:
        return None
    window = rule.caller_days * 24 if same_caller else rule.window_hours or ANY_TIME_H
    if apart.hours > window or (rule.time_band and band(new.at) != band(old.at)):
        return None
    found = nearest(apart.distance_m, new, old, rule, same_caller=same_caller)
    if not found:
        return None
    near = max(share for share, _ in found)
    likely = weigh(apart, new, old, near, window, tuple(reason for _, reason in found))
    told_apart = new.family != old.family and UNCLASSIFIED not in {new.category, old.category}
    return None if told_apart and "SIMILAR_TEXT" not in likely.reasons else likely


def _same_by_key(new: Voice, old: Voice, shared: frozenset[str]) -> tuple[float, str] | None:
    """The score and reason of a shared component, device (its category too) or application."""
    if any(key.startswith(COMPONENT) for key in shared) and new.family == old.family:
        return 1.0, "SAME_COMPONENT"
    if any(key.startswith(DEVICE) for key in shared) and new.category == old.category:
        return 1.0, "SAME_DEVICE"
    if any(key.startswith(APPLICATION) for key in shared):
        return SAME_APPLICATION_SCORE, "SAME_APPLICATION"
    return None


def nearest(
    distance: float | None, new: Voice, old: Voice, rule: MatchRule, *, same_caller: bool
) -> list[tuple[float, str]]:
    """What says that both are at one place: a share from 0 to 1 and the reason of each."""
    shared = new.keys & old.keys
    reach = rule.radius_m + new.accuracy_m + old.accuracy_m
    here = CROWDED_PLACE if new.family in CROWDED else 1.0
    found: list[tuple[float, str]] = []
    if distance is not None and distance <= reach:
        found.append((nearness(distance, reach, new.family), "NEAR"))
    if rule.same_place and _named(shared, ESTATE) and (distance or 0.0) <= PLACE_REACH_M:
        found.append((SAME_PLACE * here, "SAME_PLACE"))
    if rule.same_road and _named(shared, ROAD) and (distance or 0.0) <= reach * ROAD_REACH:
        found.append((SAME_ROAD, "SAME_ROAD"))
    if same_caller and (distance is None or found):
        found.insert(0, (SAME_CALLER, "SAME_CALLER"))
    return found


def _named(shared: frozenset[str], kind: str) -> bool:
    return any(key.startswith(kind) for key in shared)


def weigh(
    apart: Apart,
    new: Voice,
    old: Voice,
    near: float,
    window_hours: float,
    reasons: tuple[str, ...],
) -> Likeness:
    """The weighted sum of place, category, time and text, with the reasons of each."""
    time = recency(apart.hours, window_hours)
    share = jaccard(bigrams(new.text), bigrams(old.text))
    same, kin = new.category == old.category, new.family == old.family
    score = (
        PLACE * near
        + CATEGORY * (1.0 if same else SAME_FAMILY if kin else 0.0)
        + TIME * time
        + TEXT * min(1.0, share / EQUAL_TEXT)
    )
    said = [*reasons]
    if same or kin:
        said.append("SAME_CATEGORY" if same else "SAME_FAMILY")
    if time >= 0.5:  # noqa: PLR2004
        said.append("RECENT")
    if share >= SIMILAR_TEXT:
        said.append("SIMILAR_TEXT")
    return Likeness(round(score, 3), _rounded(apart.distance_m), tuple(said))


def distance_between(new: Voice, old: Voice) -> float | None:
    """Metres, or None where one of them has no point."""
    if new.lon is None or new.lat is None or old.lon is None or old.lat is None:
        return None
    return distance_m(new.lon, new.lat, old.lon, old.lat)


def _rounded(distance: float | None) -> float | None:
    return None if distance is None else round(distance, 1)


def hours_between(new: Voice, old: Voice) -> float:
    """Hours from one to the other, whichever came first."""
    return abs((new.at - old.at).total_seconds()) / 3600


def band(at: datetime) -> str:
    """NIGHT from 22 to 6 o'clock in the city, else DAY."""
    hour = at.astimezone(SHANGHAI).hour
    return "NIGHT" if hour >= NIGHT_FROM or hour < NIGHT_TO else "DAY"


def nearness(distance: float, reach: float, family: str) -> float:
    """1 at the spot, 0.14 at the reach (metres); less where many things share one spot.

    A building has many flats and a house front many trees: there the place alone says less.
    """
    near = math.exp(-2 * distance / (reach or 1))
    return near * CROWDED_PLACE if family in CROWDED else near


def recency(hours: float, window_hours: float) -> float:
    """1 at once, a half after ten days or after half the window where that is shorter."""
    half_life = min(HALF_LIFE_H, window_hours / 2)
    return math.exp2(-hours / (half_life or 1))


@lru_cache(maxsize=4096)
def bigrams(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters, letters and digits only."""
    kept = "".join(c for c in text if c.isalnum())
    return frozenset(kept[i : i + 2] for i in range(len(kept) - 1))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared share of two sets; 0 when either is empty."""
    if not a or not b:
        return 0.0
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
