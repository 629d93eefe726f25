"""Marks that repeat in every list: icon, seal, urgency, state ring, time left, short times."""

from datetime import datetime, timedelta
from math import floor
from typing import Any, Final

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ui import stepper, words

register = template.Library()
Moment = datetime | str | None

SPRITE: Final = "vendor/icons@3.51.0/icons.svg"
SEALS: Final = {
    "HOTLINE": (pgettext_lazy("seal", "热"), gettext_lazy("热线")),
    "GRID": (pgettext_lazy("seal", "格"), gettext_lazy("网格")),
    "AFFAIRS": (pgettext_lazy("seal", "政"), gettext_lazy("政务")),
}
URGENCY: Final = {
    0: ("▲▲▲", gettext_lazy("特急")),
    1: ("▲▲", gettext_lazy("紧急")),
    2: ("", gettext_lazy("一般")),
    3: ("", gettext_lazy("普通")),
}
RINGS: Final = {
    "REGISTERED": "",
    "VERIFYING": "",
    "PENDING_FILING": "",
    "PENDING_DISPATCH": "",
    "PENDING_SIGN": "filled-25",
    "PROCESSING": "filled-50",
    "RETURN_REVIEW": "back",
    "ARBITRATION": "back",
    "PENDING_CHECK": "filled-75",
    "CHECKING": "filled-75",
    "PENDING_CALLBACK": "filled-75",
    "SUSPENDED": "hold",
    "CLOSED": "done",
    "ARCHIVED": "done",
    "REJECTED": "off",
    "VOIDED": "off",
    "MERGED": "off",
}
STATES: Final = {
    "REGISTERED": gettext_lazy("待受理"),
    "VERIFYING": gettext_lazy("核实中"),
    "PENDING_FILING": gettext_lazy("待立案"),
    "PENDING_DISPATCH": gettext_lazy("待派遣"),
    "PENDING_SIGN": gettext_lazy("待签收"),
    "PROCESSING": gettext_lazy("处置中"),
    "RETURN_REVIEW": gettext_lazy("退单审核"),
    "ARBITRATION": gettext_lazy("争议裁定"),
    "PENDING_CHECK": gettext_lazy("待核查"),
    "CHECKING": gettext_lazy("核查中"),
    "PENDING_CALLBACK": gettext_lazy("待回访"),
    "SUSPENDED": gettext_lazy("挂账"),
    "CLOSED": gettext_lazy("已结案"),
    "ARCHIVED": gettext_lazy("已归档"),
    "REJECTED": gettext_lazy("不予受理"),
    "VOIDED": gettext_lazy("作废"),
    "MERGED": gettext_lazy("已并案"),
}
NEVER_YEAR: Final = 9999
MINUTE: Final = 60
NEAR_SECONDS: Final = 2 * 3600
"""Less than two hours left is shown as near (the tile 「2 小时内到期」)."""


