"""How right a rule is on labelled pairs: precision at each recall, early part and late part."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from bench.pairs.labels import Weighed
from bench.pairs.pool import Pair
from bench.pairs.requests import Request
from dispatch.matching import likeness

EARLY_SHARE = 0.6
RESAMPLES = 400

Rule = Callable[[Request, Request, Pair], float | None]


@dataclass(frozen=True, slots=True)
class Point:
    """What suggesting everything from `score` up gives; shares from 0 to 1."""

    score: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Part:
    """The labelled pairs of one part, and how many duplicates of it are out of any rule's reach."""

    requests: Sequence[Request]
    weighed: Sequence[Weighed]
    missed: int


def split(
    requests: Sequence[Request], weighed: Sequence[Weighed], missed: Sequence[Request]
) -> tuple[Part, Part]:
    """The part to tune on (later requests among the first EARLY_SHARE) and the part to judge on."""
    edge = edge_of(requests)
    early = [one for one in weighed if requests[one.pair.new].opened < edge]
    late = [one for one in weighed if requests[one.pair.new].opened >= edge]
    lost = sum(request.opened < edge for request in missed)
    return Part(requests, early, lost), Part(requests, late, len(missed) - lost)


def edge_of(requests: Sequence[Request]) -> datetime:
    """Where the later part begins."""
    return requests[int(len(requests) * EARLY_SHARE)].opened


def ours(rules: Mapping[str, tuple[int, int]]) -> Rule:
    """dispatch.matching, with the radius and window of the family."""

    def score(new: Request, old: Request, pair: Pair) -> float | None:
        del pair
        radius, hours = rules[new.voice.family]
        found = likeness(new.voice, old.voice, radius_m=radius, window_hours=hours)
        return found.score if found else None

    return score


def peers(new: Request, old: Request, pair: Pair) -> float | None:
    """The peers' rule: every open case of the same category within 250 m (pool.WIDEST_M)."""
    del pair
    return 1.0 if new.kind == old.kind else None


def peers_by_distance(new: Request, old: Request, pair: Pair) -> float | None:
    """The peers' rule with any smaller radius: 1 at the spot, 0 at 250 m."""
    return 1 - pair.metres / 250 if new.kind == old.kind else None


def curve(part: Part, rule: Rule) -> list[Point]:
    """Precision and recall at every score the rule gives, highest score first."""
    right: dict[float, float] = defaultdict(float)
    told: dict[float, float] = defaultdict(float)
    for one in part.weighed:
        score = _score(part, one, rule)
        if score is not None:
            told[score] += one.weight
            right[score] += one.weight * one.same
    duplicates = sum(one.weight * one.same for one in part.weighed) + part.missed
    points, hits, all_told = [], 0.0, 0.0
    for score in sorted(told, reverse=True):
        hits, all_told = hits + right[score], all_told + told[score]
        points.append(Point(score, hits / all_told, hits / duplicates))
    return points


def _score(part: Part, one: Weighed, rule: Rule) -> float | None:
    return rule(part.requests[one.pair.new], part.requests[one.pair.old], one.pair)


def at_score(points: Sequence[Point], score: float) -> Point:
    """What suggesting from a score up gives."""
    return next((p for p in reversed(points) if p.score >= score), Point(score, 0.0, 0.0))


def at_recall(points: Sequence[Point], recall: float) -> Point | None:
    """The best precision that finds at least that share, or None where the rule never does."""
    enough = [point for point in points if point.recall >= recall]
    return max(enough, key=lambda point: point.precision) if enough else None


def spread(part: Part, rule: Rule, score: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """90 % intervals of precision and recall at a score: strata resampled, weights kept."""
    strata: dict[str, list[tuple[bool, bool, float]]] = defaultdict(list)
    for one in part.weighed:
        given = _score(part, one, rule)
        told = given is not None and given >= score
        strata[one.stratum].append((told, one.same, one.weight))
    chance = Random(20111011)
    draws = [_resampled(strata, part.missed, chance) for _ in range(RESAMPLES)]
    low, high = RESAMPLES // 20, RESAMPLES - RESAMPLES // 20 - 1
    precision, recall = (sorted(values) for values in zip(*draws, strict=True))
    return (precision[low], precision[high]), (recall[low], recall[high])


def _resampled(
    strata: Mapping[str, Sequence[tuple[bool, bool, float]]], missed: int, chance: Random
) -> tuple[float, float]:
    hits = told = duplicates = 0.0
    for members in strata.values():
        for was_told, same, weight in chance.choices(members, k=len(members)):
            told += weight * was_told
            hits += weight * (was_told and same)
            duplicates += weight * same
    return hits / (told or 1), hits / ((duplicates + missed) or 1)


@dataclass(frozen=True, slots=True)
class Lists:
    """What an operator sees: a list of at most five for each new request."""

    requests: int
    with_a_list: float
    mean_length: float
    first_is_right: float
    found_in_five: float


def lists(
    requests: Sequence[Request],
    pairs: Sequence[Pair],
    known: set[tuple[int, int]],
    rule: Rule,
    least: float,
) -> Lists:
    """Lists of the later part by a rule; `known` are the duplicates proven by a number."""
    edge = edge_of(requests)
    shown: dict[int, list[tuple[float, float, int]]] = defaultdict(list)
    for pair in pairs:
        if requests[pair.new].opened < edge:
            continue
        score = rule(requests[pair.new], requests[pair.old], pair)
        if score is not None and score >= least:
            shown[pair.new].append((-score, pair.metres, pair.old))
    five = {new: [old for *_, old in sorted(found)[:5]] for new, found in shown.items()}
    total = sum(request.opened >= edge and not request.is_nowhere for request in requests)
    repeats = {new for new, _ in known if requests[new].opened >= edge}
    first = sum((new, five[new][0]) in known for new in repeats if new in five)
    found = sum(any((new, old) in known for old in five.get(new, ())) for new in repeats)
    return Lists(
        total,
        len(five) / total,
        sum(len(found) for found in shown.values()) / total,
        first / len(repeats),
        found / len(repeats),
    )
