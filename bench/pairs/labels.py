"""The labelled pairs, and how many pairs of the pool each of them speaks for."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.pairs.pool import Pair
from bench.pairs.requests import HERE, Request

BOSTON, MESSAGES = "BOSTON", "MESSAGES"
SAME, OTHER, UNSURE = "SAME", "OTHER", "UNSURE"
NUMBER, JUDGED = "NUMBER", "JUDGED"
OUT_OF_REACH = frozenset({"FAR", "OTHER_FAMILY"})


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a pair: SAME, OTHER or UNSURE; by NUMBER or JUDGED; why, as a note code."""

    data: str
    new: str
    old: str
    label: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """A labelled pair of the pool and how many pairs of the pool it stands for."""

    pair: Pair
    same: bool
    stratum: str
    weight: float


def read(data: str) -> list[Label]:
    """The labels of one set."""
    with (HERE / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [Label(**row) for row in csv.DictReader(file) if row["data"] == data]


def weigh(
    requests: Sequence[Request], pairs: Sequence[Pair], labels: Sequence[Label]
) -> list[Weighed]:
    """The labelled pairs with their weights; UNSURE ones are left out.

    Pairs known by a number are all labelled and weigh 1. The judged ones were drawn by chance from
    strata of the rest: each weighs the size of its stratum over the number judged in it.
    """
    of_ids = {(one.new, one.old): one for one in labels}
    known = {pair: _label(requests, pair, of_ids) for pair in pairs}
    sizes = Counter(_stratum(pair, label) for pair, label in known.items())
    judged = {pair: one for pair, one in known.items() if one and one.label != UNSURE}
    drawn = Counter(_stratum(pair, one) for pair, one in judged.items())
    return [
        Weighed(pair, one.label == SAME, name, sizes[name] / drawn[name])
        for pair, one in judged.items()
        if (name := _stratum(pair, one))
    ]


def _label(
    requests: Sequence[Request], pair: Pair, of_ids: Mapping[tuple[str, str], Label]
) -> Label | None:
    return of_ids.get((requests[pair.new].id, requests[pair.old].id))


def _stratum(pair: Pair, label: Label | None) -> str:
    return NUMBER if label and label.source == NUMBER else pair.stratum


def out_of_reach(requests: Sequence[Request], labels: Sequence[Label]) -> list[Request]:
    """The later requests of the pairs that no rule can find: another family, or too far off."""
    by_id = {request.id: request for request in requests}
    return [by_id[one.new] for one in labels if one.note in OUT_OF_REACH and one.label == SAME]
