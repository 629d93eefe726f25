"""Why a unit leads, in words: from the codes that the log keeps (dispatch.assignment.Why)."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Unit
from dispatch import catalogue
from gis.models import Area


def words_of(codes: Mapping[str, Any], units: Mapping[int, str], areas: Mapping[str, str]) -> str:
    """The reason in the reader's language; the names of units and areas are given.

    Codes without words (older cases) give an empty text.
    """
    rule = codes.get("rule", "")
    parts = [_rule(rule, codes)]
    if rule in {"LIST", "FALLBACK"}:
        parts += _key(codes, areas)
    if codes.get("pool"):
        parts.append(
            _("同级 %(n)s 个单位，在办最少（%(open)s 件）")
            % {"n": len(codes["pool"]), "open": codes.get("open_cases", 0)}
        )
    if away := codes.get("away"):
        parts.append(_("%(unit)s 停派，由代办单位承办") % {"unit": units.get(away, away)})
    if copied := codes.get("copied_to"):
        parts.append(_("同时送 %(unit)s") % {"unit": units.get(copied, copied)})
    return " · ".join(part for part in parts if part)


def _rule(rule: str, codes: Mapping[str, Any]) -> str:
    values = {"list": codes.get("list", ""), "item": codes.get("item", "")}
    texts = {
        "LIST": _("依据 权责清单 v%(list)s 第 %(item)s 项"),
        "FALLBACK": _("权责清单无对应项，依据 v%(list)s 第 %(item)s 项兜底"),
        "PRECEDENT": _("依据先例 %(item)s"),
        "RULING": _("依据裁定 %(item)s"),
        "RETURNED": _("退单获准，退单单位提出的承办单位"),
        "REOPENED": _("重新打开，仍由原单位承办"),
        "CHOSEN": _("派遣员选定"),
    }
    if rule == "CHOSEN" and codes.get("territorial"):
        return _("派遣员选定，属地兜底")
    return texts[rule] % values if rule in texts else ""


def _key(codes: Mapping[str, Any], areas: Mapping[str, str]) -> list[str]:
    book = catalogue.current()
    category = book.categories.get(codes.get("category", ""))
    condition = book.conditions.get(codes.get("condition", ""))
    area = codes.get("area", "")
    return [
        str(category.name) if category else "",
        condition.name if condition else "",
        areas.get(area, area),
        hours_words(codes.get("hours", "")),
    ]


def hours_words(hours: str) -> str:
    """The word for the hours of an item; none for an item that always holds."""
    return {"WORKING": _("工作时间"), "OFF_HOURS": _("非工作时间")}.get(hours, "")


def names_for(every: Collection[Mapping[str, Any]]) -> tuple[dict[int, str], dict[str, str]]:
    """The names of the units and areas that some codes speak of; two queries at most."""
    units = {codes[key] for codes in every for key in ("away", "copied_to") if codes.get(key)}
    areas = {codes["area"] for codes in every if codes.get("area")}
    named = dict(Unit.objects.filter(pk__in=units).values_list("pk", "name")) if units else {}
    current = Area.objects.current().filter(code__in=areas)
    return named, dict(current.values_list("code", "name")) if areas else {}


def words_for(codes: Mapping[str, Any]) -> str:
    """The reason of one assignment in words."""
    return words_of(codes, *names_for([codes]))
