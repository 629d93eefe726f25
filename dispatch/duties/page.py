"""What the page of the duty lists shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Unit, User
from dispatch import catalogue
from dispatch.actions.duties import duty_lists
from dispatch.actions.duties.duty_lists import DRY_RUN_IS_FRESH_FOR, EDITORS
from dispatch.duties import presenting, replaying, rosters
from dispatch.duties.items import fingerprint, rows_of
from dispatch.duties.presenting import Names
from dispatch.models import DutyList, DutyReplay
from dispatch.models.duties import HoursChoice, ListState
from gis.models import Area, Level

ITEMS_PER_PAGE = 60
TABS = ("items", "changes", "replay")
DAYS = (7, 30, 90, 180)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for; whatever it does not say is left open."""

    number: int | None
    tab: str
    q: str
    area: str
    category: str
    page: int

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """Read from the address; a number that is none is as good as absent."""
        tab = query.get("tab", "")
        return cls(
            number=_number(query.get("v", "")),
            tab=tab if tab in TABS else "items",
            q=query.get("q", "").strip()[:40],
            area=query.get("area", "")[:15],
            category=query.get("category", "")[:12],
            page=_number(query.get("page", "")) or 1,
        )

    def address(self, **changes: Any) -> str:
        """The address of the page with these changes."""
        values = {"v": self.number, "tab": self.tab, "q": self.q, "area": self.area,
                  "category": self.category, **changes}  # fmt: skip
        return "?" + urlencode({name: value for name, value in values.items() if value})


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None  # noqa: PLR2004


def context(asked: Asked, user: User, *, now: datetime) -> dict[str, Any]:
    """The whole page; raises DutyList.DoesNotExist for a number that no list has."""
    today = timezone.localdate(now)
    chosen = _chosen(asked, today)
    found: dict[str, Any] = {
        "page_name": "duties",
        "now": now,
        "asked": asked,
        "versions": presenting.versions(today),
        "tabs": _tabs(asked, chosen),
    }
    if chosen is None:
        return found
    is_draft = chosen.state == ListState.DRAFT
    shown = {"items": _items, "changes": _changes, "replay": _replay}[asked.tab]
    return {
        **found,
        "chosen": chosen,
        "is_draft": is_draft,
        "standing": next(v for v in found["versions"] if v["number"] == chosen.number),
        "may_edit": is_draft and bool(user.scope().roles & EDITORS),
        "may_publish": is_draft and duty_lists.may_publish(user),
        "may_withdraw": duty_lists.may_withdraw(chosen, by=user, now=now),
        "may_discard": is_draft and (duty_lists.may_publish(user) or chosen.created_by == user),
        **shown(asked, chosen, user, now),
    }


def _chosen(asked: Asked, today: Any) -> DutyList | None:
    lists = DutyList.objects.select_related("based_on", "created_by", "published_by")
    if asked.number is not None:
        return lists.get(number=asked.number)
    draft = lists.filter(state=ListState.DRAFT).order_by("-number").first()
    return draft or rosters.list_in_force(today) or lists.order_by("-number").first()


def _tabs(asked: Asked, chosen: DutyList | None) -> list[dict[str, Any]]:
    number = chosen.number if chosen else None
    labels = {"items": _("条目"), "changes": _("改动"), "replay": _("试运行")}
    return [
        {"name": tab, "label": labels[tab], "here": tab == asked.tab, "href": _tab(number, tab)}
        for tab in TABS
    ]


def _tab(number: int | None, tab: str) -> str:
    return "?" + urlencode({"v": number or "", "tab": tab})


def _items(asked: Asked, chosen: DutyList, _user: User, _now: datetime) -> dict[str, Any]:
    rows = rows_of(chosen)
    matching = presenting.search(
        rows, Names(rows), q=asked.q, area=asked.area, category=asked.category
    )
    first = (asked.page - 1) * ITEMS_PER_PAGE
    more = first + ITEMS_PER_PAGE < len(matching)
    book = catalogue.current()
    return {
        "items": matching[first : first + ITEMS_PER_PAGE],
        "matching": len(matching),
        "items_in_all": len(rows),
        "previous": asked.address(v=chosen.number, page=asked.page - 1) if first else "",
        "following": asked.address(v=chosen.number, page=asked.page + 1) if more else "",
        "areas": _districts(),
        "classes": [c for c in book.categories.values() if c.parent_id is None],
        "conditions": sorted(book.conditions),
        "hours": HoursChoice.choices,
        "every_category": sorted(book.categories),
        "units": Unit.objects.order_by("code").values("code", "name"),
    }


def _districts() -> list[dict[str, str]]:
    current = Area.objects.current().filter(level=Level.DISTRICT)
    rows = current.order_by("code").values_list("code", "name")
    return [{"code": code, "name": name} for code, name in rows]


def _changes(_asked: Asked, chosen: DutyList, _user: User, _now: datetime) -> dict[str, Any]:
    return {"changes": presenting.changes(chosen)}


def _replay(_asked: Asked, chosen: DutyList, user: User, now: datetime) -> dict[str, Any]:
    run = replaying.latest(chosen)
    newest = rosters.newest_published()
    rows = rows_of(chosen)
    is_fresh = run is not None and (
        run.fingerprint == fingerprint(rows)
        and run.compared_with == newest
        and run.at > now - DRY_RUN_IS_FRESH_FOR
    )
    return {
        "run": presenting.findings(run, user),
        "run_at": run.at if run else None,
        "is_fresh": is_fresh,
        "is_outdated": chosen.based_on != newest,
        "newest": newest,
        "drawing": presenting.drawing(run) if run else None,
        "units_changed": presenting.won_and_lost(run) if run else [],
        "shares": _shares(run) if run else [],
        "days": DAYS,
        "today": timezone.localdate(now).isoformat(),
        "tomorrow": (timezone.localdate(now) + timedelta(days=1)).isoformat(),
    }


def _shares(run: DutyReplay) -> list[dict[str, Any]]:
    """The honest counts as parts of one bar, in percent of all cases asked."""
    found = run.findings
    total = found["total"] or 1
    moved = found["changed"] - found["ownerless"] - found["adopted"]
    parts = (
        ("same", _("不变"), found["unchanged"]),
        ("moved", _("换承办单位"), moved),
        ("adopted", _("由无主变为有主"), found["adopted"]),
        ("lost", _("变为无主"), found["ownerless"]),
        ("unknown", _("分类已不在目录"), found["unknown"]),
    )
    shown: list[dict[str, Any]] = []
    x = 0.0
    for tone, label, count in parts:
        width = 100 * count / total
        if count or tone in {"same", "moved", "lost"}:
            place = {"x": f"{x:.2f}", "width": f"{width:.2f}"}
            shown.append({"tone": tone, "label": label, "count": count, **place})
        x += width
    return shown