def moment(value: Moment) -> datetime | None:
    """The time itself, from a datetime or an ISO text; None for the far-off "no deadline"."""
    found = parse_datetime(value) if isinstance(value, str) else value
    return None if found is None or found.year >= NEVER_YEAR else found


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """One icon of the sprite, silent to screen readers. Sizes: s, l."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        size,
        static(SPRITE),
        name,
    )


@register.simple_tag
def seal(line: str, size: str = "") -> SafeString:
    """The seal of a line of origin; its shape repeats what its character says."""
    character, name = SEALS.get(line) or (line[:1], line)
    return format_html(
        '<span class="seal {} {}" role="img" aria-label="{}">{}</span>', line, size, name, character
    )


@register.simple_tag
def seals(lines: list[str], size: str = "") -> SafeString:
    """The seals of all lines that spoke of one case; smaller where there are several."""
    size = size or ("xs" if len(lines) > 1 else "")
    marks = format_html_join("", "{}", ((seal(line, size),) for line in lines))
    return format_html('<span class="seals">{}</span>', marks)


@register.simple_tag
def urgency(priority: int | str) -> SafeString:
    """The urgency: chevrons are counted, so it reads without colour."""
    level = int(str(priority).removeprefix("P"))
    chevrons, name = URGENCY[level]
    mark = format_html('<i aria-hidden="true">{}</i>', chevrons) if chevrons else ""
    return format_html('<span class="urgency P{}">{}{}</span>', level, mark, name)


@register.simple_tag
def state_ring(state: str) -> SafeString:
    """A ring that fills as the case moves on, and the word."""
    return format_html(
        '<span class="state {}">{}</span>', RINGS.get(state, ""), STATES.get(state) or state
    )


def duration(seconds: float) -> str:
    """A length of time in two words at most: 3 小时 12 分, 2 天 4 小时, 38 分."""
    minutes = floor(abs(seconds) / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return (_("%(d)s 天 %(h)s 小时") if hours else _("%(d)s 天")) % {"d": days, "h": hours}
    if hours:
        return (_("%(h)s 小时 %(m)s 分") if rest else _("%(h)s 小时")) % {"h": hours, "m": rest}
    if rest or not seconds:
        return _("%(m)s 分") % {"m": rest}
    return _("不到 1 分")


def time_left(due: datetime, now: datetime) -> tuple[str, str]:
    """The kind (ok, warn, over) and the words for the time that is left."""
    seconds = (due - now).total_seconds()
    if abs(seconds) < MINUTE:
        return ("over", _("刚超时")) if seconds < 0 else ("warn", _("剩不到 1 分"))
    if seconds < 0:
        return "over", _("超 %(time)s") % {"time": duration(seconds)}
    words = _("剩 %(time)s") % {"time": duration(seconds)}
    return ("warn" if seconds < NEAR_SECONDS else "ok"), words


@register.simple_tag
def heads(*names: str, acts: bool = False) -> SafeString:
    """The head of a table, a column for each name; `acts` adds one for buttons, heard only."""
    columns = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in names))
    more = format_html('<th scope="col"><span class="sr-only">{}</span></th>', _("操作"))
    return format_html("<thead><tr>{}{}</tr></thead>", columns, more if acts else "")


@register.simple_tag
def sla(due: dict[str, Moment] | None, start: Moment, now: datetime, size: str = "") -> SafeString:
    """The time left as words and a bar; sla.js moves it on by the server's clock."""
    end = moment(due["due_at"]) if due else None
    if due is None or end is None:
        return format_html('<span class="sla none {}"><b>{}</b></span>', size, _("无时限"))
    if due.get("state") == "PAUSED":
        return format_html(
            '<span class="sla paused {}"><b>{}</b>'
            '<span class="bar"><i style="--used:100%"></i></span></span>',
            size,
            _("计时暂停"),
        )
    begin = moment(due.get("started_at")) or moment(start) or end - timedelta(hours=1)
    kind, words = time_left(end, now)
    span = max((end - begin).total_seconds(), 1)
    used = min(100, max(0, round((now - begin).total_seconds() / span * 100)))
    return format_html(
        '<span class="sla {} {}" data-due="{}" data-start="{}"><b>{}</b>'
        '<span class="bar"><i style="--used:{}%"></i></span></span>',
        kind,
        size,
        int(end.timestamp()),
        int(begin.timestamp()),
        words,
        used,
    )


@register.filter
def short_time(value: Moment, now: datetime) -> str:
    """今 09:20, 昨 22:41, else 11-20 22:41 (and the year where it is another)."""
    found = moment(value)
    if found is None:
        return "-"
    local, today = timezone.localtime(found), timezone.localtime(now).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return _("今 %(clock)s") % {"clock": clock}
    if local.date() == today - timedelta(days=1):
        return _("昨 %(clock)s") % {"clock": clock}
    return f"{local:%m-%d} {clock}" if local.year == today.year else f"{local:%Y-%m-%d} {clock}"


@register.filter
def epoch(value: Moment) -> int | str:
    """Seconds since 1970, for the scripts; empty for no time."""
    found = moment(value)
    return int(found.timestamp()) if found else ""


@register.filter
def at(value: Moment) -> datetime | None:
    """A datetime from an ISO text, so that `date:` can format it."""
    return moment(value)


@register.filter
def word(code: str, book: str) -> str:
    """The word for a code: {{ move.name|word:"move" }}."""
    return words.word(code, book)


@register.filter
def steps(state: str) -> list[tuple[str, str]]:
    """The stepper of a state, for ui/components/steps.html."""
    return stepper.steps_of(state)


@register.simple_tag
def unseen(view: str, count: int) -> SafeString:
    """How many of a view have not been looked at; hidden while there are none."""
    return format_html(
        '<span class="unseen" data-unseen="{}"{}><b class="num">{}</b>'
        '<span class="sr-only">{}</span></span>',
        view,
        "" if count else SafeString(" hidden"),
        "99+" if count > 99 else count,  # noqa: PLR2004
        _("件未看"),
    )


@register.filter
def why_word(codes: dict[str, Any]) -> str:
    """Why a unit has a case: the rule, and the item of the list that names it."""
    rule = words.word(str(codes["rule"]), "why") if "rule" in codes else ""
    return " ".join(part for part in (rule, str(codes.get("item", ""))) if part)


@register.filter
def choice_word(code: str, field: str) -> str:
    """The word for a choice of a field: yes and no mean another thing in each."""
    return words.word(f"{field}.{code}" if f"{field}.{code}" in words.CHOICES else code, "choice")


@register.filter
def state_word(state: str) -> object:
    """The word for a state, without its ring."""
    return STATES.get(state) or state


@register.filter
def thousands(count: int) -> str:
    """A number with a comma every three digits, as text.js writes it."""
    return f"{count:,}"


@register.filter
def long(seconds: float | None) -> str:
    """A length of time in words: {{ apart_s|long }}."""
    return duration(seconds or 0)


@register.simple_tag
def shares(**percent: object) -> SafeString:
    """Places inside a bar as custom properties, the one kind of style that pages may set."""
    rules = format_html_join(";", "--{}:{}%", sorted(percent.items()))
    return format_html('style="{}"', rules)
