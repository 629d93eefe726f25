"""Shapes what the queue page shows: filters from its address, tiles, lines, places, points."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.gis.db.models import Extent
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from dispatch.counters import counters_for
from dispatch.lifecycle import State
from dispatch.queries import NEAR, QueueFilters, QueuePage, home_district
from gis.models import Area, Level

TILES: Final[dict[str, tuple[Promise, str]]] = {
    "all": (gettext_lazy("全部在办"), ""),
    "overdue": (gettext_lazy("已超时"), "over-ink"),
    "due_soon": (gettext_lazy("2 小时内到期"), "warn-ink"),
    "unsigned": (gettext_lazy("待签收"), ""),
    "today": (gettext_lazy("今日新增"), ""),
}
LINES: Final = ("HOTLINE", "GRID", "AFFAIRS")
DISTRICT_DIGITS: Final = 6
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


def filters_from(query: Mapping[str, str], user: User, now: datetime) -> QueueFilters:
    """The filters that a page's address names."""
    filters = QueueFilters(
        district=query.get("district", "") or _district_of(user),
        street=query.get("street", ""),
        line=[line for line in [query.get("line", "")] if line],
        q=query.get("q", ""),
        cursor=query.get("cursor", ""),
    )
    return replace(filters, **_tile_filters(query.get("tile", "all"), now))


def _district_of(user: User) -> str:
    """A city-wide post looks at one district at a time, the one its live feed follows."""
    is_wide = any(len(area) < DISTRICT_DIGITS for area in user.scope().areas)
    return home_district(user) if is_wide else ""


def _tile_filters(tile: str, now: datetime) -> dict[str, Any]:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    by_tile: dict[str, dict[str, Any]] = {
        "overdue": {"due_before": now},
        "due_soon": {"due_after": now, "due_before": now + NEAR},
        "unsigned": {"state": [State.PENDING_SIGN.value]},
        "today": {"created_from": midnight},
    }
    return by_tile.get(tile, {})


def without_tile(filters: QueueFilters) -> QueueFilters:
    """The same filters for counting: all tiles are counted, whichever one is chosen."""
    return replace(filters, state=(), due_before=None, due_after=None, created_from=None, cursor="")


def _link(query: Mapping[str, str], **changes: str) -> str:
    kept = {k: v for k, v in query.items() if k in {"tile", "line", "district", "street", "q"}}
    changed = {k: v for k, v in {**kept, **changes}.items() if v}
    return "/queue/" + (f"?{urlencode(changed)}" if changed else "")


def list_context(
    user: User, filters: QueueFilters, page: QueuePage, query: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Everything that dispatch/_list.html shows."""
    base = without_tile(filters)
    counts = counters_for(user, filters=base, now=now)
    every_line = (
        counters_for(user, filters=replace(base, line=()), now=now) if base.line else counts
    )
    tile, line = query.get("tile", "all"), query.get("line", "")
    place_query = _link(query).removeprefix("/queue/").removeprefix("?")
    return {
        "page": page,
        "now": now,
        "tiles": [
            Choice(key, label, _link(query, tile="" if key == "all" else key), key == tile,
                   counts[key], tone)
            for key, (label, tone) in TILES.items()
        ],
        "lines": [
            Choice("", "", _link(query, line=""), line == ""),
            *(
                Choice(code, "", _link(query, line=code), code == line, every_line[code.lower()])
                for code in LINES
            ),
        ],
        **_places(user, filters, query),
        **_blank(tile, query),
        "rows_query": place_query,
        "counters_url": f"/queue/counters?{place_query}",
        "total_key": tile if tile in TILES else "all",
        "total": counts.get(tile, counts["all"]),
    }  # fmt: skip


def _places(user: User, filters: QueueFilters, query: Mapping[str, str]) -> dict[str, Any]:
    """Districts for a city-wide post, else the streets of its district."""
    wide = [area for area in user.scope().areas if len(area) < DISTRICT_DIGITS]
    level, parent = (Level.DISTRICT, wide[0]) if wide else (Level.STREET, home_district(user))
    areas = Area.objects.current().filter(level=level, code__startswith=parent)
    name = "district" if wide else "street"
    chosen = filters.district if wide else filters.street
    places = [
        Choice(code, label, _link(query, **{name: code}), code == chosen)
        for code, label in areas.order_by("code").values_list("code", "name")
    ]
    return {"places": places, "place_all": "" if wide else _link(query, street="")}


def _blank(tile: str, query: Mapping[str, str]) -> dict[str, Any]:
    """What an empty list says: one line and the next action."""
    titles = {
        "overdue": _("没有超时工单"),
        "due_soon": _("2 小时内没有到期的工单"),
        "unsigned": _("没有待签收的工单"),
        "today": _("今天还没有新工单"),
    }
    is_narrowed = bool(set(query) & {"tile", "line", "street", "q"})
    return {
        "blank_title": titles.get(tile, _("现在没有在办工单")),
        "blank_text": _("新工单进来时会出现在列表上方。"),
        "blank_href": "/queue/" if is_narrowed else "",
        "blank_action": _("查看全部在办"),
    }


def frame_context(user: User, filters: QueueFilters, page: QueuePage) -> dict[str, Any]:
    """What stands round the list: live district, where the map opens, the office's name."""
    district = filters.district or home_district(user)
    return {
        **_frame(district),
        "live_after": page.as_of.get(district, 0),
        "page_name": "queue",
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


def points_of(page: QueuePage) -> list[tuple[str, str, float, float, int | None]]:
    """The map's points of a page; a case without a place is left out."""
    return [
        (item["case_no"], item["line"], item["location"]["lon"], item["location"]["lat"],
         _epoch(item["due"]["due_at"]))
        for item in page.items
        if item["location"]
    ]  # fmt: skip


def _epoch(text: str | None) -> int | None:
    found = parse_datetime(text) if text else None
    return int(found.timestamp()) if found else None
