"""Sweeps over all apps: waking the subscribers, and putting away what nobody needs any more."""

from typing import Any

from celery import current_app, shared_task
from django.utils import timezone

from accounts.actions import forget_old_failures
from config.subscriptions import SUBSCRIBERS
from dispatch.attachments.images import discard_stale_parts


@shared_task(name="config.wake_subscribers", acks_late=True)
def wake_subscribers(**_: Any) -> int:
    """Send each subscriber its wake-up."""
    for name in SUBSCRIBERS:
        current_app.send_task(name)
    return len(SUBSCRIBERS)


@shared_task(name="config.tidy_up", acks_late=True)
def tidy_up(**_: Any) -> int:
    """Put away failed sign-ins that lock nobody and uploads that nobody goes on with."""
    now = timezone.now()
    return forget_old_failures(now=now) + discard_stale_parts(now=now)
