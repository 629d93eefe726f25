"""`python -m bench.pairs`: the figures of docs/matching.md; `--draw FILE` writes its picture."""

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from bench.pairs import drawing, texts
from bench.pairs.labels import (
    BOSTON,
    JUDGED,
    NUMBER,
    OTHER,
    SAME,
    UNSURE,
    Label,
    out_of_reach,
    read,
    weigh,
)
from bench.pairs.pool import Pair, pool
from bench.pairs.requests import PackIsAbsentError, Request, load, rules
from bench.pairs.scoring import (
    Part,
    Rule,
    at_recall,
    at_score,
    curve,
    lists,
    ours,
    peers,
    peers_by_distance,
    split,
    spread,
)
from dispatch.matching import SUGGEST, SUGGEST_STRONGLY

RECALLS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9)


def main() -> int:
    """Measure and print; 0 whatever is found."""
    parser = argparse.ArgumentParser(prog="python -m bench.pairs", description=__doc__)
    parser.add_argument("--draw", type=Path, help="write the curve of the later part as SVG")
    chosen = parser.parse_args()
    try:
        requests = load()
    except PackIsAbsentError as error:
        print(f"Skipped: {error}.")
        return 0
    labels = read(BOSTON)
    pairs = pool(requests)
    parts = split(requests, weigh(requests, pairs, labels), out_of_reach(requests, labels))
    print(f"{len(requests):,} requests, {len(pairs):,} pairs in the pool, {len(labels):,} labels")
    for name, part in zip(("early (tuned on)", "late (judged on)"), parts, strict=True):
        _print_part(name, part)
    _print_families(parts[1])
    _print_unsure(requests, pairs, labels)
    _print_lists(requests, pairs, labels)
    _print_texts()
    if chosen.draw:
        late = parts[1]
        ours_late = curve(late, ours(rules()))
        theirs, at_250 = curve(late, peers_by_distance), curve(late, peers)[-1]
        chosen.draw.write_text(drawing.draw(ours_late, theirs, at_250), "utf-8")
    return 0


def _print_part(name: str, part: Part) -> None:
    rule = ours(rules())
    mine, theirs, nearer = curve(part, rule), curve(part, peers), curve(part, peers_by_distance)
    same = sum(one.same for one in part.weighed)
    print(f"\n{name}: {len(part.weighed):,} labelled pairs, {same:,} the same")
    widest = theirs[-1]
    equal = at_recall(mine, widest.recall)
    print(f"  peers, 250 m: precision {widest.precision:.3f} at recall {widest.recall:.3f}")
    print(f"  ours at that recall: {equal.precision:.3f}" if equal else "  ours never gets there")
    for word, score in (("suggest", SUGGEST), ("suggest strongly", SUGGEST_STRONGLY)):
        point, between = at_score(mine, score), spread(part, rule, score)
        (low, high), (least, most) = between
        print(
            f"  ours, {word} from {score}: precision {point.precision:.3f} ({low:.2f}-{high:.2f})"
            f" at recall {point.recall:.3f} ({least:.2f}-{most:.2f})"
        )
    print("  recall   ours  peers, any radius")
    for recall in RECALLS:
        found = [at_recall(points, recall) for points in (mine, nearer)]
        print(f"  {recall:6}" + "".join(f"{p.precision:7.3f}" if p else "  never" for p in found))


def _print_families(part: Part) -> None:
    rule = ours(rules())
    same: Counter[str] = Counter()
    told: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in part.weighed:
        new, old = part.requests[one.pair.new], part.requests[one.pair.old]
        is_told = (rule(new, old, one.pair) or 0.0) >= SUGGEST
        same[new.voice.family] += round(one.weight * one.same)
        told[new.voice.family] += round(one.weight * is_told)
        right[new.voice.family] += round(one.weight * (is_told and one.same))
    print("\nlate part by family, estimated pairs: the same / suggested / both")
    for family, count in same.most_common():
        print(f"  {family:12}{count:6}{told[family]:6}{right[family]:6}")


def _print_unsure(requests: list[Request], pairs: list[Pair], labels: list[Label]) -> None:
    print("\nif every UNSURE pair were ... (late part)")
    for word in (SAME, OTHER):
        settled = [
            replace(one, label=word) if (one.label, one.source) == (UNSURE, JUDGED) else one
            for one in labels
        ]
        missed = out_of_reach(requests, settled)
        _, late = split(requests, weigh(requests, pairs, settled), missed)
        mine, theirs = curve(late, ours(rules())), curve(late, peers)[-1]
        equal, shown = at_recall(mine, theirs.recall), at_score(mine, SUGGEST)
        ours_then = f"{equal.precision:.3f}" if equal else "never"
        print(
            f"  {word}: at recall {theirs.recall:.3f} peers {theirs.precision:.3f},"
            f" ours {ours_then}; suggested {shown.precision:.3f} at {shown.recall:.3f}"
        )


def _print_lists(requests: list[Request], pairs: list[Pair], labels: list[Label]) -> None:
    ids = {request.id: n for n, request in enumerate(requests)}
    proven = {
        (ids[one.new], ids[one.old])
        for one in labels
        if one.source == NUMBER and one.label == SAME and "CITED" in one.note
    }
    shown: tuple[tuple[str, Rule, float], ...] = (
        ("ours", ours(rules()), SUGGEST),
        ("peers", peers_by_distance, 0.0),
    )
    print("\nlists of at most five for each request of the later part")
    for name, rule, least in shown:
        seen = lists(requests, pairs, proven, rule, least)
        print(
            f"  {name}: {seen.requests:,} requests, {seen.with_a_list:.1%} get a list,"
            f" {seen.mean_length:.2f} hits each; of the proven duplicates the first hit is right"
            f" for {seen.first_is_right:.1%}, one of five for {seen.found_in_five:.1%}"
        )


def _print_texts() -> None:
    print("\nChinese titles, share of bigrams in common: the same thing / judged")
    for band in texts.bands():
        print(f"  {band.low:.2f}-{band.high:.2f}  {band.same:2} / {band.judged}")


if __name__ == "__main__":
    sys.exit(main())
