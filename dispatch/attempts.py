"""When may a citizen be given up as not reached? Attempts and the half-days they fall in (pure).

Up to three attempts on at least two different half-days (domain.md 2.5, call-back).
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from dispatch.clocks import SHANGHAI

ATTEMPTS = 3
HALF_DAYS = 2
NOON = time(12)


def counted(tries: Sequence[datetime]) -> int:
    """How many of the attempts count; the third only in another half-day than the others."""
    if len(tries) >= ATTEMPTS and len({_half_day(at) for at in tries}) < HALF_DAYS:
        return ATTEMPTS - 1
    return min(len(tries), ATTEMPTS)


def is_given_up(tries: Sequence[datetime]) -> bool:
    """True when the case may close without this citizen's answer."""
    return counted(tries) >= ATTEMPTS


def next_counts_from(tries: Sequence[datetime], now: datetime) -> datetime | None:
    """From when another attempt counts; None where it counts at once, or none is needed."""
    held = {_half_day(at) for at in tries}
    if is_given_up(tries) or counted(tries) < ATTEMPTS - 1 or held != {_half_day(now)}:
        return None
    local = now.astimezone(SHANGHAI)
    day = local.date() + timedelta(days=local.time() >= NOON)
    return datetime.combine(day, time() if local.time() >= NOON else NOON, SHANGHAI)


def _half_day(at: datetime) -> tuple[date, bool]:
    local = at.astimezone(SHANGHAI)
    return local.date(), local.time() >= NOON
