"""What has not been looked at yet, by view: kept on the server, the same in every tab and device.

A case counts by the time it entered its state, not by its creation: an old case that comes back to
somebody is new to her. A view is a tile by its name (with `@` and the district for who
looks at one district at a time), or a saved filter as `f` and its id.
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
SAVED: Final = re.compile(r"f[1-9][0-9]{0,17}")
TILE: Final = re.compile(rf"({'|'.join(TILES)})(@[0-9]{{6}})?")
_LOOK = """
INSERT INTO dispatch_seenmark (user_id, view, until) VALUES (%s, %s, %s)
ON CONFLICT (user_id, view) DO UPDATE
SET until = greatest(dispatch_seenmark.until, excluded.until)
"""


def look(*, view: str, until: datetime, by: User, now: datetime) -> None:
    """Note that `by` has looked at a view as it was at `until`; a mark never goes back.

    Raises FilterError for a view that is none of hers.
    """
    is_saved = SAVED.fullmatch(view) and usable_by(by).filter(pk=int(view[1:])).exists()
    if not TILE.fullmatch(view) and not is_saved:
        raise FilterError("view", _("没有这个视图。"))
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [by.pk, view, max(min(until, now), now - LONGEST_AGO)])


def unseen_for(
    user: User, *, query: Mapping[str, str], saved: list[SavedFilter], now: datetime
) -> dict[str, int]:
    """How many cases entered their state in each view since it was looked at, at most 100 each.

    A tile counts within the page's other filters, as its large number does; a saved filter is one
    of its own. A narrowed page leaves the marks alone: what it does not show was not looked at.
    """
    marks = dict(SeenMark.objects.filter(user=user).values_list("view", "until"))
    district = filters_from({"district": query.get("district", "")}, user, now).district
    counts = {}
    for tile in TILES:
        since = marks.get(view_of(tile, district), now - LONGEST_AGO)
        counts[tile] = _count(user, {**counted_by(query), "tile": tile}, since, now)
    for one in saved:
        since = marks.get(f"f{one.pk}", now - LONGEST_AGO)
        counts[f"f{one.pk}"] = _count(user, parsed(one.query), since, now)
    return counts


def view_of(tile: str, district: str) -> str:
    """The name of a tile's view; who looks at one district at a time has one for each."""
    return f"{tile}@{district}" if district else tile


def _count(user: User, address: Mapping[str, str], since: datetime, now: datetime) -> int:
    try:
        filters = filters_from(address, user, now)
    except FilterError:
        return 0
    after = max(since, now - LONGEST_AGO)
    cases = filtered(Case.objects.visible_to(user), replace(filters, state_after=after))
    return cases.order_by()[:MOST_COUNTED].count()
