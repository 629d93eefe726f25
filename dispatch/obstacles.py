"""Why a move cannot be made just now, though table and role would allow it.

One list for both who asks: the case file says it beside the moves, the move itself refuses by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.ready import ReadyRows
from dispatch import catalogue
from dispatch.duplicates.never_merge import WORDS
from dispatch.lifecycle import OPEN, CloseType, Stage, State
from dispatch.models import (
    Assignment,
    Callback,
    Case,
    Extension,
    Intake,
    Line,
    Link,
    Priority,
    Supervision,
    Suspension,
    Timer,
)
from dispatch.models.assignments import AssignmentRole
from dispatch.models.catalogue import NeverMerge, Verify
from dispatch.models.delays import Approval
from dispatch.undertaking import Work

MOST_EXTENSIONS = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What the obstacles look at."""

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
    explanation_pending: bool
    somebody_uncalled: bool
    supervised: bool
    linked_to_younger: bool
    linked_to_elder: bool
    voices: int
    never_merged: str


def facts_of(case: Case) -> Facts:
    """The facts of a case; one query, that asks only what its state can make true."""
    category = catalogue.current().categories[case.category_code]
    place = case.location is not None
    asked = {**dict.fromkeys(_QUESTIONS, False), **_asked(case)}
    return Facts(
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
        was_untrue=case.close_type == CloseType.NOT_TRUE.value,
        voices=case.intakes_count,
        never_merged="SENSITIVE" if case.sensitive else category.never_merge,
        **asked,
    )


_ALIVE = Q(ended_at__isnull=True)
_CALLED = Callback.objects.filter(
    at__gte=Subquery(
        Timer.objects.filter(case=OuterRef("intake__case"), stage=Stage.CALLBACK.value)
        .order_by("-started_at")
        .values("started_at")[:1]
    )
)
"""The answers of this call-back: after a rework everybody is called again."""
_TASKS = Assignment.objects.filter(_ALIVE).exclude(role=AssignmentRole.LEAD)
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
        frozenset({State.VERIFYING}),
        Timer.objects.filter(stage=Stage.FILE.value, state__in=["RUNNING", "PAUSED"]),
        "case",
    ),
    "explanation_pending": (
        frozenset({State.PENDING_CALLBACK}),
        _CALLED.filter(solved="NO", approved_at__isnull=True),
        "intake__case",
    ),
    "somebody_uncalled": (
        frozenset({State.PENDING_CALLBACK}),
        Intake.objects.filter(wants_reply=True).exclude(
            Exists(_CALLED.exclude(solved="UNREACHABLE").filter(intake=OuterRef("pk")))
        ),
        "case",
    ),
    "supervised": (OPEN, Supervision.objects.filter(_ALIVE), "case"),
    "linked_to_younger": (frozenset(State), Link.objects.filter(_ALIVE), "first"),
    "linked_to_elder": (frozenset(State), Link.objects.filter(_ALIVE), "second"),
}
"""The questions to the database: in which states, of what, by which way to the case."""


def _asked(case: Case) -> dict[str, bool]:
    names, query = _questions_in(case.state)
    (answers,) = query.rows(case.pk) if names else [()]
    return dict(zip(names, answers, strict=True))


