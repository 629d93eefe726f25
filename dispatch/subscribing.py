"""Subscribers read the log at their own pace: a cursor per district, moved with their effect.

A Celery task is only a wake-up; a lost or doubled one changes nothing (architecture.md 5).
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import models, transaction
from kombu.exceptions import OperationalError

from dispatch.lifecycle import TAKING_VOICES
from dispatch.models import Cursor, Event, FeedHead

BATCH = 200
TURN_S = 1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a subscriber hears of an event: codes and ids only."""

    district: str
    seq: int
    topic: str
    case_no: str
    to_state: str
    at: datetime
    payload: dict[str, Any]


Effect = Callable[[Sequence[Heard]], None]


def drain(subscriber: str, effect: Effect) -> int:
    """Give the subscriber all it has not heard, the districts in turn; how many events.

    Each batch is one transaction: the effect and the cursor move together or not at all. A second
    worker of the same subscriber passes over districts that the first one holds.
    """
    return sum(_batches(subscriber, effect))


def take_turn(subscriber: str, effect: Effect) -> int:
    """`drain`, for little more than TURN_S seconds: then others have their turn, until the
    subscriber is woken for what it has not heard."""
    total, end = 0, time.monotonic() + TURN_S
    for heard in _batches(subscriber, effect):
        total += heard
        if time.monotonic() > end:
            with suppress(OperationalError):  # the beat wakes it, where the broker is away
                current_app.send_task(subscriber, retry=False)
            break
    return total


def _batches(subscriber: str, effect: Effect) -> Iterator[int]:
    """A batch of each district that has news, again and again; how many events a batch."""
    districts = list(FeedHead.objects.order_by("district").values_list("district", flat=True))
    known = set(Cursor.objects.filter(subscriber=subscriber).values_list("district", flat=True))
    Cursor.objects.bulk_create(
        [Cursor(subscriber=subscriber, district=d) for d in districts if d not in known],
        ignore_conflicts=True,
    )
    waiting = deque(districts)
    while waiting:
        district = waiting.popleft()
        if heard := _one_batch(subscriber, district, effect):
            waiting.append(district)
            yield heard


def note_states(records: models.Manager[Any], heard: Sequence[Heard]) -> None:
    """Note on a line's own records which case each belongs to now, and its last state heard.

    Records have `intake_no`, `case_no`, `case_state` and `case_state_at`; they follow their voices
    through merges and splits, so no line waits for the news of a case that was merged away.
    """
    for event in heard:
        if event.topic in TAKING_VOICES:
            voices = records.filter(intake_no__in=event.payload["voices"])
            voices.update(case_no=event.case_no)
    latest = {event.case_no: event for event in heard}
    for case_no, event in latest.items():
        records.filter(case_no=case_no).update(case_state=event.to_state, case_state_at=event.at)


@transaction.atomic
def _one_batch(subscriber: str, district: str, effect: Effect) -> int:
    cursor = (
        Cursor.objects.select_for_update(skip_locked=True)
        .filter(subscriber=subscriber, district=district)
        .first()
    )
    if cursor is None:
        return 0
    rows = Event.objects.filter(district=district, seq__gt=cursor.seq).order_by("seq")
    columns = ("seq", "topic", "case_no", "to_state", "at", "payload")
    heard = [Heard(district, *row) for row in rows.values_list(*columns)[:BATCH]]
    if not heard:
        return 0
    effect(heard)
    cursor.seq = heard[-1].seq
    cursor.save(update_fields=["seq"])
    return len(heard)
