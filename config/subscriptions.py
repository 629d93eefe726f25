"""Which task hears which topic: every side effect of the queue stands on this page.

A test asserts that each topic of the lifecycle has an entry and that each name resolves.
"""

from dispatch.incidents import recognising
from dispatch.lifecycle import CLOCK_TOPICS, INCIDENT_TOPICS, TOPICS
from dispatch.oversight.alarming import SUBSCRIBER, WATCHED

FOLLOW = ("hotline.follow_cases", "grid.follow_cases", "affairs.follow_cases")
"""The lines note what became of their records."""

NOBODY: tuple[str, ...] = ()
SILENT = frozenset(
    {
        "case.urged",
        "case.supervised",
        "case.supervision_answered",
        "case.supervision_ended",
        "case.contacted",
        "case.acknowledged",
        "case.call_noted",
        "case.progressed",
        "case.made_safe",
        "case.position_stated",
        "case.review_due",
        "case.suspension_reviewed",
        "case.task_given",
        "case.task_signed",
        "case.task_done",
        "case.task_returned",
        "case.task_reworked",
        "case.task_recalled",
        "case.linked",
        "case.unlinked",
        *INCIDENT_TOPICS,
        *CLOCK_TOPICS,
    }
)
"""Topics that change no state: only the screens hear them."""

WATCH = (SUBSCRIBER,)
"""Abuses are looked for in the moves that can be abused."""

RECOGNISE = (recognising.SUBSCRIBER,)
"""Many voices about one outage are offered as one; an incident ends with its case."""

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    topic: (NOBODY if topic in SILENT else FOLLOW)
    + (WATCH if topic in WATCHED else NOBODY)
    + (RECOGNISE if topic in recognising.HEARD else NOBODY)
    for topic in sorted(TOPICS)
}
SUBSCRIBERS = tuple(sorted({name for names in SUBSCRIPTIONS.values() for name in names}))
