"""What may stand in the way of a move: the facts of a case, for who asks, at a moment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from accounts.ready import ReadyRows
from dispatch import catalogue
from dispatch.fields import DISCONTENT
from dispatch.lifecycle import BESIDE, COMMANDER, ENDED, LEADER, OPEN, CloseType, Stage, State
from dispatch.models import (
    Assignment,
    Callback,
    Case,
    Event,
    Extension,
    Intake,
    Line,
    Link,
    Merge,
    Priority,
    Supervision,
    Suspension,
    Timer,
)
from dispatch.models.assignments import AssignmentRole
from dispatch.models.catalogue import Verify
from dispatch.models.delays import Approval
from dispatch.separation import OF_PERSON
from dispatch.undertaking import Work


@dataclass(frozen=True, slots=True)
class Facts:
    """What the obstacles look at: the case, who asks, and when.

    `is_leader` and `is_commander` are true where the post of the asking person covers the case,
    and for the system; `age` is the time since the registration, `ended_for` since the closing.
    `own_work`, `own_order`, `own_explanation` and `own_answer` say on which side the asking person
    stood before (separation.py); the system stands on none.
    """

    is_leader: bool
    is_commander: bool
    age: timedelta
    ended_for: timedelta
    reworks: int
    is_too_late: bool
    own_work: bool
    own_order: bool
    own_explanation: bool
    own_answer: bool
    unsafe: bool
    handed_over: bool
    sampled: bool
    awaits_reply: bool
    several_await: bool

    line: str
    priority: int
    has_place: bool
    must_be_seen_first: bool
    must_be_checked: bool
    no_return: bool
    is_waiting: bool
    extensions: int
    was_untrue: bool
    extension_pending: bool
    suspension_pending: bool
    tasks_open: bool
    tasks_there: bool
    untrue_reported: bool
    verify_open: bool
    looked_at: bool
    is_out: bool
    explanation_pending: bool
    somebody_uncalled: bool
    ruled_in_a_merged_one: bool
    was_dispatched: bool
    primary_ended: bool
    supervised: bool
    linked_to_younger: bool
    linked_to_elder: bool
    voices: int
    never_merged: str


def facts_of(case: Case, *, by: User | None, now: datetime) -> Facts:
    """The facts of a case for somebody who asks (None is the system) at a moment; one query, that
    asks only what its state can make true."""
    category = catalogue.current().categories[case.category_code]
    place = case.location is not None
    asked = {**_UNASKED, **_asked(case, by)}
    disposal_due = asked.pop("disposal_due", None)
    return Facts(
        is_leader=_covers(by, LEADER, case),
        is_commander=_covers(by, COMMANDER, case),
        age=now - case.created_at,
        ended_for=now - (case.closed_at or now),
        reworks=case.rework_count,
        is_too_late=disposal_due is not None and disposal_due <= now,
        line=case.line,
        priority=case.priority,
        has_place=place,
        must_be_seen_first=(
            category.verify != Verify.NEVER
            and case.line == Line.HOTLINE
            and case.priority != Priority.P0
            and place
        ),
        must_be_checked=category.needs_check and place,
        no_return=case.no_return,
        is_waiting=case.is_waiting,
        extensions=case.extension_count,
        is_out=case.state in BESIDE,
        was_untrue=case.close_type == CloseType.NOT_TRUE.value,
        voices=case.intakes_count,
        never_merged="SENSITIVE" if case.sensitive else category.never_merge,
        **asked,
    )


def _covers(by: User | None, role: str, case: Case) -> bool:
    """True when a post of the role, own or lent, covers the case; the system is every role."""
    return by is None or by.scope().may(frozenset({role}), case.area_code, None)


UNHEARD = Q(approved_at__isnull=True) & (
    Q(solved="NO") | Q(solved="PARTIAL", satisfaction__in=sorted(DISCONTENT))
)
"""An answer of a citizen whose matter is neither solved nor to her content: somebody else has to
find the explanation good (T33; domain.md 4.3, rule 9)."""
_ALIVE = Q(ended_at__isnull=True)
_CALLED = Callback.objects.filter(
    at__gte=Subquery(
        Timer.objects.filter(case=OuterRef("intake__case"), stage=Stage.CALLBACK.value)
        .order_by("-started_at")
        .values("started_at")[:1]
    )
)
"""The answers of this call-back: after a rework everybody is called again."""
_BY_MERGES = Merge.objects.filter(undone_at__isnull=True, primary=OuterRef("case")).annotate(
    voice=Func(
        F("intakes"),
        template="jsonb_array_elements(%(expressions)s)::bigint",
        output_field=BigIntegerField(),
    )
)
_OWN_WAITING = Intake.objects.filter(wants_reply=True).exclude(pk__in=_BY_MERGES.values("voice"))
"""Voices of a case that wait for a reply and came to it by no merge."""
_OPEN_CLOCKS = Timer.objects.filter(state__in=["RUNNING", "PAUSED"])
_TASKS = Assignment.objects.filter(_ALIVE).exclude(role=AssignmentRole.LEAD)
_FOR_GOOD = sorted(ENDED - {State.MERGED})
_QUESTIONS: dict[str, tuple[frozenset[State], QuerySet[Any], str]] = {
    "extension_pending": (
        frozenset({State.PROCESSING}),
        Extension.objects.filter(decision=Approval.PENDING.value),
        "case",
    ),
    "suspension_pending": (
        frozenset({State.PROCESSING}),
        Suspension.objects.filter(_ALIVE, decision=Approval.PENDING.value),
        "case",
    ),
    "tasks_open": (
        frozenset({State.PROCESSING}),
        _TASKS.exclude(state=Work.SUBMITTED.value),
        "case",
    ),
    "tasks_there": (frozenset({State.PROCESSING}), _TASKS, "case"),
    "untrue_reported": (
        BESIDE | {State.VERIFYING},
        _OPEN_CLOCKS.filter(stage=Stage.FILE.value),
        "case",
    ),
    "looked_at": (
        frozenset({State.PENDING_FILING}),
        Event.objects.filter(topic__in=["case.verified", "case.untrue_reported"]),
        "case_id",
    ),
    "verify_open": (BESIDE, _OPEN_CLOCKS.filter(stage=Stage.VERIFY.value), "case"),
    "explanation_pending": (
        frozenset({State.PENDING_CALLBACK}),
        _CALLED.filter(UNHEARD),
        "intake__case",
    ),
    "somebody_uncalled": (
        frozenset({State.PENDING_CALLBACK}),
        Intake.objects.filter(wants_reply=True).exclude(
            Exists(_CALLED.exclude(solved="UNREACHABLE").filter(intake=OuterRef("pk")))
        ),
        "case",
    ),
    "unsafe": (
        frozenset({State.PROCESSING, State.RETURN_REVIEW, State.ARBITRATION}),
        _OPEN_CLOCKS.filter(stage__in=[Stage.PROGRESS.value, Stage.SAFE.value]),
        "case",
    ),
    "awaits_reply": (
        frozenset({State.REGISTERED, State.VERIFYING, State.PROCESSING, State.ARBITRATION}),
        Intake.objects.filter(wants_reply=True),
        "case",
    ),
    "several_await": (
        OPEN,
        _OWN_WAITING.filter(
            Exists(_OWN_WAITING.filter(case=OuterRef("case"), pk__gt=OuterRef("pk")))
        ),
        "case",
    ),
    "handed_over": (
        frozenset({State.CLOSED}),
        _OPEN_CLOCKS.filter(stage=Stage.FOLLOW_UP.value),
        "case",
    ),
    "sampled": (
        frozenset({State.CLOSED}),
        _OPEN_CLOCKS.filter(stage=Stage.SAMPLE.value),
        "case",
    ),
    "ruled_in_a_merged_one": (
        frozenset({State.PENDING_SIGN, State.PROCESSING}),
        Merge.objects.filter(
            undone_at__isnull=True,
            merged__no_return=True,
            merged__lead_unit=F("primary__lead_unit"),
        ),
        "primary",
    ),
    "was_dispatched": (
        frozenset({State.CLOSED}),
        Assignment.objects.filter(role=AssignmentRole.LEAD),
        "case",
    ),
    "primary_ended": (
        frozenset({State.MERGED}),
        Merge.objects.filter(
            Q(primary__state__in=_FOR_GOOD) | Q(primary__merged_into__state__in=_FOR_GOOD),
            undone_at__isnull=True,
        ),
        "merged",
    ),
    "supervised": (OPEN, Supervision.objects.filter(_ALIVE), "case"),
    "linked_to_younger": (frozenset(State), Link.objects.filter(_ALIVE), "first"),
    "linked_to_elder": (frozenset(State), Link.objects.filter(_ALIVE), "second"),
}
_RUNNING_DISPOSAL = Timer.objects.filter(
    case=OuterRef("pk"), stage=Stage.DISPOSAL.value, intake__isnull=True, state="RUNNING"
)
"""The questions to the database: in which states, of what, by which way to the case."""


SYSTEM_ID = 0
"""Asks about nobody: no person has it."""
_PERSONAL: dict[str, tuple[frozenset[State], Callable[[int], Q]]] = {
    **OF_PERSON,
    "own_explanation": (
        frozenset({State.PENDING_CALLBACK}),
        lambda user_id: Q(Exists(_CALLED.filter(UNHEARD, intake__case=OuterRef("pk"), by=user_id))),
    ),
    "own_answer": (
        frozenset({State.CLOSED}),
        lambda user_id: Q(
            Exists(
                Event.objects.filter(
                    case_id=OuterRef("pk"), actor_id=user_id, topic="case.answered"
                )
            )
        ),
    ),
}
"""Questions about who asks: in which states, and how of a case for a user's id."""
_UNASKED = dict.fromkeys((*_QUESTIONS, *_PERSONAL), False)


