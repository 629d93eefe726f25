"""Which task hears which topic: every side effect of the queue stands on this page.

A test asserts that each topic of the lifecycle has an entry and that each name resolves.
"""

from dispatch.lifecycle import CLOCK_TOPICS, TOPICS

FOLLOW = ("hotline.follow_cases", "grid.follow_cases", "affairs.follow_cases")
"""The lines note what became of their records."""

NOBODY: tuple[str, ...] = ()
SILENT = frozenset(
    {"case.urged", "case.supervised", "case.contacted", "case.acknowledged", *CLOCK_TOPICS}
)
"""Topics that change no state: only the screens hear them."""

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    topic: NOBODY if topic in SILENT else FOLLOW for topic in sorted(TOPICS)
}
SUBSCRIBERS = tuple(sorted({name for names in SUBSCRIPTIONS.values() for name in names}))
