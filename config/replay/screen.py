"""What a replay shows: one line that moves, and a table at the end."""

import time
from typing import TextIO

from config.replay.journal import Journal

BAR = 24
QUIET_SECONDS = 10.0
MOVING_SECONDS = 0.2


class ProgressLine:
    """Done, rows a second, time left, refused: one line on a terminal, one every ten seconds
    in a log."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.moves = out.isatty()
        self.started = self.shown = time.monotonic()

    def show(self, *, rows: int, share: float, refused: int) -> None:
        """Draw the line unless it was drawn a moment ago; `rows` of this run."""
        now = time.monotonic()
        if now - self.shown < (MOVING_SECONDS if self.moves else QUIET_SECONDS):
            return
        self.shown = now
        pace = rows / max(now - self.started, 1e-3)
        left = (now - self.started) * (1 - share) / share if share else 0.0
        bar = ("#" * round(BAR * share)).ljust(BAR, ".")
        line = f"[{bar}] {share:4.0%}  {rows:,} rows  {pace:,.0f} rows/s  eta {clock(left)}"
        line += f"  refused {refused:,}"
        self.out.write(f"\r{line}\x1b[K" if self.moves else f"{line}\n")
        self.out.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.moves:
            self.out.write("\r\x1b[K")


def clock(seconds: float) -> str:
    """h:mm:ss, or m:ss."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def summary(journal: Journal, *, with_outcome: bool, rows_now: int, seconds_now: float) -> str:
    """The table at the end."""
    counts = journal.counts
    lines = [
        ("rows in", counts.rows),
        ("cases", counts.cases),
        ("voices with a duplicate candidate", counts.with_candidate),
        ("voices joined to a case", counts.joined),
        ("known before (nothing doubled)", counts.known),
    ]
    if with_outcome:
        lines.append(("closed as at the source", counts.closed))
    lines.append(("refused", counts.refused.total()))
    lines += [(f"  {code}", count) for code, count in counts.refused.most_common()]
    lines.append(("rows a second, this run", round(rows_now / max(seconds_now, 1e-9))))
    table = "\n".join(f"{name:<36}{number:>12,}" for name, number in lines)
    if counts.refused:
        table += f"\nrefused rows: {journal.refused_path}"
    return table
