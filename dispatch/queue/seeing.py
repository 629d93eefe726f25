"""What has not been looked at yet, by view: kept on the server, the same in every tab and device.

A case counts by the time it entered its state, not by its creation: an old case that comes back to
somebody is new to her. A view is a tile by its name, or a saved filter as `f` and its id.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.models import Case, SavedFilter, SeenMark
from dispatch.queries import FilterError, filtered
from dispatch.queue.filters import TILES, counted_by, filters_from, parsed
from dispatch.queue.saving import usable_by

MOST_COUNTED: Final = 100
"""Counting stops here; the page shows 99+."""
LONGEST_AGO: Final = timedelta(days=7)
"""Before a person's first look, what is older than this is not news to her."""
VIEW: Final = re.compile(r"f[1-9][0-9]{0,17}")
_LOOK = """
INSERT INTO dispatch_seenmark (user_id, view, until) VALUES (%s, %s, %s)
ON CONFLICT (user_id, view) DO UPDATE
SET until = greatest(dispatch_seenmark.until, excluded.until)
"""


def look(*, view: str, until: datetime, by: User, now: datetime) -> None:
    """Note that `by` has looked at a view as it was at `until`; a mark never goes back.

    Raises FilterError for a view that is none of hers.
    """
    is_filter = VIEW.fullmatch(view) and usable_by(by).filter(pk=int(view[1:])).exists()
    if view not in TILES and not is_filter:
        raise FilterError("view", _("没有这个视图。"))
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [by.pk, view, min(until, now)])


def unseen_for(
    user: User, *, query: Mapping[str, str], saved: list[SavedFilter], now: datetime
) -> dict[str, int]:
    """How many cases entered their state in each view since it was looked at, at most 100 each."""
    marks = dict(SeenMark.objects.filter(user=user).values_list("view", "until"))
    views = {tile: {**counted_by({"district": query.get("district", "")}), "tile": tile}
             for tile in TILES}  # fmt: skip
    views |= {f"f{one.pk}": parsed(one.query) for one in saved}
    return {
        view: _count(user, address, marks.get(view, now - LONGEST_AGO), now)
        for view, address in views.items()
    }


def _count(user: User, address: Mapping[str, str], since: datetime, now: datetime) -> int:
    try:
        filters = filters_from(address, user, now)
    except FilterError:
        return 0
    after = max(since, now - LONGEST_AGO)
    cases = filtered(Case.objects.visible_to(user), replace(filters, state_after=after))
    return cases.order_by()[:MOST_COUNTED].count()
