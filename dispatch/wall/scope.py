"""Which districts a wall stands for, and how far their log has been numbered."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from dispatch.models import Event

Heads = dict[str, int]
"""The number of each district that a reading is true for."""
_HEADS = "SELECT district, seq FROM dispatch_feedhead WHERE district ^@ ANY(%s) ORDER BY district"


def heads(prefixes: Sequence[str]) -> Heads:
    """The last number of every district under the code prefixes."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [list(prefixes)])
        return dict(cursor.fetchall())


def true_until(*, now: datetime) -> datetime:
    """The moment up to which the log is numbered: now, or when the oldest waiting event happened.

    With the relay dead the counters stand still; this is what a screen must say then.
    """
    waiting = Event.objects.filter(seq__isnull=True).order_by("id")
    oldest = waiting.values_list("at", flat=True).first()
    return min(now, oldest) if oldest else now
