"""Finds in the log what looks like the abuse of a move, once per kind and event (docs/alarms.md).

A subscriber with a cursor of its own: the alarms and the cursor move together, and the database
takes each pair of kind and event once, so a worker may die at any point and be run again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from dispatch.lifecycle import ENDED, MOVES, Stage, State
from dispatch.models import Alarm, AlarmKind, AlarmThreshold, Case, Event, Extension, Timer
from dispatch.subscribing import Heard

SUBSCRIBER = "dispatch.watch_for_abuse"
HABIT = timedelta(days=30)
"""The span in which extensions asked at the last moment add up to a habit."""
CLOSING = tuple(sorted({m.topic for m in MOVES if m.target in ENDED and m.name not in
                        {"merge", "archive"}}))  # fmt: skip
CLOSED_TOPICS = tuple(sorted({m.topic for m in MOVES if m.target is State.CLOSED}))


@dataclass(frozen=True, slots=True)
class Threshold:
    """`count` things within `span`."""

    span: timedelta
    count: int


Watch = Callable[[Event, Threshold], dict[str, Any] | None]


def raise_alarms(heard: Sequence[Heard]) -> None:
    """Look at these events of one district; called in the transaction of their cursor."""
    wanted = [one.seq for one in heard if one.topic in WATCHES]
    if not wanted:
        return
    thresholds = current_thresholds()
    events = Event.objects.filter(district=heard[0].district, seq__in=wanted).order_by("seq")
    for event in events:
        for kind, watch in WATCHES[event.topic]:
            threshold = thresholds.get(kind)
            facts = watch(event, threshold) if threshold else None
            if facts is not None:
                _raise(kind, event, facts)


def current_thresholds() -> dict[AlarmKind, Threshold]:
    """The rows of the city; a kind without a row raises no alarm."""
    return {
        AlarmKind(row.kind): Threshold(timedelta(seconds=row.seconds), row.count)
        for row in AlarmThreshold.objects.all()
    }


def _raise(kind: AlarmKind, event: Event, facts: dict[str, Any]) -> None:
    area = Case.objects.filter(pk=event.case_id).values_list("area_code", flat=True).first()
    Alarm.objects.bulk_create(
        [
            Alarm(
                kind=kind.value,
                event_id=event.pk,
                case_id=event.case_id,
                case_no=event.case_no,
                district=event.district,
                area_code=area or event.district,
                actor_id=event.actor_id,
                at=event.at,
                facts=facts,
            )
        ],
        ignore_conflicts=True,
    )


def _void(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """Made void when overdue, or with little time left: T40 is no way out of a deadline.

    Only the disposal clock can be near its end in this sense; the short clocks of the desks before
    it count when they were overdue.
    """
    for stage, due_at in Timer.objects.filter(
        case_id=event.case_id, intake__isnull=True, assignment__isnull=True, ended_at=event.at
    ).order_by("due_at").values_list("stage", "due_at"):  # fmt: skip
        left = due_at - event.at
        if left <= (threshold.span if stage == Stage.DISPOSAL else timedelta()):
            return {"stage": stage, "due_at": due_at.isoformat(), "left_s": _seconds(left)}
    return None


def _voices(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """Made void though several had spoken of it: what many saw is seldom a test or a slip.

    Those of merged cases live on in their own cases; the others went under with it.
    """
    voices = int(event.payload.get("voided_voices", 0))
    released = len(event.payload.get("released", ()))
    if voices + released < threshold.count:
        return None
    return {"voices": voices, "unanswered": event.payload.get("unanswered", 0),
            "released": released}  # fmt: skip


def _reopened(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """Closed and open again within a week: was the closing a real one?"""
    closings = Event.objects.filter(case_id=event.case_id, id__lt=event.pk, topic__in=CLOSED_TOPICS)
    closed = closings.order_by("-id").first()
    if closed is None or event.at - closed.at > threshold.span:
        return None
    return {"closed_at": closed.at.isoformat(), "closed_by": closed.actor_id}


def _batch(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """Many cases closed by one person within minutes; one alarm for each such span."""
    if event.actor_id is None:
        return None
    since = event.at - threshold.span
    rows = Event.objects.filter(
        actor_id=event.actor_id, topic__in=CLOSING, at__gt=since, at__lte=event.at,
        to_state__in=[state.value for state in ENDED],
    )  # fmt: skip
    cases = rows.values("case_id").distinct().count()
    told = Alarm.objects.filter(
        kind=AlarmKind.BATCH_CLOSING.value, actor_id=event.actor_id, at__gt=since
    ).exclude(event_id=event.pk)
    if cases < threshold.count or told.exists():
        return None
    return {"cases": cases, "since": since.isoformat()}


def _last_hour(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """A unit that asks for more time at the last moment, again and again within a month."""
    asked = Extension.objects.filter(case_id=event.case_id, asked_at=event.at).first()
    if asked is None or asked.old_due_at - asked.asked_at > threshold.span:
        return None
    same = Extension.objects.filter(
        case__lead_unit=asked.case.lead_unit_id,
        asked_at__gt=event.at - HABIT,
        asked_at__lte=event.at,
    ).values_list("asked_at", "old_due_at")
    late = sum(due_at - at <= threshold.span for at, due_at in same)
    if late < threshold.count:
        return None
    return {"unit": asked.case.lead_unit_id, "times": late}


def _suspended(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """Suspended just before the deadline, or after it."""
    due_at = _moment(event, "due_at")
    if due_at is None or due_at - event.at > threshold.span:
        return None
    return {"due_at": due_at.isoformat(), "left_s": _seconds(due_at - event.at)}


def _waited(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """The clocks of a case are stopped by questions to the citizen again and again."""
    since = event.at - threshold.span
    asked = Event.objects.filter(
        case_id=event.case_id, id__lte=event.pk, topic=event.topic, at__gt=since
    )
    times = asked.count()
    return {"times": times} if times >= threshold.count else None


def _quick(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """A check on site that took seconds: nobody was there."""
    asked = Event.objects.filter(
        case_id=event.case_id, id__lt=event.pk, topic="case.check_asked"
    ).order_by("-id").first()  # fmt: skip
    if asked is None or event.at - asked.at > threshold.span:
        return None
    return {"asked_at": asked.at.isoformat(), "took_s": _seconds(event.at - asked.at)}


def _longer(event: Event, threshold: Threshold) -> dict[str, Any] | None:
    """Another category that gives more time."""
    old, new = _moment(event, "old_due_at"), _moment(event, "new_due_at")
    if old is None or new is None or new - old <= threshold.span:
        return None
    return {"from_category": event.payload.get("from_category"), "to_category": event.category,
            "longer_s": _seconds(new - old)}  # fmt: skip


def _moment(event: Event, name: str) -> datetime | None:
    return parse_datetime(str(event.payload.get(name) or ""))


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


WATCHES: dict[str, tuple[tuple[AlarmKind, Watch], ...]] = {
    **dict.fromkeys(CLOSING, ((AlarmKind.BATCH_CLOSING, _batch),)),
    "case.voided": (
        (AlarmKind.VOID_NEAR_DUE, _void),
        (AlarmKind.VOID_VOICES, _voices),
        (AlarmKind.BATCH_CLOSING, _batch),
    ),
    "case.reopened": ((AlarmKind.REOPENED_SOON, _reopened),),
    "case.extension_requested": ((AlarmKind.LAST_HOUR_EXTENSIONS, _last_hour),),
    "case.suspended": ((AlarmKind.SUSPENDED_NEAR_DUE, _suspended),),
    "case.waiting_for_citizen": ((AlarmKind.WAITED_OFTEN, _waited),),
    "case.check_passed": ((AlarmKind.QUICK_CHECK, _quick),),
    "case.recategorised": ((AlarmKind.LONGER_CATEGORY, _longer),),
}
"""Which topics are looked at, for what."""
WATCHED = frozenset(WATCHES)
