"""One case by its number, as a user may see it: what every move and every case file begins with.

The row is read by a statement that is planned once, and `is_visible` judges it; lists ask the
database (`Case.objects.visible_to`). Both say the same: tests/app/test_board.py.
"""

from accounts.models import User
from accounts.ready import ReadyQuery
from dispatch.models import Case, CaseQuerySet
from dispatch.models.cases import is_visible


def _by_number(number: str) -> CaseQuerySet:
    return Case.objects.filter(case_no=number).select_related("lead_unit")


_READ: ReadyQuery[Case] = ReadyQuery("dispatch_case_by_number", _by_number)
_LOCKED: ReadyQuery[Case] = ReadyQuery(
    "dispatch_case_by_number_locked",
    lambda number: _by_number(number).select_for_update(of=("self",)),
)


def case_seen_by(user: User, case_no: str) -> Case | None:
    """The case with its lead unit; None also where the user may not know that it exists."""
    return _if_visible(_READ.first(case_no), user)


def lock_case_seen_by(user: User, case_no: str) -> Case | None:
    """The same with the row of the case locked until the transaction ends."""
    return _if_visible(_LOCKED.first(case_no), user)


def _if_visible(case: Case | None, user: User) -> Case | None:
    return case if case is not None and is_visible(user.scope(), case) else None
