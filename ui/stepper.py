"""The five steps of a case as the screens draw them."""

from typing import Final

from django.utils.translation import gettext_lazy as _

STEPS: Final = (
    (_("受理"), ("REGISTERED", "VERIFYING", "PENDING_FILING")),
    (_("派遣"), ("PENDING_DISPATCH", "PENDING_SIGN", "RETURN_REVIEW", "ARBITRATION")),
    (_("处置"), ("PROCESSING", "SUSPENDED")),
    (_("核查"), ("PENDING_CHECK", "CHECKING")),
    (_("评价"), ("PENDING_CALLBACK",)),
)
"""The five steps of the stepper and the states that belong to each."""


def steps_of(state: str) -> list[tuple[str, str]]:
    """The stepper for a state: (label, past | now | next); all past once the case has ended."""
    current = next((i for i, (_label, states) in enumerate(STEPS) if state in states), len(STEPS))
    return [
        (str(label), "past" if i < current else "now" if i == current else "next")
        for i, (label, _states) in enumerate(STEPS)
    ]
