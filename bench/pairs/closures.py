"""What closures say about duplicates: that it is one, and of which other request."""

import re
from collections.abc import Sequence

from bench.pairs.requests import Request

DUPLICATE = re.compile(
    r"duplicat|same as|already in system|already reported|\bdup ?#|\bdup of", re.IGNORECASE
)
FOLLOW = re.compile(r"exists already|follow case|refer to case|see ?crm", re.IGNORECASE)
NUMBER = re.compile(r"(?<!\d)(?:101000)?([123]\d{5})(?!\d)")
SURELY_WITHIN_M = 250
DIGITS = 6


def says_duplicate(request: Request) -> bool:
    """Whether the closure calls it a duplicate."""
    return bool(DUPLICATE.search(request.closure))


def cited(requests: Sequence[Request]) -> dict[int, int]:
    """Each request whose closure names one other request of the data, and that other; positions.

    Closures write the last six digits of the number: "See Crm# 294379", "please follow case
    #305368", "Duplicate of 307773.". A closure with two numbers is left out.
    """
    position = {request.id[-DIGITS:]: n for n, request in enumerate(requests)}
    found: dict[int, int] = {}
    for n, request in enumerate(requests):
        if not (says_duplicate(request) or FOLLOW.search(request.closure)):
            continue
        named = dict.fromkeys(NUMBER.findall(request.closure))
        others = [digits for digits in named if digits != request.id[-DIGITS:]]
        if len(others) == 1 and others[0] in position:
            found[n] = position[others[0]]
    return found


def groups(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """For each position the first of its group: two duplicates of one case are one thing."""
    first = list(range(count))

    def find(n: int) -> int:
        while first[n] != n:
            first[n] = first[first[n]]
            n = first[n]
        return n

    for a, b in pairs:
        one, other = find(a), find(b)
        first[max(one, other)] = min(one, other)
    return [find(n) for n in range(count)]
