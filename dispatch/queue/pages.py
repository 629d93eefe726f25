"""Shapes what the queue page shows: tiles, lines, places, saved filters, the form of filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.gis.db.models import Extent
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Unit, User
from dispatch.actions.joining.deciding import READERS
from dispatch.board.counters import counters_for
from dispatch.models import Assignment, Case, Event, SavedFilter
from dispatch.models.assignments import AssignmentRole
from dispatch.queries import QueueFilters, QueuePage, home_district
from dispatch.queue.filters import (
    DISTRICT_DIGITS,
    NAMES,
    canonical,
    counted_by,
    filters_from,
    link,
)
from dispatch.queue.follow_ups import follow_ups_context
from dispatch.queue.form import chips_of, form_context
from dispatch.queue.saving import SHARING_ROLE, usable_by
from dispatch.queue.seeing import unseen_for, view_of
from gis.models import Area, Level
from ui.templatetags.ui import STATES

TILES: Final[dict[str, tuple[Promise, str]]] = {
    "all": (gettext_lazy("全部在办"), ""),
    "overdue": (gettext_lazy("已超时"), "over-ink"),
    "due_soon": (gettext_lazy("2 小时内到期"), "warn-ink"),
    "unsigned": (gettext_lazy("待签收"), ""),
    "today": (gettext_lazy("今日新增"), ""),
}
LINES: Final = ("HOTLINE", "GRID", "AFFAIRS")
SORT_WORDS: Final[dict[str, Promise]] = {
    "due": gettext_lazy("按剩余时限"),
    "created": gettext_lazy("按最新"),
    "priority": gettext_lazy("按紧急程度"),
}
MOST_PINNED: Final = 8
CITY_CENTER: Final = (119.6, 29.87)
"""Where the map opens when no area is loaded: degrees, WGS84, the fictional demo city."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a filter."""

    key: str
    label: object
    href: str
    is_on: bool
    count: int = 0
    tone: str = ""
    unseen: int = 0


