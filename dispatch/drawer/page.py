"""Everything that the drawer and the sheet of one case show."""

from datetime import datetime
from typing import Any

from accounts.models import User
from dispatch.actions.errors import CaseNotFoundError
from dispatch.casefile import case_for
from dispatch.drawer.moves import choices_for


def case_context(user: User, case_no: str, now: datetime) -> dict[str, Any]:
    """The context of dispatch/_case.html; `case` is None where the user may not see it."""
    try:
        case = case_for(user, case_no, now=now)
    except CaseNotFoundError:
        return {"case": None, "now": now}
    return {"case": case, "now": now, **choices_for(case)}
