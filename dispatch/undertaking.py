"""The sub-machine of one unit's work on a case (pure; domain.md 7.3).

A lead's work follows the moves of its case; a task of a supporting or lower unit has moves of its
own. The state is stored with the assignment and shown in the case file.
"""

from enum import StrEnum


class Work(StrEnum):
    """How far one unit is with its part of a case."""

    PENDING_SIGN = "PENDING_SIGN"
    SIGNED = "SIGNED"
    CONTACTED = "CONTACTED"
    IN_PROGRESS = "IN_PROGRESS"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REWORK = "REWORK"
    RETURN_REQUESTED = "RETURN_REQUESTED"
    RETURNED = "RETURNED"
    REFUSED = "REFUSED"
    RECALLED = "RECALLED"
    CANCELLED = "CANCELLED"


WORK_LABELS = {
    Work.PENDING_SIGN: "待签收",
    Work.SIGNED: "已签收",
    Work.CONTACTED: "已联系",
    Work.IN_PROGRESS: "处置中",
    Work.SUBMITTED: "已反馈",
    Work.ACCEPTED: "已认可",
    Work.REWORK: "返工",
    Work.RETURN_REQUESTED: "申请退单",
    Work.RETURNED: "已退回",
    Work.REFUSED: "退单未准",
    Work.RECALLED: "已收回",
    Work.CANCELLED: "已终止",
}

_DROPPED = {Work.RECALLED, Work.CANCELLED}
STEPS: dict[Work, frozenset[Work]] = {
    Work.PENDING_SIGN: frozenset({Work.SIGNED, Work.RETURN_REQUESTED, *_DROPPED}),
    Work.SIGNED: frozenset(
        {Work.CONTACTED, Work.IN_PROGRESS, Work.SUBMITTED, Work.RETURN_REQUESTED, *_DROPPED}
    ),
    Work.CONTACTED: frozenset({Work.IN_PROGRESS, Work.SUBMITTED, Work.RETURN_REQUESTED, *_DROPPED}),
    Work.IN_PROGRESS: frozenset({Work.SUBMITTED, Work.RETURN_REQUESTED, *_DROPPED}),
    Work.SUBMITTED: frozenset({Work.ACCEPTED, Work.REWORK, *_DROPPED}),
    Work.ACCEPTED: frozenset({Work.REWORK}),
    Work.REWORK: frozenset({Work.IN_PROGRESS, Work.SUBMITTED, Work.RETURN_REQUESTED, *_DROPPED}),
    Work.RETURN_REQUESTED: frozenset({Work.RETURNED, Work.REFUSED, *_DROPPED}),
    Work.REFUSED: frozenset(
        {
            Work.SIGNED,
            Work.CONTACTED,
            Work.IN_PROGRESS,
            Work.SUBMITTED,
            Work.RETURN_REQUESTED,
            *_DROPPED,
        }
    ),
    Work.RETURNED: frozenset(),
    Work.RECALLED: frozenset(),
    Work.CANCELLED: frozenset(),
}
"""From a state to those that may follow it."""
GONE = frozenset({Work.RETURNED, Work.RECALLED, Work.CANCELLED})
"""States in which the unit has no part in the case any more."""
OVER = GONE | {Work.ACCEPTED}
"""States in which the work may have its end; ACCEPTED ends with the case or the lead's result."""
NEEDS_SIGNATURE = frozenset(
    {Work.SIGNED, Work.CONTACTED, Work.IN_PROGRESS, Work.SUBMITTED, Work.ACCEPTED, Work.REWORK}
)
BY_MOVE: dict[str, Work] = {
    "sign": Work.SIGNED,
    "first_contact": Work.CONTACTED,
    "progress": Work.IN_PROGRESS,
    "submit_result": Work.SUBMITTED,
    "bounce": Work.REWORK,
    "check_fail": Work.REWORK,
    "rework": Work.REWORK,
    "check_pass": Work.ACCEPTED,
    "no_check_needed": Work.ACCEPTED,
    "request_return": Work.RETURN_REQUESTED,
    "refuse_return": Work.REFUSED,
}
"""Where the lead's work goes with a move of the case."""


def after(state: Work, wanted: Work) -> Work:
    """The state after a step that is wanted: the same where the machine has no such step."""
    return wanted if wanted in STEPS[state] else state
