"""Celery's part of the queue: sweeps by due time. Idempotent; a lost run is made up by the next."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from dispatch.sweeping import sweep_due


@shared_task(name="dispatch.sweep_due_timers", acks_late=True)
def sweep_due_timers(**_: Any) -> int:
    """Mark the clocks that have run out and say so in the log."""
    return sweep_due(now=timezone.now())
