"""Every pair that a rule could have suggested: the earlier one open, near, of the same family."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from bench.pairs.closures import cited, says_duplicate
from bench.pairs.requests import Request
from gis.coords import distance_m

WIDEST_M = 250
SAID = {
    "A0": "SA0", "A1": "SA1", "A2": "SA2", "A3": "SA2", "B0": "SB", "B2": "SB",
    "C0": "SC", "C1": "SC", "C2": "SC", "C3": "SC", "D": "SE", "E0": "SE", "E1": "SE", "F": "SE",
    "G0": "SG", "G1": "SG", "H": "SG",
}  # fmt: skip
METRES_PER_DEGREE = 111_132


@dataclass(frozen=True, slots=True)
class Pair:
    """A request and an earlier one that was open when it came, by their positions."""

    new: int
    old: int
    metres: float
    hours: float
    stratum: str


def pool(requests: Sequence[Request]) -> list[Pair]:
    """All pairs of one family within WIDEST_M whose earlier request was still open then."""
    families: dict[str, list[int]] = defaultdict(list)
    for n, request in enumerate(requests):
        if not request.is_nowhere:
            families[request.voice.family].append(n)
    numbered = cited(requests)
    unnamed = {n for n, one in enumerate(requests) if says_duplicate(one) and n not in numbered}
    return [
        _pair(requests, new, old, unnamed)
        for members in families.values()
        for old, new in _near(requests, members)
        if requests[old].closed > requests[new].opened
    ]


def _near(requests: Sequence[Request], members: Sequence[int]) -> list[tuple[int, int]]:
    places = [_place(requests[n]) for n in members]
    stretch = math.cos(math.radians(places[0][1]))
    scale = np.array([METRES_PER_DEGREE * stretch, METRES_PER_DEGREE])
    points = shapely.points(np.array(places) * scale)
    tree = shapely.STRtree(points)
    found = tree.query(points, predicate="dwithin", distance=WIDEST_M * 1.01)
    first, second = np.asarray(members)[found]
    kept = first < second
    pairs = zip(first[kept].tolist(), second[kept].tolist(), strict=True)
    return [(a, b) for a, b in pairs if metres_between(requests[a], requests[b]) <= WIDEST_M]


def metres_between(a: Request, b: Request) -> float:
    """How far apart two requests lie."""
    return distance_m(*_place(a), *_place(b))


def _place(request: Request) -> tuple[float, float]:
    """Longitude and latitude in degrees; every request of this data has them."""
    lon, lat = request.voice.lon, request.voice.lat
    if lon is None or lat is None:
        raise ValueError(request)
    return lon, lat


def _pair(requests: Sequence[Request], new: int, old: int, unnamed: set[int]) -> Pair:
    a, b = requests[new], requests[old]
    metres, hours = metres_between(a, b), (a.opened - b.opened).total_seconds() / 3600
    said = bool({new, old} & unnamed)
    stratum = _stratum(a, b, metres, hours)
    return Pair(new, old, metres, hours, SAID[stratum] if said else stratum)


def _stratum(a: Request, b: Request, metres: float, hours: float) -> str:
    """Same spot or how near, same type or not, minutes or weeks apart: what was drawn from."""
    age = sum(hours > edge for edge in (1, 48, 336))
    if metres <= 1:
        same = a.kind == b.kind and a.address == b.address
        return f"A{age}" if same else f"B{0 if age < 2 else 2}"
    same = a.kind == b.kind
    if metres <= 50:
        return f"C{age}" if same else "D"
    if metres <= 100:
        return f"E{min(age, 1)}" if same else "F"
    return f"G{min(age, 1)}" if same else "H"
