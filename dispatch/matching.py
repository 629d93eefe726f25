"""Are two intakes about one thing? A score with its parts (pure; weights: domain.md 4.2)."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from gis.coords import distance_m

PLACE, CATEGORY, TIME, TEXT = 0.45, 0.30, 0.15, 0.10
SAME_FAMILY = 0.6


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

    The radius is widened by the accuracy of both points (domain.md 4.2).
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
    text = jaccard(bigrams(new.text), bigrams(old.text))
    score = (
        PLACE * (1 - distance / (reach or 1))
        + CATEGORY * (1.0 if same else SAME_FAMILY)
        + TIME * (1 - hours / (window_hours or 1))
        + TEXT * text
    )
    reasons = ["NEAR", "SAME_CATEGORY" if same else "SAME_FAMILY"]
    if hours <= window_hours / 4:
        reasons.append("RECENT")
    if text >= 0.3:  # noqa: PLR2004
        reasons.append("SIMILAR_TEXT")
    return Likeness(round(score, 3), round(distance, 1), tuple(reasons))


@lru_cache(maxsize=4096)
def bigrams(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters, letters and digits only."""
    kept = "".join(c for c in text if c.isalnum())
    return frozenset(kept[i : i + 2] for i in range(len(kept) - 1))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared share of two sets; 0 when either is empty."""
    if not a or not b:
        return 0.0
    return len(a & b) / len(a | b)
