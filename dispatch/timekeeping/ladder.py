"""The ladder of a clock (pure): at which part of its limit who on the reporting line hears of it.

Sources: domain.md 2.5 (催办), 4.4 (the call tree of emergencies), 1.7.3 (overtime multiple).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dispatch.lifecycle import (
    APPROVER,
    CALLBACK,
    COMMANDER,
    DISPATCHER,
    HANDLER,
    INSPECTOR,
    LEADER,
    OPERATOR,
    RECEIVER,
    TIMER_ESCALATED,
    TIMER_NEAR,
    TIMER_OVERDUE,
    Stage,
)

DUE = 100
"""The mark of the due time, in percent of the limit."""
WORKDAYS = 1000
"""A mark above this stands so many workdays after the due time as it is above it."""
MOST_WORKDAYS = 200


class Level(StrEnum):
    """The reporting line, from who holds the clock upwards.

    处置员 → 单位值班 → 上级单位 → 区值班长 → 总值班 (domain.md 4.4).
    """

    HOLDER = "HOLDER"
    HEAD = "HEAD"
    PARENT = "PARENT"
    DUTY_LEADER = "DUTY_LEADER"
    COMMANDER = "COMMANDER"


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """At `percent` of the limit used, or `workdays` after the due time, `level` hears.

    A mark of workdays is kept as a percent beyond all others, so that the marks of a ladder and
    what was said of them are numbers in one order.
    """

    percent: int
    level: Level

    @property
    def workdays(self) -> int:
        """So many workdays after the due time; 0 for a mark in percent."""
        return max(0, self.percent - WORKDAYS)


def step_of(percent: int | None, workdays: int | None, level: Level) -> Step:
    """The step of a row, which has the one or the other."""
    return Step(WORKDAYS + workdays if workdays else percent or DUE, level)


@dataclass(frozen=True, slots=True)
class Rule:
    """A step as the city has set it; stage empty and priority None mean all."""

    stage: str
    priority: int | None
    step: Step


UNIT_STAGES = frozenset(
    {
        Stage.SIGN,
        Stage.RESPONSE,
        Stage.PROGRESS,
        Stage.SAFE,
        Stage.DISPOSAL,
        Stage.REPLY,
        Stage.SUPERVISE,
        Stage.TASK,
        Stage.RECTIFY,
    }
)
"""Clocks that a unit holds; the others are held by people of the centre."""
HOLDERS: Mapping[Stage, str] = {
    Stage.ACCEPT: RECEIVER,
    Stage.VERIFY: INSPECTOR,
    Stage.FILE: LEADER,
    Stage.DISPATCH: DISPATCHER,
    Stage.CHECK: INSPECTOR,
    Stage.CALLBACK: CALLBACK,
    Stage.FOLLOW_UP: OPERATOR,
    Stage.SAMPLE: CALLBACK,
    Stage.RETURN_REVIEW: DISPATCHER,
    Stage.ARBITRATION: LEADER,
}


def ladder_of(rules: Iterable[Rule], stage: str, priority: int) -> tuple[Step, ...]:
    """The steps of one clock in their order: the most special rows that fit, always with the due
    mark, which its holder's head hears where no row says otherwise.

    A ladder that counts in workdays once the due time has passed (2.5: the day after, and five
    workdays after it) knows no multiples of the limit: of a long limit they would come later.
    """
    fitting = [r for r in rules if r.stage in {"", stage} and r.priority in {None, priority}]
    best = max((_weight(rule) for rule in fitting), default=(False, False))
    steps = {rule.step.percent: rule.step for rule in fitting if _weight(rule) == best}
    steps.setdefault(DUE, Step(DUE, Level.HEAD))
    if any(step.workdays for step in steps.values()):
        steps = {n: step for n, step in steps.items() if n <= DUE or step.workdays}
    return tuple(sorted(steps.values()))


def _weight(rule: Rule) -> tuple[bool, bool]:
    return bool(rule.stage), rule.priority is not None


def next_step(steps: Iterable[Step], said: int) -> Step | None:
    """The first step above what was said, or None at the end of the ladder."""
    return next((step for step in steps if step.percent > said), None)


def topic_of(percent: int) -> str:
    """The topic of a mark: near before the due time, overdue at it, escalated after it."""
    if percent < DUE:
        return TIMER_NEAR
    return TIMER_OVERDUE if percent == DUE else TIMER_ESCALATED


def role_of(stage: Stage, level: Level) -> str:
    """The role that hears at a level: in the unit for its clocks, else in the centre."""
    if level is Level.COMMANDER:
        return COMMANDER
    if level is Level.DUTY_LEADER:
        return LEADER
    if stage in UNIT_STAGES:
        return HANDLER if level is Level.HOLDER else APPROVER
    return HOLDERS.get(stage, LEADER) if level is Level.HOLDER else LEADER


def overtime_multiple(used: float, limit: float) -> float:
    """(used - limit) / limit, both in working minutes; 0 while in time (domain.md 1.7.3)."""
    return max(0.0, (used - limit) / limit) if limit > 0 else 0.0
