"""How the line learns what became of its tickets: it follows the queue's log."""

from functools import partial
from typing import Any

from celery import shared_task

from dispatch.subscribing import note_states, take_turn
from hotline.models import Ticket

SUBSCRIBER = "hotline.follow_cases"


@shared_task(name=SUBSCRIBER, acks_late=True)
def follow_cases(**_: Any) -> int:
    """Note on the line's own records what became of their cases; only a wake-up carries it."""
    return take_turn(SUBSCRIBER, partial(note_states, Ticket.objects))
