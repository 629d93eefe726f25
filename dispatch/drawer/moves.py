"""The moves of a case as the drawer offers them: which first, and what their fields may hold."""

from collections.abc import Mapping
from typing import Any, Final

from accounts.models import Unit
from dispatch import catalogue

SET_BACK: Final = frozenset(
    {
        "answer_directly",
        "bounce",
        "check_fail",
        "emergency_dispatch",
        "fixed_already",
        "reject",
        "rework",
        "decide_out",
        "transfer_emergency",
        "verified_false",
        "void",
    }
)
"""Moves that end a case, send it back or skip steps: never the one that the key E makes."""
USUAL: Final = (
    "accept",
    "file",
    "dispatch",
    "sign",
    "submit_result",
    "ask_check",
    "check_pass",
    "verified_true",
    "callback_done",
    "support_done",
    "resume",
    "first_contact",
    "designate",
)
"""The moves that carry a case on, the likeliest first."""


def ordered_moves(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The moves as the drawer shows them: what carries the case on first, what ends it last."""
    moves = [{**move, "is_first": False} for move in case["moves"]]
    rank = {name: place for place, name in enumerate(USUAL)}
    moves.sort(key=lambda move: (move["move"] in SET_BACK, rank.get(move["move"], len(rank))))
    if moves and moves[0]["move"] in USUAL:
        moves[0]["is_first"] = True
    return moves


def choices_for(case: Mapping[str, Any]) -> dict[str, Any]:
    """What the drawer's forms offer: moves, units of the district, conditions of the category."""
    kinds = {field["kind"] for move in case["moves"] for field in move["fields"]}
    context: dict[str, Any] = {"moves": ordered_moves(case)}
    if "unit" in kinds:
        units = Unit.objects.filter(area_code__startswith=case["district"])
        context["units"] = units.order_by("code").values("code", "name")
    if "category" in kinds:
        categories = catalogue.current().categories.values()
        context["categories"] = [category for category in categories if category.selectable]
    if "condition" in kinds:
        chains = catalogue.current().chains
        codes = chains.get(case["category"]["code"], ())
        context["conditions"] = [
            condition
            for code in codes
            for condition in catalogue.current().conditions_of.get(code, ())
        ]
    return context
