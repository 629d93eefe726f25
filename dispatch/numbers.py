"""Case and intake numbers: {district6}{yyyyMMdd}{line}{seq6} (domain.md 1.10).

`seq6` comes from one database sequence that runs round, leased by each process in blocks: a number
is never given twice on a day, gaps mean nothing, and no row is locked while a case is made.
"""

import secrets
import threading
from collections import deque
from datetime import datetime

from django.db import connection

from dispatch.clocks import SHANGHAI

BLOCK = 50
LINE_LETTERS = {"HOTLINE": "H", "GRID": "G", "AFFAIRS": "S"}


class _Lease:
    """The numbers that this process may still give out."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.left: deque[int] = deque()

    def take(self, many: int) -> list[int]:
        """That many numbers; asks the sequence for a block when they run short."""
        with self.lock:
            if len(self.left) < many:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT nextval('dispatch_number_seq') FROM generate_series(1, %s)",
                        [max(BLOCK, many)],
                    )
                    self.left.extend(number for (number,) in cursor.fetchall())
            return [self.left.popleft() for _ in range(many)]


_lease = _Lease()


def take(many: int = 1) -> list[int]:
    """Fresh sequence numbers."""
    return _lease.take(many)


def forget() -> None:
    """Give up the numbers at hand, for one of them was taken.

    After a crash of the database its sequence may stand where it stood some transactions earlier,
    and give numbers a second time that a process which lived on still holds.
    """
    with _lease.lock:
        _lease.left.clear()


def intake_no(seq: int, line: str, now: datetime) -> str:
    """The number of a voice: yyyyMMdd, the line's letter, six digits."""
    return f"{now.astimezone(SHANGHAI):%Y%m%d}{LINE_LETTERS[line]}{seq:06d}"


def case_no(district: str, intake: str) -> str:
    """The number of a case: its district before the number of its first voice."""
    return f"{district}{intake}"


def query_code() -> str:
    """Six random digits with which a citizen looks up her intake."""
    return f"{secrets.randbelow(1_000_000):06d}"
