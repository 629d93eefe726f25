"""The open cases of the whole city in this process, kept up to date by the log.

Counters of any scope and the clusters of a map tile are read from here, so that no request counts
half a million rows (ADR 0013). Nothing is true here alone: it can be forgotten at any time.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, connection, transaction

from accounts.prepared import execute_prepared
from dispatch.board.opencases import EPOCH, OpenCase, OpenCases

CHUNK = 5_000
"""Rows that are held as Python objects at a time."""
SLICE, SLICE_EVERY_S = 250, 1.25
"""So many cases are read again each time, in turn: what the log never told heals by itself. They
are few, for somebody waits for the counters meanwhile."""
MOST_CHANGES = 50_000
"""Events of a district; with more the log is no shorter way than the cases themselves."""
MANY_CHANGES, PAUSE_FACTOR, LONGEST_PAUSE_S = 500, 10.0, 2.0
"""A look that met a backlog without numbers is not repeated for ten times as long as it took."""

_COLUMNS = """
SELECT id, case_no, (extract(epoch FROM due_at) * 1000000)::bigint,
       (extract(epoch FROM created_at) * 1000000)::bigint,
       coalesce(6378137 * radians(ST_X(location)), 'Infinity'),
       coalesce(6378137 * ln(tan(pi() / 4 + radians(ST_Y(location)) / 2)), 'Infinity'),
       sensitive,
       EXISTS (SELECT FROM dispatch_supervision s
               WHERE s.case_id = dispatch_case.id AND s.ended_at IS NULL),
       rework_count, return_count, district_code, street_code, community_code,
       coalesce(lead_unit_id, 0), state, line, category_code, priority, support_units, is_open
FROM dispatch_case
"""
_ALL = f"{_COLUMNS} WHERE is_open"
_SLICE = f"""{_COLUMNS} WHERE is_open AND (due_at, id) > (%s::timestamptz, %s::bigint)
ORDER BY due_at, id LIMIT {SLICE}"""
BEGIN, END = (0, 0), (2**63 - 1, 2**63 - 1)
_SOME = f"{_COLUMNS} WHERE id = ANY(%s::bigint[])"
_HEADS = "SELECT district, seq, digest FROM dispatch_feedhead"
_CHANGED = f"""
SELECT (SELECT array_agg(DISTINCT e.case_id)
        FROM unnest(%s::text[], %s::bigint[]) AS s(district, seq)
        CROSS JOIN LATERAL (
          SELECT case_id FROM dispatch_event WHERE district = s.district AND seq > s.seq
          ORDER BY seq LIMIT {2 * MOST_CHANGES}) e),
       array_agg(id), array_agg(case_id)
FROM dispatch_event WHERE seq IS NULL
"""

logger = logging.getLogger("sanxian.board")
Head = tuple[int, str]
T = TypeVar("T")


class Board:
    """One per process. Each look brings it up to what is committed, numbered or not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Read all anew at the next look."""
        self._cases = OpenCases()
        self._seen: dict[str, Head] = {}
        self._without_number: set[int] = set()
        self._is_read = False
        self._sliced_to, self._next_slice_at = BEGIN, 0.0
        self._next_look_at = 0.0

    def is_ready(self) -> bool:
        """False while another thread reads all open cases: who asks then asks the database."""
        return self._is_read or not self._lock.locked()

    def read(self, ask: Callable[[OpenCases], T]) -> T:
        """The answer to a question about the open cases; microseconds, others wait meanwhile."""
        with self._lock:
            start = time.monotonic()
            if start >= self._next_look_at and self._look() > MANY_CHANGES:
                end = time.monotonic()
                self._next_look_at = end + min(PAUSE_FACTOR * (end - start), LONGEST_PAUSE_S)
            return ask(self._cases)

    def _look(self) -> int:
        """Heads first, then what changed after the heads of the last look; how many cases.

        What is numbered between the two statements is read twice, and nothing is missed: an event
        without a number at the first statement has one, or none still, at the second.
        """
        with connection.cursor() as cursor:
            cursor.execute(_HEADS)
            heads: dict[str, Head] = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
            anew = not self._is_read or self._is_another_log(heads)
            changes = self._read_all() if anew else self._read_changed(cursor, heads)
            if time.monotonic() >= self._next_slice_at:
                self._read_slice(cursor)
        self._seen = heads
        return changes

    def _is_another_log(self, heads: dict[str, Head]) -> bool:
        """True where the log cannot tell what changed: a restored backup, or far too much."""
        return any(
            district not in heads
            or heads[district][0] < seen[0]
            or heads[district][0] - seen[0] > MOST_CHANGES
            or (heads[district][0] == seen[0] and heads[district][1] != seen[1])
            for district, seen in self._seen.items()
        )

    def _read_all(self) -> int:
        """All open cases, a chunk at a time: at the first look, and of another log."""
        self._cases, self._is_read = OpenCases(), False
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(_ALL)
            while rows := cursor.fetchmany(CHUNK):
                self._cases.put([OpenCase(*row[:-1]) for row in rows])
        self._is_read = True
        self._next_slice_at = time.monotonic() + SLICE_EVERY_S
        return 0

    def _read_slice(self, cursor: Any) -> None:
        """The next open cases in the order of their due times are read again; what is held in
        between and was not among them is read by its number, for its due time may have moved."""
        after = self._sliced_to
        params = [EPOCH + timedelta(microseconds=after[0]), after[1]]
        execute_prepared(cursor, _SLICE, params, name=f"dispatch_board_slice_{SLICE}")
        rows = [OpenCase(*row[:-1]) for row in cursor.fetchall()]
        upto = (rows[-1].due_at, rows[-1].id) if len(rows) == SLICE else END
        missing = self._cases.due_between(after, upto) - {row.id for row in rows}
        self._cases.put(rows)
        self._cases.drop(missing)
        for start in range(0, len(missing), CHUNK):
            self._read_some(cursor, sorted(missing)[start : start + CHUNK])
        self._sliced_to = BEGIN if upto == END else upto
        self._next_slice_at = time.monotonic() + SLICE_EVERY_S

    def _read_changed(self, cursor: Any, heads: dict[str, Head]) -> int:
        moved = {
            district: self._seen.get(district, (0, ""))[0]
            for district, head in heads.items()
            if head != self._seen.get(district)
        }
        execute_prepared(
            cursor, _CHANGED, [list(moved), list(moved.values())], name="dispatch_board_changed"
        )
        numbered, events, of_cases = (column or [] for column in cursor.fetchone())
        waiting = dict(zip(events, of_cases, strict=True))
        fresh = {pk for event, pk in waiting.items() if event not in self._without_number}
        if ids := sorted(fresh.union(numbered)):
            for start in range(0, len(ids), CHUNK):
                self._read_some(cursor, ids[start : start + CHUNK])
        self._without_number = set(waiting)
        return len(ids) + len(waiting)

    def _read_some(self, cursor: Any, ids: list[int]) -> None:
        execute_prepared(cursor, _SOME, [ids], name="dispatch_board_some")
        rows = cursor.fetchall()
        self._cases.put([OpenCase(*row[:-1]) for row in rows if row[-1]])
        self._cases.drop([row[0] for row in rows if not row[-1]])


board = Board()


def warm_up() -> None:
    """Read the open cases before the first request asks; for a thread of its own at start-up."""
    try:
        board.read(lambda cases: None)
    except DatabaseError as error:
        logger.warning("the open cases are read at the first request: %s", type(error).__name__)
    finally:
        connection.close()
