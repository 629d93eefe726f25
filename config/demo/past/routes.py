"""The way of one case through the lifecycle: who does what next, and by which clock (pure)."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from config.demo.duties import CENTRE, ENFORCEMENT
from config.demo.stories import Story
from config.demo.units import unit_code
from dispatch.catalogue import Catalogue, limit_of
from dispatch.clocks import Limit, Unit
from dispatch.fields import DISCONTENT, Satisfaction, needs_explanation
from dispatch.lifecycle import Stage, State, move_from
from dispatch.models import Line
from dispatch.models.catalogue import Verify

REWORK, SOON, DAYS = "REWORK", "SOON", "DAYS"
"""Clocks that are no stage: the limit of a rework, a few minutes, a few days."""
ENDS = frozenset(
    {
        "callback_done",
        "check_pass",
        "no_check_needed",
        "answer_directly",
        "reject",
        "transfer_emergency",
        "verified_false",
        "approve_explanation",
        "fixed_already",
        "void",
        "merge",
    }
)
"""Acts after which a case may be over."""
VOICE, TRY_CALL = "voice", "try_call"
"""Acts that are no move: the first voice, and a call-back that reaches nobody."""
BOUNCED, FAILED, REWORKED, UNREACHED = 0.03, 0.06, 0.05, 0.06
CONTENT_WITH = {
    Satisfaction.VERY_SATISFIED: 46,
    Satisfaction.SATISFIED: 34,
    Satisfaction.BASICALLY: 11,
    Satisfaction.DISSATISFIED: 7,
    Satisfaction.VERY_DISSATISFIED: 2,
}


class Ending(StrEnum):
    """How the story of a case ends."""

    ANSWERED = "ANSWERED"
    REJECTED = "REJECTED"
    TRANSFERRED = "TRANSFERRED"
    SELF_HANDLED = "SELF_HANDLED"
    UNTRUE = "UNTRUE"
    FIXED_ALREADY = "FIXED_ALREADY"
    VOIDED = "VOIDED"
    CLOSED = "CLOSED"


class Detour(StrEnum):
    """What may come between a case and its straight way (domain.md 1.7.2, 4.5)."""

    NONE = "NONE"
    RETURN = "RETURN"
    REFUSED_RETURN = "REFUSED_RETURN"
    RULING = "RULING"
    SUSPENSION = "SUSPENSION"
    EXTENSION = "EXTENSION"
    URGING = "URGING"


DETOURS = {
    Detour.NONE: 885,
    Detour.RETURN: 30,
    Detour.REFUSED_RETURN: 10,
    Detour.RULING: 5,
    Detour.SUSPENSION: 15,
    Detour.EXTENSION: 20,
    Detour.URGING: 35,
}
"""How often, in a thousand."""


@dataclass(frozen=True, slots=True)
class Offices:
    """What the plans must know of the units: their codes, and which work around the clock."""

    codes: Mapping[int, str]
    always_on: frozenset[int]


@dataclass(frozen=True, slots=True)
class Leg:
    """One act: whose role, which move, the clock it runs against, its fields, a picture or none."""

    role: str
    act: str
    stage: str = SOON
    data: Mapping[str, Any] = field(default_factory=dict)
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """What the catalogue says of one story: priorities before and after filing, limits, duties."""

    story: Story
    priority: int
    filed_priority: int
    verify: bool
    check: bool
    disposal: Limit
    is_dangerous: bool
    always_on: bool
    unit: str
    other_unit: str

    def limit(self, stage: str, book: Catalogue) -> Limit:
        """The limit of a stage for this case."""
        if stage == Stage.DISPOSAL:
            return self.disposal
        early = {Stage.ACCEPT, Stage.VERIFY, Stage.FILE}
        return book.stage_limit(stage, self.priority if stage in early else self.filed_priority)


def course_of(story: Story, book: Catalogue, offices: Offices, *, at: datetime) -> Course:
    """Look a story up in the catalogue and the duty list, which names one unit at all hours."""
    category = book.categories[story.category]
    priority = category.priority if story.priority is None else story.priority
    condition = book.conditions.get(story.condition) or book.default_condition(story.category)
    filed = min(priority, condition.priority) if condition else priority
    suggested = book.suggest_unit(story.category, story.spot.area, condition=story.condition, at=at)
    unit = offices.codes[suggested.unit_id] if suggested else ""
    enforcement = unit_code(story.spot.district, ENFORCEMENT)
    centre = unit_code(story.spot.district, CENTRE)
    on_site = story.line is Line.HOTLINE and category.verify != Verify.NEVER
    return Course(
        story=story,
        priority=priority,
        filed_priority=filed,
        verify=on_site and priority > 0,
        check=category.needs_check and story.line is not Line.AFFAIRS,
        disposal=limit_of(condition) if condition else book.stage_limit(Stage.DISPOSAL, filed),
        is_dangerous=filed == 0 or bool(condition and condition.safe_amount),
        always_on=suggested is not None and suggested.unit_id in offices.always_on,
        unit=unit,
        other_unit=centre if unit == enforcement else enforcement,
    )


def route(
    course: Course,
    ending: Ending,
    draw: random.Random,
    *,
    replies: bool,
    detour: Detour = Detour.NONE,
) -> list[Leg]:
    """All acts from the first voice to the ending; `replies` when somebody waits for an answer."""
    role = {Line.GRID: "INSPECTOR", Line.HOTLINE: "OPERATOR"}.get(course.story.line, "HALL")
    picture = course.story.scene.picture if course.story.line is Line.GRID else ""
    data = {"self_handled": True} if ending is Ending.SELF_HANDLED else {}
    first = Leg(role, VOICE, SOON, data, f"{picture}-before" if picture else "")
    if ending in AT_THE_DOOR:
        return [first, *AT_THE_DOOR[ending](course)]
    filing = list(_filing(course, ending))
    if ending is not Ending.CLOSED:
        return [first, *filing]
    detour = detour if course.priority > 0 else Detour.NONE
    work = [*_dispatched(course, detour), *_handled(course, detour, draw, replies=replies)]
    return [first, *filing, *work, *_finished(course, draw, replies=replies)]


def _answered(course: Course) -> list[Leg]:
    if course.story.kind == "PRAISE":
        return []
    return [Leg("OPERATOR", "answer_directly", SOON, {"text": course.story.answer})]


def _rejected(_course: Course) -> list[Leg]:
    data = {
        "reject_reason": "OTHER_LEGAL_CHANNEL",
        "reason": "已进入诉讼程序，告知依法定途径解决。",
        "told": "PHONE",
    }
    return [Leg("RECEIVER", "reject", Stage.ACCEPT, data)]


def _transferred(_course: Course) -> list[Leg]:
    data = {"text": "情况紧急，已三方通话转 110 处置。"}
    return [Leg("OPERATOR", "transfer_emergency", SOON, data)]


def _self_handled(_course: Course) -> list[Leg]:
    return []


AT_THE_DOOR: dict[Ending, Callable[[Course], list[Leg]]] = {
    Ending.ANSWERED: _answered,
    Ending.REJECTED: _rejected,
    Ending.TRANSFERRED: _transferred,
    Ending.SELF_HANDLED: _self_handled,
}


def _filing(course: Course, ending: Ending) -> Iterator[Leg]:
    """From the door to the dispatcher's desk, or to an early end."""
    if course.priority == 0 and ending is Ending.CLOSED:
        return
    if course.verify or ending is Ending.UNTRUE:
        yield Leg("RECEIVER", "ask_verify", Stage.ACCEPT)
    else:
        yield Leg("RECEIVER", "accept", Stage.ACCEPT)
    if ending is Ending.UNTRUE:
        reason = "网格员到场未发现所述问题，附近走访亦无人反映。"
        yield Leg("INSPECTOR", "report_untrue", Stage.VERIFY, {"text": reason})
        agreed = {"reason": "已核对现场照片，认定不属实。", "told": "PHONE"}
        yield Leg("DUTY_LEADER", "verified_false", SOON, agreed)
        return
    if course.verify:
        picture = course.story.scene.picture
        text = {"text": "现场情况属实，已拍照。"}
        evidence = f"{picture}-before" if picture else ""
        yield Leg("INSPECTOR", "verified_true", Stage.VERIFY, text, evidence)
    if ending is Ending.FIXED_ALREADY:
        gone = {"reason": "核实时问题已消除，现场恢复。"}
        yield Leg("DUTY_LEADER", "fixed_already", Stage.FILE, gone)
    elif ending is Ending.VOIDED:
        same = {"reason": "与在办案件同一事项，作废本件。"}
        yield Leg("DUTY_LEADER", "void", Stage.FILE, same)


