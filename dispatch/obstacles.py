"""Why a move cannot be made just now, though table and role would allow it.

One list for both who asks: the case file says it beside the moves, the move itself refuses by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.duplicates.never_merge import WORDS
from dispatch.facts import Facts
from dispatch.models import Line, Priority
from dispatch.models.catalogue import NeverMerge
from dispatch.separation import DOING, JUDGING

MOST_EXTENSIONS = 2
LEADER_FIRST = timedelta(minutes=5)
"""So long the duty leader has an emergency for herself (T43)."""
REOPEN_WITHIN = timedelta(days=30)
CITIZEN_MAY_ASK_WITHIN = timedelta(days=7)
SECOND_CHECK_WITHIN = timedelta(days=7)


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


_NOT_SENT = Obstacle(
    "NOT_SENT",
    _("本案没有待办的边处置边核实。"),
    lambda facts: facts.is_out and not facts.verify_open,
)


def _is_never_merged(code: str, facts: Facts) -> bool:
    return facts.never_merged == code


NEVER_MERGED = tuple(
    Obstacle(code, WORDS[code], partial(_is_never_merged, code))
    for code in ("SENSITIVE", NeverMerge.STAFF.value, NeverMerge.LEGAL.value)
)
_ON_EXTENSIONS = (
    _unless("NOT_ASKED", _("没有待批的延期申请。"), lambda facts: facts.extension_pending),
    Obstacle(
        "COMMANDER_DECIDES",
        _("第二次延期须由指挥中心批准。"),
        lambda facts: facts.extensions >= 1 and not facts.is_commander,
    ),
)
"""Who judges a second one judges both ways: a refusal is a decision too."""
_OF_THE_CASE: dict[str, tuple[Obstacle, ...]] = {
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
        Obstacle(
            "NOT_MINOR",
            _("特急、紧急的问题不得自行处理结案。"),
            lambda facts: facts.priority <= Priority.P1,
        ),
        SUPERVISED,
    ),
    "emergency_dispatch": (
        _unless(
            "NOT_AN_EMERGENCY",
            _("仅特急案件可以应急派遣。"),
            lambda facts: facts.priority == Priority.P0,
        ),
        Obstacle(
            "LEADER_FIRST",
            _("值班长 5 分钟未应答，坐席方可应急派遣。"),
            lambda facts: not facts.is_leader and facts.age < LEADER_FIRST,
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
        Obstacle(
            "NO_RETURN",
            _("经裁定指定承办的案件不得再退单。"),
            lambda facts: facts.no_return or facts.ruled_in_a_merged_one,
        ),
    ),
    "request_extension": (
        Obstacle(
            "TOO_MANY_EXTENSIONS",
            _("延期最多两次。"),
            lambda facts: facts.extensions >= MOST_EXTENSIONS,
        ),
        Obstacle("ALREADY_ASKED", _("已有待批的延期申请。"), lambda facts: facts.extension_pending),
        Obstacle("TOO_LATE", _("已超过时限，不能再申请延期。"), lambda facts: facts.is_too_late),
    ),
    "approve_extension": _ON_EXTENSIONS,
    "refuse_extension": _ON_EXTENSIONS,
    "rework": (
        Obstacle(
            "LEADER_DECIDES",
            _("第二次重办须由值班长决定。"),
            lambda facts: facts.reworks >= 1 and not facts.is_leader,
        ),
    ),
    "unmerge": (
        Obstacle("PRIMARY_ENDED", _("主案已结束，不能再拆回。"), lambda facts: facts.primary_ended),
    ),
    "reopen": (
        _unless(
            "NEVER_DISPATCHED",
            _("该案件未曾派遣，请另立新件。"),
            lambda facts: facts.was_dispatched,
        ),
        Obstacle(
            "TOO_LATE",
            _("结案超过 30 天，请另立新件。"),
            lambda facts: facts.ended_for > REOPEN_WITHIN,
        ),
        Obstacle(
            "LEADER_DECIDES",
            _("诉求人须在结案后 7 天内提出；逾期由值班长决定。"),
            lambda facts: not facts.is_leader and facts.ended_for > CITIZEN_MAY_ASK_WITHIN,
        ),
    ),
    "follow_up": (
        _unless(
            "NOT_HANDED_OVER",
            _("没有待跟进的紧急转办。"),
            lambda facts: facts.handed_over,
        ),
    ),
    "sample_call": (
        _unless("NOT_SAMPLED", _("本件未被抽中回访，或已回访。"), lambda facts: facts.sampled),
        Obstacle("OWN_WORK", _("不得回访本人直接答复的诉求。"), lambda facts: facts.own_answer),
    ),
    "archive": (
        Obstacle("SAMPLE_OPEN", _("抽样回访尚未完成，不能归档。"), lambda facts: facts.sampled),
        Obstacle(
            "NOT_FOLLOWED_UP",
            _("转紧急后尚未跟进回访，不能归档。"),
            lambda facts: facts.handed_over,
        ),
    ),
    "confirm_safe": (
        _unless("NOTHING_UNSAFE", _("没有待确认的现场安全。"), lambda facts: facts.unsafe),
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
    "verified_true": (_NOT_SENT,),
    "report_untrue": (
        Obstacle("ALREADY_REPORTED", _("已报告不属实。"), lambda facts: facts.untrue_reported),
        _NOT_SENT,
    ),
    "hold_true": (
        _unless(
            "NOT_REPORTED",
            _("须先由网格员到场并报告不属实。"),
            lambda facts: facts.untrue_reported,
        ),
    ),
    "object_untrue": (
        _unless(
            "NOT_FOUND_UNTRUE", _("仅对“不属实”结案可以提出异议。"), lambda facts: facts.was_untrue
        ),
        Obstacle(
            "TOO_LATE",
            _("结案超过 7 天，请另立新件。"),
            lambda facts: facts.ended_for > SECOND_CHECK_WITHIN,
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
        Obstacle("OWN_WORK", _("不得认可本人所作的说明。"), lambda facts: facts.own_explanation),
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
    "fixed_already": (
        _unless(
            "NOT_LOOKED_AT",
            _("须先现场核实，方可认定问题已消失。"),
            lambda facts: facts.looked_at,
        ),
        SUPERVISED,
    ),
}
OWN_WORK = Obstacle(
    "OWN_WORK", _("不得核查、裁决本人所在单位处置的案件。"), lambda facts: facts.own_work
)
OWN_ORDER = Obstacle(
    "OWN_ORDER", _("不得处置本人立案、派遣或核查的案件。"), lambda facts: facts.own_order
)
_OF_THE_PERSON = {**dict.fromkeys(JUDGING, (OWN_WORK,)), **dict.fromkeys(DOING, (OWN_ORDER,))}
OBSTACLES: dict[str, tuple[Obstacle, ...]] = {
    move: (*_OF_THE_CASE.get(move, ()), *_OF_THE_PERSON.get(move, ()))
    for move in (*_OF_THE_CASE, *sorted(set(_OF_THE_PERSON) - set(_OF_THE_CASE)))
}
"""By move, in the order in which they are named: what the case says, then who asks."""


def obstacle(move: str, facts: Facts) -> Obstacle | None:
    """The first thing that stands in the way of a move, or None."""
    return next((o for o in OBSTACLES.get(move, ()) if o.stands(facts)), None)
