"""The facts of alarms for people: ids and codes by their names, spans and moments by their kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import Unit, User
from dispatch import catalogue

ORDER: Final = tuple(
    "stage due_at left_s voices unanswered released closed_at closed_by cases since unit times "
    "asked_at took_s from_category to_category longer_s".split()
)
"""How people read them, whatever order the database keeps them in."""
SPANS: Final = frozenset({"took_s", "longer_s"})
MINUTE: Final = 60
CATEGORIES: Final = frozenset({"from_category", "to_category"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its name, what kind of value it holds, the value.

    Kinds: "left", "span" and "seconds" (seconds each), "moment" (ISO text), "stage" (a code),
    "text".
    """

    name: str
    kind: str
    value: Any


def worded(facts: Iterable[Mapping[str, Any]]) -> list[list[Fact]]:
    """The facts of each alarm in its order; at most two queries."""
    listed = list(facts)
    people = User.objects.in_bulk({one["closed_by"] for one in listed if one.get("closed_by")})
    units = Unit.objects.in_bulk({one["unit"] for one in listed if one.get("unit")})
    names: dict[str, Mapping[int, Any]] = {"closed_by": people, "unit": units}
    return [[_fact(name, one[name], names) for name in sorted(one, key=_place)] for one in listed]


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _fact(name: str, value: Any, names: Mapping[str, Mapping[int, Any]]) -> Fact:
    if name in names:
        return Fact(name, "text", str(names[name].get(value, value or "—")))
    if name in CATEGORIES:
        category = catalogue.current().categories.get(value or "")
        return Fact(name, "text", category.name if category else value)
    return Fact(name, _kind(name, value), value)


def _kind(name: str, value: Any) -> str:
    if name == "left_s":
        return "left"
    if name in SPANS:
        return "seconds" if value < MINUTE else "span"
    if name.endswith("_at") or name == "since":
        return "moment"
    return "stage" if name == "stage" else "text"