def _dispatched(course: Course, detour: Detour) -> Iterator[Leg]:
    """From the leader's desk to a unit that signs, perhaps by way of a return or a ruling."""
    if course.priority == 0:
        reason = {"reason": "危及安全，先行处置。"}
        yield Leg("DUTY_LEADER", "emergency_dispatch", Stage.ACCEPT, reason)
    else:
        condition = {"condition": course.story.condition} if course.story.condition else {}
        yield Leg("DUTY_LEADER", "file", Stage.FILE, condition)
        yield Leg("DISPATCHER", "dispatch", Stage.DISPATCH)
    if detour is Detour.REFUSED_RETURN:
        yield _return(course.other_unit)
        refused = {"reason": "权责清单明确属于本单位，不予退单。"}
        yield Leg("DISPATCHER", "refuse_return", Stage.RETURN_REVIEW, refused)
    if detour in {Detour.RETURN, Detour.RULING}:
        yield _return(course.other_unit)
        accepted = {"reason": "现场权属图显示由另一单位养护，同意退单。"}
        yield Leg("DISPATCHER", "accept_return", Stage.RETURN_REVIEW, accepted)
        yield Leg("DISPATCHER", "dispatch", Stage.DISPATCH, {"unit": course.other_unit})
    if detour is Detour.RULING:
        yield _return(course.unit)
        ruled = {"unit": course.unit, "reason": "三方会商：首派单位牵头办理。", "precedent": "NO"}
        yield Leg("DUTY_LEADER", "designate", Stage.ARBITRATION, ruled)
    yield Leg("HANDLER", "sign", Stage.SIGN)


