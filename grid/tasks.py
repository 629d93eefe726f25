"""How the line learns what became of its findings: it follows the queue's log."""

from functools import partial
from typing import Any

from celery import shared_task
from django.utils import timezone

from dispatch.subscribing import note_states, take_turn
from grid import on_duty
from grid.models import Finding

SUBSCRIBER = "grid.follow_cases"


@shared_task(name=SUBSCRIBER, acks_late=True)
def follow_cases(**_: Any) -> int:
    """Note on the line's own records what became of their cases; only a wake-up carries it."""
    return take_turn(SUBSCRIBER, partial(note_states, Finding.objects))


@shared_task(name="grid.end_old_duties", acks_late=True)
def end_old_duties(**_: Any) -> int:
    """End the duties whose time is over; each is hidden from its last second on without this."""
    return on_duty.end_old_duties(now=timezone.now())
