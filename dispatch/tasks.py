"""Celery's part of the queue. Idempotent; a lost run is made up by the next."""

import logging
from functools import partial
from typing import Any

from celery import shared_task
from django.utils import timezone

from dispatch import catalogue
from dispatch.incidents import recognising
from dispatch.oversight.alarming import SUBSCRIBER, raise_alarms
from dispatch.subscribing import take_turn
from dispatch.timekeeping.reviewing import mark_reviews
from dispatch.timekeeping.sweeping import archive_old, end_pauses

logger = logging.getLogger("sanxian.calendar")


@shared_task(name="dispatch.end_pauses", acks_late=True)
def end_due_pauses(**_: Any) -> int:
    """Let clocks run on that stood still long enough."""
    return end_pauses(now=timezone.now())


@shared_task(name="dispatch.archive_old_cases", acks_late=True)
def archive_old_cases(**_: Any) -> int:
    """Archive what was closed long ago."""
    return archive_old(now=timezone.now())


@shared_task(name="dispatch.watch_calendar", acks_late=True)
def watch_calendar(**_: Any) -> int:
    """Say in the log which year of the working calendar is missing; how many are."""
    gaps = catalogue.calendar_gaps(timezone.localdate())
    for year in gaps:
        logger.warning("the working calendar of %s is missing: load_calendar", year)
    return len(gaps)


@shared_task(name=SUBSCRIBER, acks_late=True)
def watch_for_abuse(**_: Any) -> int:
    """Look at what is new in the log for abuses; only a wake-up carries it."""
    return take_turn(SUBSCRIBER, raise_alarms)


@shared_task(name="dispatch.mark_reviews", acks_late=True)
def mark_due_reviews(**_: Any) -> int:
    """Say which suspended cases want their monthly review."""
    return mark_reviews(now=timezone.now())


@shared_task(name=recognising.SUBSCRIBER, acks_late=True)
def recognise_incidents(**_: Any) -> int:
    """Offer many calls about one outage as one; only a wake-up carries it."""
    return take_turn(recognising.SUBSCRIBER, partial(recognising.recognise, now=timezone.now()))