@cache
def _questions_in(state: str) -> tuple[tuple[str, ...], ReadyRows]:
    """What is asked of a case in a state, as one query that is written once."""
    questions = {
        name: Exists(rows.filter(**{way: OuterRef("pk")}))
        for name, (states, rows, way) in _QUESTIONS.items()
        if state in states
    }

    def make(pk: int) -> QuerySet[Case, Any]:
        return Case.objects.filter(pk=pk).annotate(**questions).values_list(*questions)

    return tuple(questions), ReadyRows(f"dispatch_facts_{state.lower()}", make)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A stable code, a text for people, and when it stands in the way."""

    code: str
    message: Promise
    stands: Callable[[Facts], bool]


def _unless(code: str, message: Promise, fits: Callable[[Facts], bool]) -> Obstacle:
    return Obstacle(code, message, lambda facts: not fits(facts))


SUPERVISED = Obstacle("SUPERVISED", _("督办尚未结束，不能办结。"), lambda facts: facts.supervised)
_NO_TASK = _unless("NO_SUPPORT", _("没有未完成的协办或下级任务。"), lambda facts: facts.tasks_there)
_IS_WAITING = Obstacle(
    "WAITING", _("正在等待诉求人，计时暂停，不能分派任务。"), lambda facts: facts.is_waiting
)


def _is_never_merged(code: str, facts: Facts) -> bool:
    return facts.never_merged == code


NEVER_MERGED = tuple(
    Obstacle(code, WORDS[code], partial(_is_never_merged, code))
    for code in ("SENSITIVE", NeverMerge.STAFF.value, NeverMerge.LEGAL.value)
)
OBSTACLES: dict[str, tuple[Obstacle, ...]] = {
    "split": (_unless("ONE_VOICE", _("只有一件诉求，无可拆分。"), lambda facts: facts.voices > 1),),
    "unlink": (
        _unless(
            "NOT_LINKED",
            _("没有关联的案件。"),
            lambda facts: facts.linked_to_younger or facts.linked_to_elder,
        ),
    ),
    "accept": (
        Obstacle(
            "NEEDS_VERIFICATION",
            _("此类来件立案前须先现场核实。"),
            lambda facts: facts.must_be_seen_first,
        ),
    ),
    "ask_verify": (
        Obstacle(
            "NO_VERIFICATION",
            _("网格上报、特急或无位置的来件不需核实。"),
            lambda facts: (
                facts.line == Line.GRID or facts.priority == Priority.P0 or not facts.has_place
            ),
        ),
    ),
    "self_handle": (
        _unless(
            "NOT_OWN_FINDING",
            _("仅网格员自己上报的问题可自行处理。"),
            lambda facts: facts.line == Line.GRID,
        ),
        SUPERVISED,
    ),
    "emergency_dispatch": (
        _unless(
            "NOT_AN_EMERGENCY",
            _("仅特急案件可以应急派遣。"),
            lambda facts: facts.priority == Priority.P0,
        ),
    ),
    "ask_check": (
        _unless("NO_PLACE", _("没有位置的案件无法现场核查。"), lambda facts: facts.has_place),
    ),
    "no_check_needed": (
        Obstacle(
            "CHECK_REQUIRED",
            _("此类案件须现场核查后方可结案。"),
            lambda facts: facts.must_be_checked,
        ),
    ),
    "request_return": (
        Obstacle("NO_RETURN", _("经裁定指定承办的案件不得再退单。"), lambda facts: facts.no_return),
    ),
    "request_extension": (
        Obstacle(
            "TOO_MANY_EXTENSIONS",
            _("延期最多两次。"),
            lambda facts: facts.extensions >= MOST_EXTENSIONS,
        ),
        Obstacle("ALREADY_ASKED", _("已有待批的延期申请。"), lambda facts: facts.extension_pending),
    ),
    "approve_extension": (
        _unless("NOT_ASKED", _("没有待批的延期申请。"), lambda facts: facts.extension_pending),
    ),
    "refuse_extension": (
        _unless("NOT_ASKED", _("没有待批的延期申请。"), lambda facts: facts.extension_pending),
    ),
    "request_suspension": (
        Obstacle(
            "ALREADY_ASKED", _("已有待批的挂账申请。"), lambda facts: facts.suspension_pending
        ),
    ),
    "suspend": (
        _unless("NOT_ASKED", _("须先由处置单位申请挂账。"), lambda facts: facts.suspension_pending),
    ),
    "refuse_suspension": (
        _unless("NOT_ASKED", _("没有待批的挂账申请。"), lambda facts: facts.suspension_pending),
    ),
    "wait_citizen": (
        Obstacle("ALREADY_WAITING", _("已在等待诉求人。"), lambda facts: facts.is_waiting),
    ),
    "citizen_answered": (
        _unless("NOT_WAITING", _("未在等待诉求人。"), lambda facts: facts.is_waiting),
    ),
    "submit_result": (
        Obstacle(
            "SUPPORT_OPEN", _("协办或下级单位的任务尚未完成。"), lambda facts: facts.tasks_open
        ),
    ),
    "add_support": (_IS_WAITING,),
    "sub_dispatch": (_IS_WAITING,),
    "support_done": (_NO_TASK,),
    "excuse_support": (_NO_TASK,),
    "sub_sign": (_NO_TASK,),
    "sub_done": (_NO_TASK,),
    "sub_return": (_NO_TASK,),
    "sub_rework": (_NO_TASK,),
    "recall": (_NO_TASK,),
    "verified_false": (
        _unless(
            "NOT_REPORTED",
            _("须先由网格员到场并报告不属实。"),
            lambda facts: facts.untrue_reported,
        ),
        SUPERVISED,
    ),
    "verify_again": (
        _unless(
            "NOT_REPORTED",
            _("须先由网格员到场并报告不属实。"),
            lambda facts: facts.untrue_reported,
        ),
    ),
    "report_untrue": (
        Obstacle("ALREADY_REPORTED", _("已报告不属实。"), lambda facts: facts.untrue_reported),
    ),
    "object_untrue": (
        _unless(
            "NOT_FOUND_UNTRUE", _("仅对“不属实”结案可以提出异议。"), lambda facts: facts.was_untrue
        ),
    ),
    "callback_done": (
        Obstacle(
            "EXPLANATION_PENDING",
            _("未解决的说明须先经值班长认可。"),
            lambda facts: facts.explanation_pending and not facts.somebody_uncalled,
        ),
        Obstacle(
            SUPERVISED.code,
            SUPERVISED.message,
            lambda facts: facts.supervised and not facts.somebody_uncalled,
        ),
    ),
    "approve_explanation": (
        _unless("NO_EXPLANATION", _("没有待认可的说明。"), lambda facts: facts.explanation_pending),
    ),
    "answer_supervision": (
        _unless("NOT_SUPERVISED", _("没有进行中的督办。"), lambda facts: facts.supervised),
    ),
    "end_supervision": (
        _unless("NOT_SUPERVISED", _("没有进行中的督办。"), lambda facts: facts.supervised),
    ),
    "answer_directly": (SUPERVISED,),
    "reject": (SUPERVISED,),
    "void": (SUPERVISED,),
    "merge": (SUPERVISED, *NEVER_MERGED),
    "decide_out": (SUPERVISED,),
    "fixed_already": (SUPERVISED,),
}
"""By move, in the order in which they are named."""


def obstacle(move: str, facts: Facts) -> Obstacle | None:
    """The first thing that stands in the way of a move, or None."""
    return next((o for o in OBSTACLES.get(move, ()) if o.stands(facts)), None)
