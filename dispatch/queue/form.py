"""The form of filters: what may be chosen, and what is chosen now, as chips with a way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Unit, User
from dispatch import catalogue
from dispatch.lifecycle import State
from dispatch.models import Priority
from dispatch.queries import QueueFilters, home_district
from dispatch.queue.filters import DUE, link
from ui.templatetags.ui import STATES

RELATION_WORDS: Final[dict[str, Promise]] = {
    "mine": gettext_lazy("我的"),
    "supporting": gettext_lazy("协办"),
    "returned": gettext_lazy("退回给我"),
    "supervised": gettext_lazy("督办件"),
}
NOT_IN_THE_FORM: Final = ("tile", "line", "district", "street", "rel", "sort")
DUE_WORDS: Final[Mapping[str, Any]] = DUE


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that may be chosen."""

    value: str
    label: object
    is_on: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One chosen filter, and the address without it."""

    label: object
    href: str


def form_context(user: User, filters: QueueFilters, query: Mapping[str, str]) -> dict[str, Any]:
    """The choices of the form: states, kinds of case, priorities, units, dates, relations."""
    district = filters.district or home_district(user)
    units = Unit.objects.filter(area_code__startswith=district).order_by("code")
    tops = [c for c in catalogue.current().categories.values() if c.parent is None]
    return {
        "states": [
            Option(state.value, STATES[state.value], state.value in filters.state)
            for state in State
        ],
        "categories": [Option(c.code, c.name, c.code == filters.category) for c in tops],
        "priorities": [
            Option(str(value), label, value in filters.priority)
            for value, label in Priority.choices
        ],
        "units": [
            Option(code, name, code == filters.unit)
            for code, name in units.values_list("code", "name")
        ],
        "dues": [Option(key, word, key == query.get("due")) for key, word in DUE_WORDS.items()],
        "relation_links": [
            (word, link(query, rel="" if key in filters.relation else key), key in filters.relation)
            for key, word in RELATION_WORDS.items()
        ],
        "kept_fields": [(name, query[name]) for name in NOT_IN_THE_FORM if query.get(name)],
        "asked": query,
    }


def chips_of(filters: QueueFilters, query: Mapping[str, str]) -> list[Chip]:
    """What the list is narrowed to beyond tile, line and place, each with a way out."""
    chips = []
    if filters.state and query.get("state"):
        words = "、".join(
            str(STATES[state]) for state in query["state"].split(",") if state in STATES
        )
        chips.append(Chip(words, link(query, state="")))
    if filters.category:
        known = catalogue.current().categories.get(filters.category)
        chips.append(Chip(known.name if known else filters.category, link(query, category="")))
    if filters.priority:
        words = "、".join(str(Priority(p).label) for p in filters.priority if p in Priority.values)
        chips.append(Chip(words, link(query, priority="")))
    if filters.unit:
        name = Unit.objects.filter(code=filters.unit).values_list("name", flat=True).first()
        chips.append(Chip(name or filters.unit, link(query, unit="")))
    if query.get("due"):
        chips.append(Chip(DUE_WORDS[query["due"]], link(query, due="")))
    if filters.q:
        chips.append(Chip(_("“%s”") % filters.q, link(query, q="")))
    return chips
