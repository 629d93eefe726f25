"""Why a field of a request cannot be read, for people: the words for what the schema found."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

WHY: Final = {
    "missing": _("必填。"),
    "string_type": _("应为文字。"),
    "int_type": _("应为整数。"),
    "int_parsing": _("应为整数。"),
    "int_from_float": _("应为整数。"),
    "float_type": _("应为数字。"),
    "float_parsing": _("应为数字。"),
    "bool_type": _("应为 true 或 false。"),
    "bool_parsing": _("应为 true 或 false。"),
    "list_type": _("应为列表。"),
    "dict_type": _("应为 JSON 对象。"),
    "model_type": _("应为 JSON 对象。"),
    "model_attributes_type": _("应为 JSON 对象。"),
    "uuid_type": _("应为 UUID。"),
    "uuid_parsing": _("应为 UUID。"),
    "datetime_type": _("应为 ISO 8601 时间。"),
    "datetime_parsing": _("应为 ISO 8601 时间。"),
    "datetime_from_date_parsing": _("应为 ISO 8601 时间。"),
    "date_type": _("应为日期，如 2026-12-01。"),
    "date_parsing": _("应为日期，如 2026-12-01。"),
    "date_from_datetime_parsing": _("应为日期，如 2026-12-01。"),
}
"""By the type of the schema's finding."""
LIMITS: Final = {
    "string_too_long": (_("最多 %d 个字。"), "max_length"),
    "too_long": (_("最多 %d 项。"), "max_length"),
    "greater_than_equal": (_("不得小于 %d。"), "ge"),
    "less_than_equal": (_("不得大于 %d。"), "le"),
}
"""The same with the limit that was passed, and where it stands."""


def fields_of(
    problems: Iterable[Mapping[str, Any]], *, skip: frozenset[str] = frozenset()
) -> dict[str, list[str]]:
    """The findings by the path of their field, without the parts to skip; "body" for the whole."""
    fields: dict[str, list[str]] = {}
    for problem in problems:
        path = ".".join(str(part) for part in problem["loc"] if part not in skip)
        fields.setdefault(path or "body", []).append(_why(problem))
    return fields


def _why(problem: Mapping[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in LIMITS:
        words, name = LIMITS[kind]
        return str(words % context[name])
    return str(WHY.get(kind, problem["msg"]))
