"""Which service events enter the queue (pure; domain.md 3.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "sanxian.affairs."
NEGATIVE = frozenset({"DISSATISFIED", "VERY_DISSATISFIED"})
SATISFACTIONS = NEGATIVE | {"BASICALLY", "SATISFIED", "VERY_SATISFIED"}


@dataclass(frozen=True, slots=True)
class Entry:
    """How an event enters the queue: category, kind, priority, whether the applicant is told."""

    category: str
    kind: str
    priority: int
    wants_reply: bool


IN_QUEUE: dict[str, Entry] = {
    "complaint.filed": Entry("S0003", "COMPLAINT", 2, wants_reply=True),
    "consult.unanswered": Entry("S0005", "CONSULT", 2, wants_reply=True),
    "application.overdue": Entry("S0004", "EVENT", 1, wants_reply=False),
    "application.survey_requested": Entry("S0002", "EVENT", 2, wants_reply=False),
    "approval.check_requested": Entry("S0006", "EVENT", 2, wants_reply=False),
    "certificate.error_reported": Entry("S0007", "HELP", 2, wants_reply=True),
    "one_thing.blocked": Entry("S0008", "EVENT", 2, wants_reply=False),
    "material.asked_again": Entry("S0009", "EVENT", 2, wants_reply=False),
    "offline_refill.asked": Entry("S0009", "EVENT", 2, wants_reply=False),
}
"""Event types that enter as they are."""

ONLY_KEPT = frozenset(
    {
        "application.status_changed",
        "application.near_due",
        "consult.answered",
        "correction.expired",
        "data.error_reported",
    }
)
"""Event types that are kept for the timeline and statistics and never enter the queue."""

REVIEW, SUGGESTION = "review.submitted", "suggestion.filed"
KNOWN = frozenset(IN_QUEUE) | ONLY_KEPT | {REVIEW, SUGGESTION}


class UnknownSatisfactionError(ValueError):
    """A satisfaction that the source's value map does not know."""


def short_type(event_type: str) -> str | None:
    """The type without its prefix, or None when it is not one of ours."""
    short = event_type.removeprefix(PREFIX)
    return short if event_type.startswith(PREFIX) and short in KNOWN else None


def satisfaction(value: object, value_map: Mapping[str, str]) -> str:
    """The satisfaction in words: a word as it is, a number by the source's own map."""
    text = str(value).strip().upper()
    if text in SATISFACTIONS:
        return text
    mapped = value_map.get(text, "")
    if mapped not in SATISFACTIONS:
        raise UnknownSatisfactionError(text)
    return mapped


def entry(short: str, data: Mapping[str, Any], value_map: Mapping[str, str]) -> Entry | None:
    """How an event enters the queue; None when it is only kept."""
    if short == REVIEW:
        if satisfaction(data.get("satisfaction"), value_map) not in NEGATIVE:
            return None
        if data.get("anonymous"):
            return Entry("S0001", "COMPLAINT", 2, wants_reply=False)
        return Entry("S0001", "COMPLAINT", 1, wants_reply=True)
    if short == SUGGESTION:
        wants = bool(data.get("wants_reply"))
        return Entry("S0010", "SUGGESTION", 3, wants_reply=True) if wants else None
    return IN_QUEUE.get(short)
