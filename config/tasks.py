"""The sweep that wakes every subscriber, for what a lost task did not."""

from typing import Any

from celery import current_app, shared_task

from config.subscriptions import SUBSCRIBERS


@shared_task(name="config.wake_subscribers", acks_late=True)
def wake_subscribers(**_: Any) -> int:
    """Send each subscriber its wake-up."""
    for name in SUBSCRIBERS:
        current_app.send_task(name)
    return len(SUBSCRIBERS)
