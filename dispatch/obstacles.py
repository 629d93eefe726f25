"""Why a move cannot be made just now, though table and role would allow it.

One list for both who asks: the case file says it beside the moves, the move itself refuses by it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch import catalogue
from dispatch.lifecycle import State
from dispatch.models import Assignment, Case, Extension, Line, Note, Priority
from dispatch.models.cases import AssignmentRole
from dispatch.models.catalogue import Verify
from dispatch.models.delays import Approval

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
    extension_pending: bool
    suspension_asked: bool
    supports_open: bool


def facts_of(case: Case) -> Facts:
    """The facts of a case; three small queries while it is being processed, else none."""
    category = catalogue.current().categories[case.category_code]
    working = case.state == State.PROCESSING.value
    extensions = Extension.objects.filter(case=case, decision=Approval.PENDING.value)
    asked = Note.objects.filter(case=case, move="request_suspension")
    supports = Assignment.objects.filter(
        case=case, role=AssignmentRole.SUPPORT, ended_at__isnull=True
    )
    place = case.location is not None
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
        extension_pending=working and extensions.exists(),
        suspension_asked=working and asked.exists(),
        supports_open=working and supports.exists(),
    )


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A stable code, a text for people, and when it stands in the way."""

    code: str
    message: Promise
    stands: Callable[[Facts], bool]


def _unless(code: str, message: Promise, fits: Callable[[Facts], bool]) -> Obstacle:
    return Obstacle(code, message, lambda facts: not fits(facts))


OBSTACLES: dict[str, tuple[Obstacle, ...]] = {
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
    "suspend": (
        _unless("NOT_ASKED", _("须先由处置单位申请挂账。"), lambda facts: facts.suspension_asked),
    ),
    "wait_citizen": (
        Obstacle("ALREADY_WAITING", _("已在等待诉求人。"), lambda facts: facts.is_waiting),
    ),
    "citizen_answered": (
        _unless("NOT_WAITING", _("未在等待诉求人。"), lambda facts: facts.is_waiting),
    ),
    "submit_result": (
        Obstacle("SUPPORT_OPEN", _("协办单位尚未完成。"), lambda facts: facts.supports_open),
    ),
    "support_done": (
        _unless("NO_SUPPORT", _("没有未完成的协办任务。"), lambda facts: facts.supports_open),
    ),
    "excuse_support": (
        _unless("NO_SUPPORT", _("没有未完成的协办任务。"), lambda facts: facts.supports_open),
    ),
}
"""By move, in the order in which they are named."""


def obstacle(move: str, facts: Facts) -> Obstacle | None:
    """The first thing that stands in the way of a move, or None."""
    return next((o for o in OBSTACLES.get(move, ()) if o.stands(facts)), None)
