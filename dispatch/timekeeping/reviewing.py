"""Marks suspended cases whose monthly review is due: once per month, however often it runs."""

from datetime import datetime

from django.db import transaction

from dispatch import outbox
from dispatch.actions.suspending import case_of, overdue_reviews
from dispatch.lifecycle import REVIEW_DUE
from dispatch.models import Suspension


def mark_reviews(*, now: datetime) -> int:
    """Say in the log of each case that its suspension wants to be looked at; how many."""
    return sum(_mark(pk, case, now) for pk, case in overdue_reviews(now))


@transaction.atomic
def _mark(pk: int, case_pk: int, now: datetime) -> bool:
    case = case_of(case_pk)
    marked = Suspension.objects.filter(pk=pk, review_marked_at__isnull=True, ended_at__isnull=True)
    if case is None or not marked.update(review_marked_at=now):
        return False
    outbox.record(case, topic=REVIEW_DUE, by=None, now=now, from_state=case.state,
                  payload={"suspension": pk})  # fmt: skip
    return True
