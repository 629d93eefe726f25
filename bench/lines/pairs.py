"""Lines: is the duplicate matcher right? On labelled pairs of real requests (bench/pairs)."""

from bench.pairs.labels import BOSTON, out_of_reach, read, weigh
from bench.pairs.pool import pool
from bench.pairs.requests import PackIsAbsentError, load, rules
from bench.pairs.scoring import Point, at_recall, at_score, curve, ours, peers, split
from bench.rows import Row
from bench.world import World
from dispatch.matching import SUGGEST, SUGGEST_STRONGLY

NOBODY = Point(0.0, 0.0, 0.0)


def measure(world: World) -> list[Row]:
    """Precision on the later part beside the peers' rule, at the peers' own recall."""
    del world
    try:
        requests = load()
    except PackIsAbsentError as error:
        return [Row("duplicates", 0, "", "skipped", None, note=f"Skipped: {error}.")]
    labels = read(BOSTON)
    weighed = weigh(requests, pool(requests), labels)
    _, late = split(requests, weighed, out_of_reach(requests, labels))
    mine, theirs = curve(late, ours(rules())), curve(late, peers)[-1]
    equal = at_recall(mine, theirs.recall) or NOBODY
    shown, strong = at_score(mine, SUGGEST), at_score(mine, SUGGEST_STRONGLY)
    return [
        Row(
            "duplicates: precision at equal recall",
            100 * equal.precision,
            "%",
            "more than the peers' rule",
            equal.precision > theirs.precision,
            100 * theirs.precision,
            "%, same category in 250 m",
            note=f"at recall {theirs.recall:.1%}; {len(late.weighed)} labelled pairs",
        ),
        _at("duplicates: suggested", shown, SUGGEST),
        _at("duplicates: suggested strongly", strong, SUGGEST_STRONGLY),
    ]


def _at(line: str, point: Point, score: float) -> Row:
    note = f"precision; from score {score}, finds {point.recall:.1%} of the duplicates"
    return Row(line, 100 * point.precision, "%", "", None, note=note)
