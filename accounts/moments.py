"""A time as a client sent it."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

FARTHEST = timedelta(hours=15, minutes=59)
"""The widest offset that PostgreSQL reads; ISO 8601 and Python know them up to a day."""


def moment(at: datetime) -> datetime:
    """The time with a zone that can be stored: the city's where the client named none.

    At the two ends of the calendar, where UTC has no such day, the digits are kept: no door takes
    such a time, and no filter finds anything by it.
    """
    if timezone.is_naive(at):
        return timezone.make_aware(at)
    if abs(at.utcoffset() or timedelta()) <= FARTHEST:
        return at
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)
