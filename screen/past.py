"""The time machine: counters, map and queue as they were at a moment, and what happened since.

Counters are the tally of now with everything later taken back; cases get the state of their last
event until then. Both come from the log, so the answer is what was recorded at that moment.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from dispatch.wall import counting, log, points
from dispatch.wall.scope import Heads
from screen import figures, flows
from screen.board import MOST_EMERGENCIES, MOST_POINTS, dot, midnight
from screen.models import Reading
from screen.places import WallArea

REACH = timedelta(days=8)
READING_GOOD_FOR = timedelta(minutes=2)
MOST_STEPS, MOST_QUEUE, MOST_URGENT = 2000, 200, 100_000


class MomentError(Exception):
    """A moment that the time machine does not reach (422)."""

    code = "BAD_MOMENT"
    message = _("时光机只能回到最近 7 天内的时刻。")
    status = 422


def check(at: datetime, *, now: datetime) -> None:
    """Raise MomentError for the future and for what lies too far back."""
    if not now - REACH <= at <= now:
        raise MomentError


def moment(area: WallArea, *, at: datetime, now: datetime) -> dict[str, Any]:
    """Everything the wall can show of a past moment. Raises MomentError."""
    check(at, now=now)
    with flows.held((area.code,)) as (folded, tally):
        then = flows.tally_then(tally.counts, folded.later_than(at))
        day = figures.day_figures(folded.from_until(midnight(at), at))
        heads = tally.heads
    opened = figures.open_figures(then)
    shown = points.newest_at(heads, at=at, most=MOST_POINTS)
    urgent = points.emergencies_at(heads, at=at, most=MOST_URGENT)
    due = _due(area, at, heads)
    labels = _labels(area, opened["districts"], at)
    return {
        "at": at.isoformat(),
        "as_of": heads,
        "board": {
            "open": opened["open"],
            "waiting_dispatch": opened["waiting_dispatch"],
            "due_soon": due["due_soon"] if due else None,
            "overdue": due["overdue"] if due else None,
            "closed": day["closed"],
        },
        "due_at": due["at"] if due else None,
        "open_lines": opened["lines"],
        "today": {"total": day["total"], "lines": day["lines"]},
        "states": opened["states"],
        "called_back": day["called_back"],
        "loop": figures.loop(opened["states"], day["called_back"]),
        "labels": labels,
        "points": [dot(point) for point in shown if point.lon is not None],
        "queue": [_row(point) for point in queue(shown)],
        "emergencies": [_row(point) for point in urgent[:MOST_EMERGENCIES]],
        "emergencies_in_all": len(urgent),
        "urgent": [point.case_no for point in urgent],
    }


def _labels(area: WallArea, by_district: dict[str, int], at: datetime) -> dict[str, int]:
    if area.is_city:
        return area.labelled(by_district)
    return counting.open_by_street_at(area.districts(), at=at)


def queue(shown: list[points.Point]) -> list[points.Point]:
    """The list beside the map: the most urgent first, then the longest waiting."""
    return sorted(shown, key=lambda p: (p.priority, p.created_at, p.case_no))[:MOST_QUEUE]


def _row(point: points.Point) -> dict[str, Any]:
    """A case of the past: who led it and when it is due today is no part of that moment."""
    told = point.as_dict()
    return {name: told[name] for name in told if name not in {"unit", "due_at", "voices"}}


def _due(area: WallArea, at: datetime, heads: Heads) -> dict[str, Any] | None:
    """The reading of the due index nearest before the moment, for every district that has had a
    case; else None."""
    rows = (
        Reading.objects.filter(district__in=area.feeds(), at__lte=at, at__gt=at - READING_GOOD_FOR)
        .order_by("district", "-at")
        .distinct("district")
    )
    found = list(rows)
    needed = heads.keys() & {*area.districts()}
    if needed - {row.district for row in found} or not found:
        return None
    return {
        "overdue": sum(row.overdue for row in found),
        "due_soon": sum(row.due_soon for row in found),
        "at": min(row.at for row in found).isoformat(),
    }


def steps(
    area: WallArea, *, since: datetime, after_id: int, until: datetime, now: datetime
) -> dict[str, Any]:
    """What happened after a moment, in order; `next` continues when there is more.

    Raises MomentError for moments out of reach.
    """
    until = min(until, now)
    check(since, now=now)
    check(until, now=now)
    found, last = log.steps_between(
        area.feeds(), since=since, after_id=after_id, until=until, most=MOST_STEPS
    )
    end = {"since": found[-1].at, "after": last} if found else None
    return {
        "items": [step.as_dict() for step in found],
        "last": end,
        "next": end if len(found) == MOST_STEPS else None,
    }
