"""Runs a replay: rows through the door, outcomes in their time, checkpoints between."""

import gc
import heapq
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from config.replay.errors import ReplayError
from config.replay.journal import Journal
from config.replay.rows import Item, RowReader
from config.replay.screen import ProgressLine
from config.replay.tables import Table
from dispatch import bulk
from dispatch.actions.importing import Outcome, close_as_at_source
from dispatch.bulk import Answer, ReadyVoices
from dispatch.voices import IntakeError


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows, their voices made ready for the bulk door, and how much of the file was read then."""

    items: list[Item]
    ready: ReadyVoices | None
    share: float


END = Batch([], None, 1.0)
OBJECTS_BETWEEN = 50_000
"""New objects between two searches for cycles; Python's own number is 700."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Rows a second through the single door; 0 is as fast as possible, through the bulk door.

    `limit` ends after that many rows of the file.
    """

    rate: float
    limit: int | None = None

    def batch_rows(self) -> int:
        """How many rows lie between two checkpoints: a batch of the bulk door, or a second."""
        return min(bulk.BATCH, max(1, int(self.rate))) if self.rate else bulk.BATCH


class Replay:
    """One file on its way into the queue. `clock` tells the time of the machine, aware."""

    def __init__(
        self,
        table: Table,
        reader: RowReader,
        journal: Journal,
        *,
        line: ProgressLine,
        clock: Callable[[], datetime],
    ) -> None:
        self.table, self.reader, self.journal = table, reader, journal
        self.line, self.clock = line, clock
        self.rows_now = 0
        self.started = self.next_at = time.monotonic()
        self._ends: list[tuple[datetime, int, Outcome]] = []

    def last_opened(self) -> datetime:
        """The latest opening among the rows to replay, UTC. Raises ReplayError."""
        rows = (row for row in self.table.rows(self.reader.columns) if row is not None)
        latest = max(filter(None, map(self.reader.opened, rows)), default=None)
        if latest is None:
            raise ReplayError("no row has a time that can be read; nothing can be shifted to now")
        return latest

    def seconds_now(self) -> float:
        """How long this run has taken."""
        return time.monotonic() - self.started

    def run(self, pace: Pace) -> None:
        """Take in every row after the checkpoint; wherever this ends, the next run goes on."""
        try:
            with seldom_collected():
                for batch in read_ahead(self._batches(pace)):
                    self._take_in(batch, pace)
            self._end_cases(None)
            if not self.journal.counts.rows:
                raise ReplayError(
                    "nothing to replay: the file has no rows, or none fits --line and --where"
                )
            self.journal.is_finished = pace.limit is None
            self.journal.save()
        finally:
            self.line.end()

    def _batches(self, pace: Pace) -> Iterator[Batch]:
        items = self._items(pace.limit)
        while rows := list(itertools.islice(items, pace.batch_rows())):
            yield Batch(rows, None if pace.rate else self._ready(rows), self.table.share_read())

    def _ready(self, items: Sequence[Item]) -> ReadyVoices:
        voices = [
            (item.voice, item.opened)
            for item in items
            if item.number > self.journal.done and not isinstance(item.voice, IntakeError)
        ]
        return bulk.make_ready(voices, by=None)

    def _items(self, limit: int | None) -> Iterator[Item]:
        """The rows that count; of those before the checkpoint only what tells of their end."""
        done, skips = self.journal.done, self.reader.closed is None
        numbered = enumerate(self.table.rows(self.reader.columns), start=1)
        for number, row in itertools.islice(numbered, limit):
            if number <= done and skips:
                continue
            item = self.reader.item(number, row)
            if item is not None:
                yield item

    def _take_in(self, batch: Batch, pace: Pace) -> None:
        """One batch and the checkpoint behind it."""
        journal = self.journal
        new = [item for item in batch.items if item.number > journal.done]
        if new:
            self._end_cases(new[0].opened)
        refused = []
        for item, answer in zip(new, self._answers(batch, new, pace), strict=True):
            journal.counts.add(answer)
            if isinstance(answer, IntakeError):
                refused.append((item.number, item.key, answer))
            else:
                journal.last_key = item.key
        for item in batch.items:
            if item.outcome is not None:
                heapq.heappush(self._ends, (item.outcome.at, item.number, item.outcome))
        if new:
            self.rows_now += len(new)
            journal.refuse(refused)
            journal.done = new[-1].number
            journal.save()
        self._show(0, batch.share)

    def _answers(self, batch: Batch, items: Sequence[Item], pace: Pace) -> list[Answer]:
        if batch.ready is None:
            return [self._paced(item, n, pace, batch.share) for n, item in enumerate(items)]
        answers = iter(bulk.take_in(batch.ready))
        return [i.voice if isinstance(i.voice, IntakeError) else next(answers) for i in items]

    def _paced(self, item: Item, n: int, pace: Pace, share: float) -> Answer:
        """One voice when its turn has come; who is late does not hurry to catch up."""
        self.next_at = max(self.next_at + 1 / pace.rate, time.monotonic() - 1)
        time.sleep(max(0.0, self.next_at - time.monotonic()))
        self._show(n, share)
        if isinstance(item.voice, IntakeError):
            return item.voice
        return bulk.submit_or_refuse(item.voice, by=None, now=item.opened)

    def _end_cases(self, moment: datetime | None) -> None:
        """Close what the source had closed up to a moment (all: None), BATCH at a time."""
        due = []
        while self._ends and (moment is None or self._ends[0][0] <= moment):
            due.append(heapq.heappop(self._ends)[2])
        for start in range(0, len(due), bulk.BATCH):
            batch = due[start : start + bulk.BATCH]
            closed = close_as_at_source(batch, by=None, now=self.clock())
            self.journal.counts.closed += closed

    def _show(self, more: int, share: float) -> None:
        refused = self.journal.counts.refused.total()
        self.line.show(rows=self.rows_now + more, share=share, refused=refused)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Do not look through all that lives for cycles at every few rows: a row leaves none, and the
    looking took a sixth of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches; the next one is made ready while the database works on the last."""
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        try:
            coming = reader.submit(next, batches, END)
            while (batch := coming.result()) is not END:
                coming = reader.submit(next, batches, END)
                yield batch
        finally:
            reader.submit(connection.close)
