"""The unit's moves: sign, first contact, report progress, submit the result.

What each of them does to the unit's own part stands in undertakings.py; tasks in tasks.py.
"""

from dispatch.actions import tasks
from dispatch.actions.context import MoveContext


def first_contact(context: MoveContext) -> None:
    """T23 先行联系: stops the response clock."""
    context.payload["way"] = context.text("way")


def submit_result(context: MoveContext) -> None:
    """T28: the result is on the table, the disposal clock stops; all support done or excused."""
    tasks.accept_all(context)
