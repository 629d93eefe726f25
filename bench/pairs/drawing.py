"""The curve of docs/matching.md as a small SVG."""

from collections.abc import Sequence

from bench.pairs.scoring import Point

WIDTH, HEIGHT, LEFT, TOP, SIDE = 580, 360, 52, 16, 290


def draw(ours: Sequence[Point], theirs: Sequence[Point], at_250: Point) -> str:
    """Precision over recall: our curve, the peers' rule with any radius, and with 250 m."""
    grid = "".join(_grid(share / 5) for share in range(6))
    lines = (
        f'<polyline points="{_path(theirs)}" fill="none" stroke="#9a9a9a" stroke-width="2"'
        ' stroke-dasharray="5 4"/>'
        f'<polyline points="{_path(ours)}" fill="none" stroke="#0b6bcb" stroke-width="2.5"/>'
        f'<circle cx="{_x(at_250.recall):.1f}" cy="{_y(at_250.precision):.1f}" r="5"'
        ' fill="#b3261e"/>'
    )
    words = "".join(
        f'<text x="366" y="{y}" fill="{colour}">{word}</text>'
        for y, colour, word in (
            (60, "#0b6bcb", "ours"),
            (84, "#767676", "same category, any radius"),
            (108, "#b3261e", "same category within 250 m"),
        )
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="sans-serif" font-size="13" aria-label="Precision over recall">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{grid}{lines}{words}'
        f'<text x="{LEFT + SIDE / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">recall</text>'
        f'<text x="14" y="{TOP + SIDE / 2:.0f}" text-anchor="middle"'
        f' transform="rotate(-90 14 {TOP + SIDE / 2:.0f})">precision</text></svg>\n'
    )


def _x(recall: float) -> float:
    return LEFT + SIDE * recall


def _y(precision: float) -> float:
    return TOP + SIDE * (1 - precision)


def _grid(share: float) -> str:
    x, y = _x(share), _y(share)
    return (
        f'<path d="M{LEFT} {y:.1f}H{LEFT + SIDE}M{x:.1f} {TOP}V{TOP + SIDE}" stroke="#e2e2e2"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share:.1f}</text>'
        f'<text x="{x:.1f}" y="{TOP + SIDE + 17}" text-anchor="middle">{share:.1f}</text>'
    )


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{_x(point.recall):.1f},{_y(point.precision):.1f}" for point in points)
