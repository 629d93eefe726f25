"""How the line learns what became of its findings: it follows the queue's log."""

from collections.abc import Sequence
from typing import Any

from celery import shared_task

from dispatch.lifecycle import SPLIT_OFF
from dispatch.subscribing import Heard, drain
from grid.models import Finding

SUBSCRIBER = "grid.follow_cases"


@shared_task(name=SUBSCRIBER, acks_late=True)
def follow_cases(**_: Any) -> int:
    """Note the state of each case on the line's own record; only a wake-up carries it."""
    return drain(SUBSCRIBER, note_states)


def note_states(heard: Sequence[Heard]) -> None:
    """Write the last state heard of each case to its findings; follow voices split off."""
    for event in heard:
        if event.topic == SPLIT_OFF:
            voices = Finding.objects.filter(intake_no__in=event.payload["voices"])
            voices.update(case_no=event.case_no)
    latest = {event.case_no: event for event in heard}
    for case_no, event in latest.items():
        Finding.objects.filter(case_no=case_no).update(
            case_state=event.to_state, case_state_at=event.at
        )
