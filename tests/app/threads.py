"""Work done by several threads at once, each with its own connection."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")
AT_ONCE = 8


def at_once(work: Callable[[int], T], many: int = AT_ONCE) -> list[T]:
    """The answers of that many threads that start together."""
    start = threading.Barrier(many)

    def run(n: int) -> T:
        start.wait()
        try:
            return work(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(run, range(many)))
