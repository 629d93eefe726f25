"""Celery's part of the wall: add the log up, write readings down. A lost run is made up."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from screen import flows


@shared_task(name="screen.fold", acks_late=True)
def fold(**_: Any) -> int:
    """Add up what is new in the log."""
    return flows.fold()


@shared_task(name="screen.take_readings", acks_late=True)
def take_readings(**_: Any) -> int:
    """Write down what the due index says at this minute."""
    return flows.take_readings(now=timezone.now())
