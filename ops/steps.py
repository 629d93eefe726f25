"""Says in plain words what is being done, how far it is and how long it took."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

STARTED_AT = float(os.environ.get("STARTED_AT", time.time()))


def say(words: str) -> None:
    """Print one line at once, also into a pipe."""
    print(words, flush=True)


@dataclass
class Steps:
    """Numbers the steps of one run; ops/up.sh did those before `done`."""

    total: int
    done: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Announce a step, and its duration when it is over."""
        self.done += 1
        elapsed = time.time() - STARTED_AT
        say(f"[{self.done}/{self.total}] {words}  ({elapsed:.0f} s since the start)")
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[words] = time.monotonic() - began
        say(f"      {self.seconds[words]:.1f} s")
