"""Figures of the wall from counts (pure): what is open, the closed loop, labels, changes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from dispatch.lifecycle import OPEN, State
from dispatch.wall.counting import TallyKey
from dispatch.wall.log import Transition
from dispatch.wall.rates import LOOP, Rate, Standing, Stay

LINES = ("HOTLINE", "GRID", "AFFAIRS")
FEWEST_STAYS = 5
"""A median over fewer stays marks no bottleneck."""
FEWEST_RANKED = 10
"""domain.md 7.4: no ranking with fewer cases."""
_OPEN = frozenset(state.value for state in OPEN)


def open_figures(counts: Mapping[TallyKey, int]) -> dict[str, Any]:
    """Open cases: in all, by line, by district and by state."""
    by_line: Counter[str] = Counter()
    by_district: Counter[str] = Counter()
    by_state: Counter[str] = Counter()
    for (district, line, _category, state), count in counts.items():
        if state in _OPEN:
            by_line[line] += count
            by_district[district] += count
            by_state[state] += count
    return {
        "open": sum(by_line.values()),
        "lines": {line: by_line[line] for line in LINES},
        "districts": dict(by_district),
        "states": dict(by_state),
        "waiting_dispatch": by_state[State.PENDING_DISPATCH.value],
    }


def tally_rows(counts: Mapping[TallyKey, int]) -> list[dict[str, Any]]:
    """The tally by district, line and state, as the socket says it (contract.md 6)."""
    rows: Counter[tuple[str, str, str]] = Counter()
    for (district, line, _category, state), count in counts.items():
        rows[(district, line, state)] += count
    return [
        {"district": district, "line": line, "state": state, "count": count}
        for (district, line, state), count in sorted(rows.items())
        if count
    ]


def day_figures(moves: Iterable[Transition]) -> dict[str, Any]:
    """What a span of the log brought: new cases by line, endings, endings after a call back."""
    new: Counter[str] = Counter()
    closed = called_back = 0
    for move in moves:
        if move.from_state == "":
            new[move.line] += move.n
        if move.to_state == State.CLOSED.value:
            closed += move.n
            if move.from_state == State.PENDING_CALLBACK.value:
                called_back += move.n
    lines = {line: new[line] for line in LINES}
    return {
        "total": sum(new.values()),
        "lines": lines,
        "closed": closed,
        "called_back": called_back,
    }


def loop(states: Mapping[str, int], called_back: int) -> list[dict[str, Any]]:
    """The closed loop: at each step how many have come so far, and how many wait there.

    Of the open cases and those closed today after a call back. By construction
    reached(step) - reached(next) = waiting(step), so received - dispatched = waiting for dispatch.
    """
    waiting = [sum(states.get(state.value, 0) for state in held) for _, held in LOOP]
    steps, beyond = [], called_back
    for (name, _), here in reversed(list(zip(LOOP, waiting, strict=True))):
        beyond += here
        steps.append({"step": name, "reached": beyond, "waiting": here})
    return steps[::-1]


def bottleneck(stays: Iterable[Stay]) -> str:
    """The step with the longest median stay among those with enough stays; "" for none."""
    known = [stay for stay in stays if stay.n >= FEWEST_STAYS]
    return max(known, key=lambda stay: stay.median_s).step if known else ""


def change(now: float, before: float) -> float | None:
    """The change as a share of what was before; None where nothing was."""
    return (now - before) / before if before else None


def rate(found: Rate) -> dict[str, Any]:
    """A rate as JSON."""
    return {"share": found.share, "n": found.n}


def ranking(standings: Iterable[Standing], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Who closed in time, the best first; with too few cases last and without a place.

    `moved` says how many places were won since the period before.
    """
    found = sorted(standings, key=lambda s: (-(s.on_time.share or 0), -s.on_time.n, s.code))
    ranked = [s for s in found if s.on_time.n >= FEWEST_RANKED]
    earlier = [s for s in ranked if s.before.n >= FEWEST_RANKED]
    earlier.sort(key=lambda s: (-(s.before.share or 0), -s.before.n, s.code))
    then = {s.code: place for place, s in enumerate(earlier)}
    now = {s.code: place for place, s in enumerate(s for s in ranked if s.code in then)}
    places = {s.code: place for place, s in enumerate(ranked, start=1)}
    return [
        {
            "code": s.code,
            "name": names.get(s.code) or s.name,
            "place": places.get(s.code),
            "share": s.on_time.share,
            "n": s.on_time.n,
            "moved": then[s.code] - now[s.code] if s.code in then else None,
        }
        for s in [*ranked, *(s for s in found if s.code not in places)]
    ]
