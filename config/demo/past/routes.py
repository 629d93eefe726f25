"""The way of one case through the lifecycle: who does what next, and by which clock (pure)."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from config.demo.stories import Story
from dispatch.catalogue import Catalogue, limit_of
from dispatch.clocks import Limit
from dispatch.lifecycle import Satisfaction, Stage, State, move_from
from dispatch.models import Line
from dispatch.models.catalogue import Verify

REWORK, SOON = "REWORK", "SOON"
"""Clocks that are no stage: the limit of a rework, and a few minutes."""
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
DISCONTENT = {Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED}


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
    always_on: bool

    def limit(self, stage: str, book: Catalogue) -> Limit:
        """The limit of a stage for this case."""
        if stage == Stage.DISPOSAL:
            return self.disposal
        early = {Stage.ACCEPT, Stage.VERIFY, Stage.FILE}
        return book.stage_limit(stage, self.priority if stage in early else self.filed_priority)


def course_of(story: Story, book: Catalogue, always_on: frozenset[int]) -> Course:
    """Look a story up in the catalogue; `always_on` are the units that work around the clock."""
    category = book.categories[story.category]
    priority = category.priority if story.priority is None else story.priority
    condition = book.conditions.get(story.condition) or book.default_condition(story.category)
    filed = min(priority, condition.priority) if condition else priority
    unit = book.suggest_unit(story.category, story.spot.area)
    on_site = story.line is Line.HOTLINE and category.verify != Verify.NEVER
    return Course(
        story=story,
        priority=priority,
        filed_priority=filed,
        verify=on_site and priority > 0,
        check=category.needs_check and story.line is not Line.AFFAIRS,
        disposal=limit_of(condition) if condition else book.stage_limit(Stage.DISPOSAL, filed),
        always_on=unit is not None and unit.unit_id in always_on,
    )


def route(course: Course, ending: Ending, draw: random.Random, *, replies: bool) -> list[Leg]:
    """All acts from the first voice to the ending; `replies` when somebody waits for an answer."""
    role = {Line.GRID: "INSPECTOR", Line.HOTLINE: "OPERATOR"}.get(course.story.line, "HALL")
    picture = course.story.scene.picture if course.story.line is Line.GRID else ""
    data = {"self_handled": True} if ending is Ending.SELF_HANDLED else {}
    first = Leg(role, VOICE, SOON, data, f"{picture}-before" if picture else "")
    if ending in AT_THE_DOOR:
        return [first, *AT_THE_DOOR[ending](course)]
    return [first, *_filing(course, ending), *_work(course, ending, draw, replies=replies)]


def _answered(course: Course) -> list[Leg]:
    if course.story.kind == "PRAISE":
        return []
    return [Leg("OPERATOR", "answer_directly", SOON, {"text": course.story.answer})]


def _rejected(_course: Course) -> list[Leg]:
    data = {
        "reject_reason": "OTHER_LEGAL_CHANNEL",
        "reason": "已进入诉讼程序，告知依法定途径解决。",
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
        yield Leg("DUTY_LEADER", "verified_false", Stage.VERIFY, {"reason": reason})
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


def _work(course: Course, ending: Ending, draw: random.Random, *, replies: bool) -> Iterator[Leg]:
    """From filing to closing; nothing where the case has ended before."""
    if ending is not Ending.CLOSED:
        return
    if course.priority == 0:
        reason = {"reason": "危及安全，先行处置。"}
        yield Leg("DUTY_LEADER", "emergency_dispatch", Stage.ACCEPT, reason)
    else:
        condition = {"condition": course.story.condition} if course.story.condition else {}
        yield Leg("DUTY_LEADER", "file", Stage.FILE, condition)
        yield Leg("DISPATCHER", "dispatch", Stage.DISPATCH)
    yield Leg("HANDLER", "sign", Stage.SIGN)
    yield _contact(draw, replies=replies)
    yield _submit(course, Stage.DISPOSAL, draw)
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


def states_along(legs: list[Leg]) -> Iterator[State]:
    """The state after each act, by the lifecycle table."""
    state = State.REGISTERED
    for leg in legs:
        row = move_from(leg.act, state)
        state = (row.target or state) if row else state
        yield state