def _return(proposed: str) -> Leg:
    data = {
        "clause": "权责清单第 12 条",
        "unit": proposed,
        "reason": "该处设施不在本单位养护范围。",
        "evidence": "养护范围图与现场照片",
    }
    return Leg("HANDLER", "request_return", Stage.SIGN, data)


def _handled(
    course: Course, detour: Detour, draw: random.Random, *, replies: bool
) -> Iterator[Leg]:
    """The unit's work up to its result; where there was a danger the site is made safe first."""
    if course.is_dangerous:
        yield Leg("HANDLER", "confirm_safe", SOON, {"text": "已设围挡警示，现场安全。"})
    yield _contact(draw, replies=replies)
    if detour is Detour.SUSPENSION:
        plan = {"cause": "ENGINEERING", "reason": "须等待管线迁改，申请挂账并每周复查。"}
        yield Leg("UNIT_APPROVER", "request_suspension", SOON, plan)
        yield Leg("DUTY_LEADER", "suspend", SOON, {"reason": "情况属实，同意挂账。"})
        yield Leg("DUTY_LEADER", "resume", DAYS, {"reason": "条件具备，恢复办理。"})
    if detour is Detour.EXTENSION and course.disposal.unit is Unit.WD:
        asked = {"days": "2", "reason": "材料采购需要时间。", "told": "PHONE"}
        yield Leg("UNIT_APPROVER", "request_extension", SOON, asked)
        yield Leg("DUTY_LEADER", "approve_extension", SOON, {"reason": "同意延期两个工作日。"})
    if detour is Detour.URGING:
        yield Leg("OPERATOR", "urge", SOON, {"text": "诉求人再次来电，请加快办理。"})
    yield _submit(course, Stage.DISPOSAL, draw)


