"""The counters of the queue page: how many open cases, by what a handler asks first."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from accounts.scope import Scope
from dispatch.board.current import board
from dispatch.board.opencases import Mask, OpenCases
from dispatch.lifecycle import OPEN, State
from dispatch.models import Case, CaseQuerySet, Line
from dispatch.queries import (
    NEAR,
    RELATIONS,
    FilterError,
    OwnWork,
    QueueFilters,
    filtered,
    with_children,
)

Words = dict[str, Sequence[object]]


def counters_for(user: User, *, filters: QueueFilters, now: datetime) -> dict[str, int]:
    """Open cases that fit the filters: from the board in memory, or by one query for a text and
    while the board is being read."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    choose = choice_of(user.scope(), filters)
    if choose is None or not board.is_ready():
        return _counted(filtered(Case.objects.visible_to(user), filters), now, midnight)
    return board.read(
        lambda cases: cases.counters(choose(cases), now=now, soon=now + NEAR, midnight=midnight)
    )


def choice_of(scope: Scope, filters: QueueFilters) -> Callable[[OpenCases], Mask] | None:
    """How the board chooses the cases that fit, or None where only the database can tell."""
    words = _words_of(filters)
    if words is None:
        return None

    def choose(cases: OpenCases) -> Mask:
        chosen = cases.visible(scope)
        for name, wanted in words.items():
            chosen &= cases.among(name, wanted)
        for relation in filters.relation:
            chosen &= _related(cases, relation, filters.own)
        return chosen

    return choose


def _words_of(filters: QueueFilters) -> Words | None:
    """The filters as words of the board's columns, or None where it cannot answer."""
    known = QueueFilters(
        district=filters.district,
        street=filters.street,
        state=filters.state,
        line=filters.line,
        category=filters.category,
        priority=filters.priority,
        relation=filters.relation,
        own=filters.own,
    )
    if replace(filters, cursor="", sort=known.sort, limit=known.limit) != known:
        return None
    if not set(filters.state) <= OPEN or not set(filters.line) <= set(Line.values):
        return None
    words: Words = {
        "district": [filters.district] if filters.district else [],
        "street": [filters.street] if filters.street else [],
        "state": filters.state,
        "line": filters.line,
        "category": with_children(filters.category) if filters.category else [],
        "priority": filters.priority,
    }
    return {name: wanted for name, wanted in words.items() if wanted}


def _related(cases: OpenCases, relation: str, own: OwnWork) -> Mask:
    """The cases that stand so to a person, as the queue's filter has it in SQL."""
    if relation == "supervised":
        watched: Mask = cases["supervised"]
        return watched
    if relation == "supporting":
        return cases.supported_by(own.units)
    led = cases.among("unit", own.units)
    if relation == "mine":
        carried_on = cases.among("state", own.states)
        return carried_on & led if own.units else carried_on
    if relation == "returned":
        returned, reworked = cases["return_count"] > 0, cases["rework_count"] > 0
        if own.units:
            again = reworked & cases.among("state", [State.PROCESSING.value])
            again |= returned & cases.among("state", [State.PENDING_SIGN.value])
            return again & led
        back = returned & cases.among("state", [State.PENDING_DISPATCH.value])
        return back | cases.among("state", [State.RETURN_REVIEW.value])
    raise FilterError("rel", " | ".join(RELATIONS))


def _counted(cases: CaseQuerySet, now: datetime, midnight: datetime) -> dict[str, int]:
    counted: dict[str, int] = cases.aggregate(
        all=Count("id"),
        overdue=Count("id", filter=Q(due_at__lte=now)),
        due_soon=Count("id", filter=Q(due_at__gt=now, due_at__lte=now + NEAR)),
        unsigned=Count("id", filter=Q(state=State.PENDING_SIGN.value)),
        today=Count("id", filter=Q(created_at__gte=midnight)),
        hotline=Count("id", filter=Q(line=Line.HOTLINE)),
        grid=Count("id", filter=Q(line=Line.GRID)),
        affairs=Count("id", filter=Q(line=Line.AFFAIRS)),
    )
    return counted
