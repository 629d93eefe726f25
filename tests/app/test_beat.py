"""The beat says deadlines by itself: no worker, no broker, and a database that comes back."""

import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection
from django.utils import timezone

from config.management.commands.beat import keep_sweeping
from dispatch.models import Case, Timer
from tests.app.test_disputes import log
from tests.city import City

WITHIN_S = 10.0


@pytest.fixture
def sweeper() -> Iterator[Thread]:
    stop = Event()
    thread = Thread(target=keep_sweeping, args=[stop])
    thread.start()
    yield thread
    stop.set()
    thread.join(WITHIN_S)
    assert not thread.is_alive()


def run_out(case: Case) -> Timer:
    """The case's clock, which ran out a moment ago."""
    ago = timezone.now() - timedelta(seconds=1)
    Timer.objects.filter(case=case, stage="ACCEPT").update(due_at=ago, next_at=ago)
    return Timer.objects.get(case=case, stage="ACCEPT")


def is_said(timer: Timer) -> bool:
    timer.refresh_from_db()
    return timer.overdue_at is not None


def until_said(timer: Timer) -> None:
    end = time.monotonic() + WITHIN_S
    while not is_said(timer):
        assert time.monotonic() < end, "nobody said it"
        time.sleep(0.05)


def test_what_runs_out_is_said_without_a_worker_and_after_the_database_was_away(
    real_city: City, sweeper: Thread
) -> None:
    first = run_out(log(real_city))
    until_said(first)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchall()
    second = run_out(log(real_city))
    until_said(second)
    assert sweeper.is_alive()