def _finished(course: Course, draw: random.Random, *, replies: bool) -> Iterator[Leg]:
    """From the result to closing."""
    if draw.random() < BOUNCED:
        yield Leg("DISPATCHER", "bounce", Stage.CHECK, {"reason": "缺少处置后照片，请补充。"})
        yield _submit(course, SOON, draw)
    checks = list(_checked(course, draw))
    yield from checks
    if replies:
        was_redone = any(leg.act == "check_fail" for leg in checks)
        yield from _called_back(course, draw, may_redo=not was_redone)


def _contact(draw: random.Random, *, replies: bool) -> Leg:
    if replies:
        text = "已与诉求人联系，核对位置并说明处理安排。"
        return Leg("HANDLER", "first_contact", Stage.RESPONSE, {"way": "PHONE", "text": text})
    text = draw.choice(("已到现场查看。", "已到场，安排班组处理。"))
    return Leg("HANDLER", "first_contact", Stage.RESPONSE, {"way": "VISIT", "text": text})


def _submit(course: Course, stage: str, draw: random.Random) -> Leg:
    picture = course.story.scene.picture
    text = {"text": draw.choice(tuple(course.story.scene.results) or ("已处理完毕。",))}
    after = f"{picture}-after" if picture else ""
    return Leg("UNIT_APPROVER", "submit_result", stage, text, after)


def _checked(course: Course, draw: random.Random) -> Iterator[Leg]:
    if not course.check:
        reason = {"reason": "此类事项以回访为准，无须现场核查。"}
        yield Leg("DISPATCHER", "no_check_needed", Stage.CHECK, reason)
        return
    yield Leg("DISPATCHER", "ask_check", Stage.CHECK)
    if draw.random() < FAILED:
        reason = {"reason": "现场仍有残留，未达到结案条件。"}
        yield Leg("INSPECTOR", "check_fail", Stage.CHECK, reason)
        yield _submit(course, REWORK, draw)
        yield Leg("DISPATCHER", "ask_check", Stage.CHECK)
    picture = course.story.scene.picture
    passed = {"text": "现场核查，符合结案条件。"}
    evidence = f"{picture}-after" if picture else ""
    yield Leg("INSPECTOR", "check_pass", Stage.CHECK, passed, evidence)


def _called_back(course: Course, draw: random.Random, *, may_redo: bool) -> Iterator[Leg]:
    """A second rework is the duty leader's to decide; nobody's case here comes so far."""
    if may_redo and draw.random() < REWORKED:
        reason = {"reason": "诉求人反映问题仍在，情况合理，退回重办。"}
        yield Leg("CALLBACK", "rework", Stage.CALLBACK, reason)
        yield _submit(course, REWORK, draw)
        yield from _checked(course, draw)
    elif draw.random() < UNREACHED:
        yield Leg("CALLBACK", TRY_CALL, Stage.CALLBACK, {"solved": "UNREACHABLE"})
    content = draw.choices(list(CONTENT_WITH), list(CONTENT_WITH.values()))[0]
    data = {"solved": "YES", "satisfaction": content.value, "text": ""}
    if content in DISCONTENT:
        data |= {"solved": draw.choice(("PARTIAL", "NO")), "text": "对处理时间有意见，已解释原因。"}
    yield Leg("CALLBACK", "callback_done", Stage.CALLBACK, data)
    if needs_explanation(data["solved"], data["satisfaction"]):
        heard = {"reason": "解释合理，同意办结。"}
        yield Leg("DUTY_LEADER", "approve_explanation", SOON, heard)


def states_along(legs: list[Leg]) -> Iterator[State]:
    """The state after each act, by the lifecycle table; a second return goes to a ruling."""
    state, returns = State.REGISTERED, 0
    for leg in legs:
        row = move_from(leg.act, state)
        state = (row.target or state) if row else state
        returns += leg.act == "request_return"
        if leg.act == "request_return" and returns > 1:
            state = State.ARBITRATION
        yield state
