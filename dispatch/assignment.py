"""Which unit leads? From the duty list (权责清单), with the reasons (pure; domain.md 2.4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duty:
    """One item of the duty list: category (or its prefix) x area prefix -> unit."""

    item_no: str
    category: str
    area_code: str
    unit_id: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A unit and why: the item of the duty list that names it."""

    unit_id: int
    item_no: str
    why: str


def lead_unit(duties: Sequence[Duty], *, categories: Sequence[str], area: str) -> Suggestion | None:
    """The unit that the most specific item names: nearest category first, then longest area.

    `categories` runs from the leaf to the root of the catalogue; `area` is the deepest area code.
    """
    best: tuple[int, int, Duty] | None = None
    for duty in duties:
        if duty.category not in categories or not area.startswith(duty.area_code):
            continue
        rank = (-categories.index(duty.category), len(duty.area_code))
        if best is None or rank > best[:2]:
            best = (*rank, duty)
    if best is None:
        return None
    duty = best[2]
    return Suggestion(
        duty.unit_id, duty.item_no, f"{duty.item_no}: {duty.category} @ {duty.area_code}"
    )
