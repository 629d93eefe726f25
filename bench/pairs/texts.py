"""The text part alone: titles of citizens' messages in Chinese, by how many bigrams they share."""

import csv
import gzip
from dataclasses import dataclass
from itertools import pairwise

from bench.pairs.labels import MESSAGES, SAME, UNSURE, read
from bench.pairs.requests import PACK, PackIsAbsentError
from dispatch.matching import bigrams, jaccard

FILE = PACK / "cn_messages" / "messages_hot_2800.csv.gz"
EDGES = (0.08, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.01)


@dataclass(frozen=True, slots=True)
class Band:
    """Pairs whose shared part lies in [low, high): how many were judged, how many are the same."""

    low: float
    high: float
    judged: int
    same: int


def bands() -> list[Band]:
    """The judged pairs by the share of bigrams in common. Raises PackIsAbsentError."""
    if not FILE.exists():
        raise PackIsAbsentError(f"{FILE.name} is not beside the repository")
    with gzip.open(FILE, "rt", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    number, title = rows[0].index("留言编号"), rows[0].index("留言主题")
    titles = {row[number]: bigrams(row[title].strip()) for row in rows[1:]}
    judged = [
        (jaccard(titles[one.new], titles[one.old]), one.label == SAME)
        for one in read(MESSAGES)
        if one.label != UNSURE
    ]
    found = []
    for low, high in pairwise(EDGES):
        within = [same for share, same in judged if low <= share < high]
        found.append(Band(low, high, len(within), sum(within)))
    return found
