"""Rules that accept by category: filing and dispatching that follow by themselves (T10, T14).

A row of the catalogue says so (`auto_file`, `auto_dispatch`); each step is an event of its own,
without an actor and with the rule named. A sensitive case always waits for a person.
"""

from dispatch import catalogue
from dispatch.actions import filing
from dispatch.actions.context import MoveContext
from dispatch.actions.duties import routing
from dispatch.models import Category


def accepted(context: MoveContext) -> None:
    """T7, T9: filed at once where the category says so; beside the work (T43) it is filed."""
    if context.move.beside:
        return
    category = _category(context)
    if category.auto_file and not context.case.sensitive:
        context.then, context.rule = "file", f"auto_file:{category.code}"


def file(context: MoveContext) -> None:
    """T10: then dispatched at once where the category says so and the duty list names a unit."""
    filing.file(context)
    category = _category(context)
    if not category.auto_dispatch or context.case.sensitive:
        return
    if routing.suggested(context.case, now=context.now):
        context.then, context.rule = "dispatch", f"auto_dispatch:{category.code}"


def _category(context: MoveContext) -> Category:
    return catalogue.current().categories[context.case.category_code]
