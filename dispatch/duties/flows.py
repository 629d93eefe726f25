"""The picture of a dry run (pure): ribbons from units that lose cases to those that get them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, LEFT, RIGHT, BAR = 960, 250, 710, 12
GAP, LEAST, SCALE = 14.0, 3.0, 300.0
TALLEST = 36.0
"""Of one case: few cases make a small picture."""
TOP = 8.0
MOST = 9
"""Units on a side; the smaller ones are drawn as one."""
OTHERS = -1


@dataclass(frozen=True, slots=True)
class Bar:
    """One unit on a side: where its bar stands, how many cases, where its words stand."""

    name: str
    count: int
    x: float
    y: float
    height: float
    text_x: float
    text_y: float
    is_left: bool
    is_nobody: bool


@dataclass(frozen=True, slots=True)
class Ribbon:
    """One flow: an SVG path, and the words for it."""

    path: str
    source: str
    target: str
    count: int
    tone: int
    is_nobody: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture in its own units."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    ribbons: tuple[Ribbon, ...]


def draw(flows: Sequence[tuple[int, int, int]], names: Mapping[int, str], others: str) -> Drawing:
    """Lay out flows (old unit, new unit, cases); `names` has every unit, 0 (nobody) among them."""
    flows = _grouped(flows)
    labels = {**names, OTHERS: others}
    whole = sum(count for *_pair, count in flows) or 1
    left, right = Counter[int](), Counter[int]()
    for source, target, count in flows:
        left[source] += count
        right[target] += count
    scale = min(SCALE / whole, TALLEST)
    starts, left_end = _stack(left, scale)
    ends, right_end = _stack(right, scale)
    bars = [
        *_bars(left, starts, labels, scale, is_left=True),
        *_bars(right, ends, labels, scale, is_left=False),
    ]
    ribbons = _ribbons(flows, starts, ends, labels, scale)
    height = round(max(left_end, right_end) - GAP + TOP)
    return Drawing(WIDTH, height, tuple(bars), tuple(ribbons))


def _grouped(flows: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The flows with the small units of each side put together, the greatest first."""
    kept = [_greatest(flows, side) for side in (0, 1)]
    summed: Counter[tuple[int, int]] = Counter()
    for source, target, count in flows:
        pair = (source if source in kept[0] else OTHERS, target if target in kept[1] else OTHERS)
        summed[pair] += count
    return [(*pair, count) for pair, count in summed.most_common()]


def _greatest(flows: Sequence[tuple[int, int, int]], side: int) -> set[int]:
    counts: Counter[int] = Counter()
    for flow in flows:
        counts[flow[side]] += flow[2]
    return {unit for unit, _count in counts.most_common(MOST)} | {0}


def _thickness(count: int, scale: float) -> float:
    return max(LEAST, count * scale)


def _stack(counts: Counter[int], scale: float) -> tuple[dict[int, float], float]:
    """Where each unit's bar begins, the greatest on top, and where the next one would."""
    y, found = TOP, {}
    for unit, count in counts.most_common():
        found[unit] = y
        y += max(_thickness(count, scale), 18.0) + GAP
    return found, y


def _bars(
    counts: Counter[int],
    places: Mapping[int, float],
    labels: Mapping[int, str],
    scale: float,
    *,
    is_left: bool,
) -> list[Bar]:
    x = LEFT - BAR if is_left else RIGHT
    text_x = x - 10 if is_left else x + BAR + 10
    found = []
    for unit, count in counts.most_common():
        height = _thickness(count, scale)
        middle = places[unit] + max(height, 18.0) / 2
        found.append(
            Bar(
                labels.get(unit, str(unit)),
                count,
                x,
                round(middle - height / 2, 1),
                round(height, 1),
                text_x,
                round(middle + 4.5, 1),
                is_left,
                unit == 0,
            )
        )
    return found


def _ribbons(
    flows: Sequence[tuple[int, int, int]],
    starts: Mapping[int, float],
    ends: Mapping[int, float],
    labels: Mapping[int, str],
    scale: float,
) -> list[Ribbon]:
    """One band per flow, stacked along its two bars; thin ones keep a visible width."""
    tones = {unit: n % 5 for n, unit in enumerate(starts)}
    used_left, used_right = dict.fromkeys(starts, 0.0), dict.fromkeys(ends, 0.0)
    sums = Counter[tuple[str, int]]()
    for source, target, count in flows:
        sums["left", source] += count
        sums["right", target] += count
    found = []
    for source, target, count in flows:
        thick = count * scale
        y1 = starts[source] + _inset(sums["left", source], scale) + used_left[source]
        y2 = ends[target] + _inset(sums["right", target], scale) + used_right[target]
        used_left[source] += thick
        used_right[target] += thick
        path = _path(y1, y2, max(thick, 1.5))
        words = labels.get(source, str(source)), labels.get(target, str(target))
        found.append(Ribbon(path, *words, count, tones[source], target == 0))
    return found


def _inset(count: int, scale: float) -> float:
    height = _thickness(count, scale)
    return max(height, 18.0) / 2 - height / 2


def _path(y1: float, y2: float, thick: float) -> str:
    x1, x2, bend = LEFT, RIGHT, (LEFT + RIGHT) / 2
    return (
        f"M{x1} {y1:.1f}C{bend:.0f} {y1:.1f} {bend:.0f} {y2:.1f} {x2} {y2:.1f}"
        f"L{x2} {y2 + thick:.1f}C{bend:.0f} {y2 + thick:.1f} {bend:.0f} {y1 + thick:.1f}"
        f" {x1} {y1 + thick:.1f}Z"
    )
