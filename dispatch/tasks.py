"""Celery's part of the queue: sweeps by due time. Idempotent; a lost run is made up by the next."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from dispatch.sweeping import archive_old, end_pauses, sweep_due


@shared_task(name="dispatch.sweep_due_timers", acks_late=True)
def sweep_due_timers(**_: Any) -> int:
    """Mark the clocks that have run out and say so in the log."""
    return sweep_due(now=timezone.now())


@shared_task(name="dispatch.end_pauses", acks_late=True)
def end_due_pauses(**_: Any) -> int:
    """Let clocks run on that stood still long enough."""
    return end_pauses(now=timezone.now())


@shared_task(name="dispatch.archive_old_cases", acks_late=True)
def archive_old_cases(**_: Any) -> int:
    """Archive what was closed long ago."""
    return archive_old(now=timezone.now())
