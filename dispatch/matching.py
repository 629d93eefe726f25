"""Are two intakes about one thing? A score with its parts (pure).

The parts are those of domain.md 4.2; how much each says was tuned on pairs of real requests, and
the thresholds are read off their curve: docs/matching.md, `python -m bench.pairs`.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from gis.coords import distance_m

PLACE, CATEGORY, TIME, TEXT = 0.45, 0.20, 0.25, 0.10
SAME_FAMILY = 0.5
CROWDED = frozenset({"ESTATE", "TREE", "ADVERT"})
CROWDED_PLACE = 0.5
HALF_LIFE_H = 240.0
SIMILAR_TEXT, EQUAL_TEXT = 0.3, 0.4
SUGGEST, SUGGEST_STRONGLY = 0.50, 0.80


@dataclass(frozen=True, slots=True)
class Voice:
    """What matching looks at: lon/lat in degrees WGS84, accuracy in metres."""

    lon: float
    lat: float
    accuracy_m: float
    category: str
    family: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """A score from 0 to 1, the distance in metres, and the reasons as stable codes."""

    score: float
    distance_m: float
    reasons: tuple[str, ...]


def likeness(new: Voice, old: Voice, *, radius_m: float, window_hours: float) -> Likeness | None:
    """How alike two voices are, or None when too far apart in space, time or family.

    The radius is widened by the accuracy of both points (domain.md 4.2). From SUGGEST up it is
    worth showing, from SUGGEST_STRONGLY up it is most likely the same thing.
    """
    if new.family != old.family:
        return None
    hours = abs((new.at - old.at).total_seconds()) / 3600
    if hours > window_hours:
        return None
    distance = distance_m(new.lon, new.lat, old.lon, old.lat)
    reach = radius_m + new.accuracy_m + old.accuracy_m
    if distance > reach:
        return None
    same = new.category == old.category
    time = recency(hours, window_hours)
    share = jaccard(bigrams(new.text), bigrams(old.text))
    score = (
        PLACE * nearness(distance, reach, new.family)
        + CATEGORY * (1.0 if same else SAME_FAMILY)
        + TIME * time
        + TEXT * min(1.0, share / EQUAL_TEXT)
    )
    reasons = ["NEAR", "SAME_CATEGORY" if same else "SAME_FAMILY"]
    if time >= 0.5:  # noqa: PLR2004
        reasons.append("RECENT")
    if share >= SIMILAR_TEXT:
        reasons.append("SIMILAR_TEXT")
    return Likeness(round(score, 3), round(distance, 1), tuple(reasons))


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