def list_context(
    user: User, filters: QueueFilters, page: QueuePage, query: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Everything that dispatch/_list.html shows."""
    numbers = counted(user, query, now)
    tile, line = query.get("tile", "all"), query.get("line", "")
    every_line = numbers
    if line:
        without = filters_from({**counted_by(query), "line": ""}, user, now)
        every_line = counters_for(user, filters=without, now=now)
    asked = {name: query[name] for name in NAMES if query.get(name)}
    rows_query = urlencode(asked)
    return {
        "page": with_reasons(page),
        "now": now,
        "tiles": _tiles(query, tile, numbers),
        "lines": [
            Choice("", "", link(query, line=""), line == ""),
            *(
                Choice(code, "", link(query, line=code), code == line, every_line[code.lower()])
                for code in LINES
            ),
        ],
        "saved": _saved(pinned_of(user), query, numbers["unseen"]),
        **_places(user, filters, query),
        **_blank(tile, query),
        **form_context(user, filters, query),
        "chips": chips_of(filters, query),
        "sorts": [
            Choice(key, label, link(query, sort="" if key == "due" else key), key == filters.sort)
            for key, label in SORT_WORDS.items()
        ],
        "only": query.get("only", ""),
        "only_off": link(query),
        "view": _view(tile, filters, query),
        "rows_query": rows_query,
        "counters_url": f"/queue/counters?{rows_query}",
        "total_key": tile if tile in TILES else "all",
        "total": numbers.get(tile, numbers["all"]),
        "incidents_at": _incidents_at(user, filters),
        **follow_ups_context(user, now=now),
    }  # fmt: skip


def _incidents_at(user: User, filters: QueueFilters) -> str:
    """The district whose area incidents stand above the list; empty for who is not told of any."""
    district = filters.district or home_district(user)
    return district if user.scope().may(READERS, district, None) else ""


def counted(user: User, query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The counters of tiles and lines for a query, and the unseen ones of every view."""
    base = filters_from(counted_by(query), user, now)
    unseen = unseen_for(user, query=query, saved=pinned_of(user), now=now)
    return {**counters_for(user, filters=base, now=now), "unseen": unseen}


def pinned_of(user: User) -> list[SavedFilter]:
    """The saved filters that stand on the page with a counter of what is unseen."""
    return list(usable_by(user).filter(pinned=True)[:MOST_PINNED])


def with_reasons(page: QueuePage) -> QueuePage:
    """The page with `why`, the codes of why the lead unit has each case; one query."""
    leads = Assignment.objects.filter(
        case__case_no__in=[item["case_no"] for item in page.items],
        role=AssignmentRole.LEAD,
        ended_at__isnull=True,
    ).values_list("case__case_no", "why_codes")
    reasons = dict(leads)
    items = [{**item, "why": reasons.get(item["case_no"]) or {}} for item in page.items]
    return replace(page, items=items)


def gone_of(user: User, numbers: Sequence[str], page: QueuePage) -> list[dict[str, str]]:
    """Cases that were asked for, may be seen and fit no more: what became of each, and by whom."""
    left = set(numbers) - {item["case_no"] for item in page.items}
    rows = (
        Case.objects.visible_to(user).filter(case_no__in=left).values_list("pk", "case_no", "state")
    )
    gone = {pk: {"case_no": number, "state_word": str(STATES[state]), "who": ""}
            for pk, number, state in rows}  # fmt: skip
    latest = Event.objects.filter(case_id__in=gone, actor_id__isnull=False)
    actors = dict(latest.order_by("id").values_list("case_id", "actor_id"))
    people = User.objects.in_bulk(set(actors.values()))
    for pk, actor in actors.items():
        gone[pk]["who"] = str(people[actor])
    return list(gone.values())


def _tiles(query: Mapping[str, str], tile: str, numbers: Mapping[str, Any]) -> list[Choice]:
    return [
        Choice(
            key,
            label,
            link(query, tile="" if key == "all" else key),
            key == tile,
            numbers[key],
            tone,
            numbers["unseen"].get(key, 0),
        )
        for key, (label, tone) in TILES.items()
    ]


def _saved(
    saved: list[SavedFilter], query: Mapping[str, str], unseen: Mapping[str, int]
) -> list[Choice]:
    here = canonical(query)
    return [
        Choice(
            f"f{one.pk}",
            one.name,
            f"/queue/?{one.query}&view=f{one.pk}".replace("?&", "?"),
            bool(here) and here == one.query,
            tone="shared" if one.unit_id else "",
            unseen=unseen.get(f"f{one.pk}", 0),
        )
        for one in saved
    ]


def _view(tile: str, filters: QueueFilters, query: Mapping[str, str]) -> str:
    """The view whose unseen counter this page clears; a narrowed page clears none."""
    if query.get("view"):
        return query["view"]
    if canonical({**query, "district": "", "tile": "", "sort": ""}) or query.get("only"):
        return ""
    return view_of(tile, filters.district)


def _places(user: User, filters: QueueFilters, query: Mapping[str, str]) -> dict[str, Any]:
    """Districts for a city-wide post, else the streets of its district."""
    wide = [area for area in user.scope().areas if len(area) < DISTRICT_DIGITS]
    level, parent = (Level.DISTRICT, wide[0]) if wide else (Level.STREET, home_district(user))
    areas = Area.objects.current().filter(level=level, code__startswith=parent)
    name = "district" if wide else "street"
    chosen = filters.district if wide else filters.street
    places = [
        Choice(code, label, link(query, **{name: code}), code == chosen)
        for code, label in areas.order_by("code").values_list("code", "name")
    ]
    return {"places": places, "place_all": "" if wide else link(query, street="")}


def _blank(tile: str, query: Mapping[str, str]) -> dict[str, Any]:
    """What an empty list says: one line and the next action."""
    titles = {
        "overdue": _("没有超时工单"),
        "due_soon": _("2 小时内没有到期的工单"),
        "unsigned": _("没有待签收的工单"),
        "today": _("今天还没有新工单"),
    }
    given = {name for name in NAMES if query.get(name)} - {"district", "sort"}
    is_searched = bool(given - {"tile"})
    title = _("没有符合这些条件的工单") if is_searched else titles.get(tile, _("现在没有在办工单"))
    is_narrowed = bool(given)
    return {
        "blank_title": title,
        "blank_text": _("换个说法，或去掉上面的筛选再看。")
        if is_searched
        else _("新工单进来时会出现在列表上方。"),
        "blank_href": "/queue/" if is_narrowed else "",
        "blank_action": _("查看全部在办"),
    }


def frame_context(user: User, filters: QueueFilters, page: QueuePage) -> dict[str, Any]:
    """What stands round the list: live district, where the map opens, the office's name."""
    district = filters.district or home_district(user)
    posts = user.scope().posts
    return {
        **_frame(district),
        "live_after": page.as_of.get(district, 0),
        "page_name": "queue",
        "sees_on_duty": bool(user.scope().on_duty_areas),
        "on_duty_district": filters.district,
        "has_team": bool(user.scope().unit_ids),
        "share_units": Unit.objects.filter(
            pk__in=[post.unit_id for post in posts if post.role == SHARING_ROLE and post.unit_id]
        ),
    }


def frame_for(user: User) -> dict[str, Any]:
    """The same for the pages of the lines: they listen from now on."""
    return _frame(home_district(user))


def _frame(district: str) -> dict[str, Any]:
    area = Area.objects.current().filter(code=district)
    box = area.aggregate(box=Extent("geom"))["box"]
    center = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) if box else CITY_CENTER
    return {
        "live_district": district,
        "office": area.values_list("name", flat=True).first() or "",
        "center": [f"{degrees:.5f}" for degrees in center],
    }
