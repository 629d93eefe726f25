"""The unit's moves: sign, first contact, report progress, submit the result.

What each of them does to the unit's own part stands in undertakings.py; tasks in tasks.py.
"""

from dispatch.actions import tasks, timing
from dispatch.actions.context import MoveContext
from dispatch.lifecycle import BESIDE_STAGES


def first_contact(context: MoveContext) -> None:
    """T23 先行联系: stops the response clock."""
    context.payload["way"] = context.text("way")


def submit_result(context: MoveContext) -> None:
    """T28: the result is on the table, the disposal clock stops; all support done or excused. A
    verification beside the work (T43) ends without a verdict: the check comes now."""
    timing.stop(context.case, BESIDE_STAGES, now=context.now, cancelled=True)
    tasks.accept_all(context)
