"""What a line gives: rows of one table, as text and as JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.cpu import Sample


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `goal` is what `met` says; without a reference there is no ratio."""

    line: str
    ours: float
    unit: str
    goal: str
    met: bool | None
    reference: float | None = None
    reference_is: str = ""
    cpu_us: float | None = None
    reference_cpu_us: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to the reference."""
        return self.ours / self.reference if self.reference else None


def interleaved(runs: Sequence[Callable[[], Sample]], rounds: int) -> list[list[Sample]]:
    """Run them in turn, that many times; the samples of each."""
    samples: list[list[Sample]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, kept in zip(runs, samples, strict=True):
            kept.append(run())
    return samples


def rate(samples: Sequence[Sample]) -> float:
    """The median of operations per second."""
    return median(sample.per_second for sample in samples)


def cpu(samples: Sequence[Sample]) -> float:
    """The median of CPU microseconds per operation."""
    return median(sample.cpu_us for sample in samples)


def latency_ms(samples: Sequence[Sample], percent: float) -> float:
    """The median over the runs of that percentile of one operation, in milliseconds."""
    return 1000 * median(float(np.percentile(sample.each_s, percent)) for sample in samples)


HEAD = ("line", "ours", "reference", "ratio", "CPU us", "ref. CPU", "goal", "met")
RIGHT = frozenset({1, 2, 3, 4, 5})


def table(rows: Sequence[Row]) -> str:
    """The rows as one table of text; notes and what the references are stand below it."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines = [
        "  ".join(
            cell.rjust(width) if i in RIGHT else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    notes = [f"  {row.line}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, "", *notes])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.line,
        f"{number(row.ours)} {row.unit}",
        f"{number(row.reference)} {row.reference_is}".strip() if row.reference else "",
        "" if row.ratio is None else number(row.ratio),
        "" if row.cpu_us is None else number(row.cpu_us),
        "" if row.reference_cpu_us is None else number(row.reference_cpu_us),
        row.goal,
        {True: "met", False: "NOT MET", None: "-"}[row.met],
    )


def number(value: float | None) -> str:
    """Three figures that count: 0.034, 1.25, 48.1, 12,300."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def write_json(path: Path, rows: Sequence[Row], about: dict[str, Any]) -> None:
    """Keep the rows with what they were measured on."""
    body = {**about, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")
