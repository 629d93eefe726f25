"""The moves of a case as the drawer offers them: which first, and what their fields may hold."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from accounts.models import Unit
from dispatch import catalogue
from gis.gazetteer import initials_of

SET_BACK: Final = frozenset(
    {
        "answer_directly",
        "bounce",
        "recall",
        "report_untrue",
        "sub_return",
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
    "ask_verify",
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
    "approve_explanation",
    "answer_supervision",
    "sub_sign",
    "sub_done",
)
"""The moves that carry a case on, the likeliest first."""


ELSEWHERE: Final = frozenset({"unmerge"})
"""Moves with a place of their own in the drawer, beside what they are about."""
JOINING: Final = ("merge", "split", "link", "unlink")
"""Moves that have their buttons beside the duplicates too: the last of those that go on."""
QUICK: Final = 3
"""So many buttons stand in the foot of the drawer; the rest is under "more"."""
LONGEST_SUSPENSION_DAYS: Final = 60


def ordered_moves(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The moves as the drawer shows them: what carries the case on first, what ends it last."""
    moves = [
        {
            **move,
            "is_first": False,
            "is_ending": move["move"] in SET_BACK,
            "at_once": move["move"] == "dispatch" and bool(case.get("suggestion")),
        }
        for move in case["moves"]
        if move["move"] not in ELSEWHERE
    ]
    rank = {name: place for place, name in enumerate(USUAL)}
    rank |= dict.fromkeys(JOINING, len(rank) + 1)
    moves.sort(key=lambda move: (move["is_ending"], rank.get(move["move"], len(USUAL))))
    if moves and moves[0]["move"] in USUAL:
        moves[0]["is_first"] = True
    return moves


def moves_context(case: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The moves in their groups: in the foot, under "more", ending ones apart, blocked ones."""
    moves = ordered_moves(case)
    onward = [move for move in moves if not move["is_ending"]]
    today = timezone.localdate(now)
    return {
        "moves": moves,
        "quick_moves": onward[:QUICK],
        "more_moves": onward[QUICK:],
        "ending_moves": [move for move in moves if move["is_ending"]],
        "blocked_moves": case["blocked_moves"],
        "suggestion": case.get("suggestion"),
        "first_day": today + timedelta(days=1),
        "last_day": today + timedelta(days=LONGEST_SUSPENSION_DAYS),
        **choices_for(case),
    }


def choices_for(case: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields of the moves offer: units of the district, conditions, categories."""
    kinds = {field["kind"] for move in case["moves"] for field in move["fields"]}
    context: dict[str, Any] = {}
    if "unit" in kinds:
        units = Unit.objects.filter(area_code__startswith=case["district"])
        context["units"] = [
            {**unit, "initials": initials_of(unit["name"])}
            for unit in units.order_by("code").values("code", "name")
        ]
    if "category" in kinds:
        categories = catalogue.current().categories.values()
        context["categories"] = [category for category in categories if category.selectable]
    if "condition" in kinds:
        book = catalogue.current()
        codes = book.chains.get(case["category"]["code"], ())
        context["conditions"] = [
            condition for code in codes for condition in book.conditions_of.get(code, ())
        ]
    return context
