"""Does a voice join a case by itself? Only by a rule that says so, and never off the list."""

from collections.abc import Sequence
from typing import Any

from dispatch import catalogue, matching
from dispatch.actions.registering import Prepared
from dispatch.duplicates.never_merge import Side, blocked, people_of
from dispatch.duplicates.radar import Hit
from dispatch.voices import NewIntake

MATTERS = frozenset({"HELP", "COMPLAINT", "FINDING", "EVENT", "OTHER"})
"""Kinds of a voice that a rule may join; praise, questions and reports stay by themselves."""


def side_of(prepared: Prepared, new: NewIntake) -> Side:
    """A new voice as the never-merge list sees it."""
    keys = prepared.probe.keys if prepared.probe else frozenset()
    return Side(
        prepared.case["category_code"],
        prepared.case["sensitive"],
        prepared.intake["confidential"],
        people_of(prepared.intake["phone_index"], keys),
    )


def joining(hits: Sequence[Hit], prepared: Prepared, new: NewIntake) -> tuple[str, dict[str, Any]]:
    """The case that the voice joins by itself and why, as codes; ("", {}) where none.

    The same component or device always; an incident whose leader said so; a likeness from
    SUGGEST_STRONGLY up where the city switched the rule of the category on.
    """
    voice = side_of(prepared, new)
    for hit in hits:
        if not hit.takes_voices or not _same_district(hit, prepared):
            continue
        if blocked(voice, Side(hit.category, hit.sensitive, confidential=False)):
            continue
        if because := _rule(hit, prepared, new):
            return hit.case_no, because
    return "", {}


def _same_district(hit: Hit, prepared: Prepared) -> bool:
    """Rule 8 of domain.md 4.3; a voice without a place has no district of its own."""
    return prepared.case["location"] is None or hit.district == prepared.case["district_code"]


def _rule(hit: Hit, prepared: Prepared, new: NewIntake) -> dict[str, Any]:
    if hit.same_component:
        by = set(hit.likeness.reasons) & {"SAME_COMPONENT", "SAME_DEVICE"}
        return {"rule": min(by)}
    if new.kind not in MATTERS:
        return {}
    if hit.incident and hit.incident_joins:
        return {"rule": "AREA_INCIDENT", "incident": hit.incident}
    rule = catalogue.current().duplicate_rule(
        prepared.case["category_code"], prepared.case["family"]
    )
    if rule.auto_merge and hit.likeness.score >= matching.SUGGEST_STRONGLY:
        score, reasons = hit.likeness.score, list(hit.likeness.reasons)
        return {"rule": f"AUTO:{rule.name}", "score": score, "reasons": reasons}
    return {}
