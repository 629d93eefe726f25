"""How periods of standing in come and go as JSON."""

from datetime import datetime
from typing import Any

from ninja import Schema

from accounts.arrangements import Arrangement, Standing
from accounts.arranging import Period
from accounts.moments import moment


class PeriodIn(Schema):
    """From when to when, and why; a time without a zone is the city's."""

    starts_at: datetime
    ends_at: datetime
    reason: str

    def period(self) -> Period:
        """As the actions take it."""
        return Period(moment(self.starts_at), moment(self.ends_at), self.reason)


class EndingIn(Schema):
    """Why it ends early."""

    reason: str


def shown(row: Arrangement, now: datetime) -> dict[str, Any]:
    """What the answers of both kinds share."""
    standing = row.standing(now)
    return {
        "id": row.pk,
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "reason": row.reason,
        "by": row.by.username,
        "cancelled_at": row.cancelled_at.isoformat() if row.cancelled_at else None,
        "cancelled_by": row.cancelled_by.username if row.cancelled_by else None,
        "cancel_reason": row.cancel_reason,
        "standing": standing.value,
        "in_force": standing == Standing.CURRENT,
    }
