"""The style guide and the English words for the scripts."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET
from django.views.i18n import JavaScriptCatalog

from ui import stepper
from ui.templatetags.ui import RINGS, SPRITE

WORDS_FOR_S: Final = 3600
STATIC: Final = Path(__file__).parent / "static"
SWATCHES: Final = (
    "primary primary-tint navy ink ink-2 ink-3 page card line field hotline grid affairs "
    "ok warn warn-fill over urgent-3 urgent-4"
).split()
LINKS: Final = (
    ("live", gettext_lazy("实时连接")),
    ("connecting", gettext_lazy("正在连接")),
    ("reconnecting", gettext_lazy("重连中")),
    ("polling", gettext_lazy("轮询中")),
    ("stale", gettext_lazy("数据可能过时")),
    ("offline", gettext_lazy("已断开")),
    ("refused", gettext_lazy("连接被拒绝")),
)


@require_GET
@cache_control(max_age=WORDS_FOR_S)
def messages(request: HttpRequest, language: str) -> HttpResponseBase:
    """The words that the scripts show, in a language."""
    if not translation.check_for_language(language):
        raise Http404
    with translation.override(language):
        return JavaScriptCatalog.as_view(domain="djangojs")(request)


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in all its states, on one page."""
    now = timezone.now()
    context = {
        "now": now,
        "swatches": SWATCHES,
        "dues": _dues(now),
        "states": list(RINGS),
        "lines": ["HOTLINE", "GRID", "AFFAIRS"],
        "priorities": [0, 1, 2, 3],
        "steps": stepper.steps_of("PROCESSING"),
        "rows": _rows(now),
        "links": LINKS,
        "icons": re.findall(r'id="([a-z0-9-]+)"', (STATIC / SPRITE).read_text("utf-8")),
        "blank_title": _("没有超时工单"),
        "blank_text": _("新工单进来时会出现在列表上方。"),
        "blank_action": _("查看全部在办"),
        "page_name": "styleguide",
    }
    return render(request, "ui/styleguide.html", context)


def _dues(now: datetime) -> list[dict[str, Any] | None]:
    started = now - timedelta(hours=3)
    ends = [now + timedelta(minutes=minutes) for minutes in (1800, 60, -38)]
    running = [{"stage": "DISPOSAL", "due_at": end, "started_at": started} for end in ends]
    return [*running, {"stage": "DISPOSAL", "due_at": now, "state": "PAUSED"}, None]


def _rows(now: datetime) -> list[dict[str, Any]]:
    titles = (_("路面塌陷约两平方米"), _("工地夜间施工噪声扰民"), _("营业执照邮寄地址有误"))
    kinds = (["GRID"], ["HOTLINE", "GRID"], ["AFFAIRS"])
    states = ("PROCESSING", "PENDING_SIGN", "RETURN_REVIEW")
    return [
        {
            "case_no": f"EXAMPLE{index}",
            "title": title,
            "lines": lines,
            "state": state,
            "priority": index,
            "intakes": len(lines),
            "district_name": _("云中区"),
            "street_name": _("望江街道"),
            "community_name": _("春晓社区"),
            "lead_unit_name": _("区城市管理局"),
            "location": None,
            "due": due,
            "created_at": now - timedelta(hours=3),
            "version": 1,
        }
        for index, (title, lines, state, due) in enumerate(
            zip(titles, kinds, states, reversed(_dues(now)[:3]), strict=True)
        )
    ]