def _asked(case: Case, by: User | None) -> dict[str, Any]:
    names, is_personal, query = _questions_in(case.state)
    ids = (case.pk, by.pk if by else SYSTEM_ID) if is_personal else (case.pk,)
    (answers,) = query.rows(*ids) if names else [()]
    return dict(zip(names, answers, strict=True))


@cache
def _questions_in(state: str) -> tuple[tuple[str, ...], bool, ReadyRows]:
    """What is asked of a case in a state, whether of who asks too, as one query written once."""
    questions: dict[str, Exists | Subquery] = {
        name: Exists(rows.filter(**{way: OuterRef("pk")}))
        for name, (states, rows, way) in _QUESTIONS.items()
        if state in states
    }
    personal = {name: ask for name, (states, ask) in _PERSONAL.items() if state in states}

    if state == State.PROCESSING:
        questions["disposal_due"] = Subquery(_RUNNING_DISPOSAL.values("due_at")[:1])
    names = (*questions, *personal)

    def make(pk: int, user_id: int = SYSTEM_ID) -> QuerySet[Case, Any]:
        asked = {**questions, **{name: ask(user_id) for name, ask in personal.items()}}
        return Case.objects.filter(pk=pk).annotate(**asked).values_list(*names)

    ids = 2 if personal else 1
    return names, bool(personal), ReadyRows(f"dispatch_facts_{state.lower()}", make, ids=ids)
