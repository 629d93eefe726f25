"""The never-merge list of domain.md 4.2, all of it, in one place.

Asked by the merge, by whoever attaches a voice, by every rule that joins by itself, by area
incidents and by the list of duplicates. What a city may set differently is data:
`Category.never_merge`, `Category.sensitive`, `DuplicateRule.attach_confidential`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch import catalogue
from dispatch.matching import APPLICATION
from dispatch.models import Case, Intake
from dispatch.models.catalogue import NeverMerge

WORDS: dict[str, Promise] = {
    "CONFIDENTIAL": _("举报或保密来件不得并案。"),
    "SENSITIVE": _("敏感案件不得并案。"),
    "REVIEW": _("不同申请人的差评须逐件整改，不得并案。"),
    "STAFF": _("对工作人员的投诉须逐件办理，不得并案。"),
    "LEGAL": _("有法定文书期限的案件须逐件办理，不得并案。"),
}


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why two are never one: a stable code and a text for people."""

    code: str
    message: Promise


@dataclass(frozen=True, slots=True)
class Side:
    """A voice or a case as the list sees it. `people` are keyed hashes, never a number or name."""

    category: str
    sensitive: bool
    confidential: bool
    people: frozenset[str] = frozenset()


def blocked(a: Side, b: Side) -> Blocked | None:
    """Why two cases must not be merged, or None. Bad reviews of one applicant may be one."""
    if a.confidential or b.confidential:
        return _blocked("CONFIDENTIAL")
    if a.sensitive or b.sensitive:
        return _blocked("SENSITIVE")
    for side in (a, b):
        why = never_of(side.category)
        if why == NeverMerge.REVIEW and a.people and a.people == b.people:
            continue
        if why:
            return _blocked(why)
    return None


def blocked_by_hand(voice: Side, case: Side, *, confidential_may: bool) -> Blocked | None:
    """Why a person must not attach a voice to a case, or None.

    Who calls again about his own matter joins it whatever it is; a confidential voice joins where
    the rule of the category says so, and stays masked (domain.md 4.3, rule 4).
    """
    if voice.people & case.people:
        return None
    found = blocked(voice, case)
    if found and found.code in {"CONFIDENTIAL", "SENSITIVE"} and confidential_may:
        open_voice = Side(voice.category, sensitive=False, confidential=False)
        return blocked(open_voice, Side(case.category, sensitive=False, confidential=False))
    return found


def never_of(category: str) -> str:
    """Why cases of the category are never merged; empty where they may be."""
    found = catalogue.current().categories.get(category)
    return found.never_merge if found else ""


def _blocked(code: str) -> Blocked:
    return Blocked(code, WORDS[code])


def sides_of(cases: Collection[Case]) -> dict[int, Side]:
    """Each case as the list sees it, by its id: one query for all."""
    people: dict[int, set[str]] = {case.pk: set() for case in cases}
    hidden: set[int] = set()
    voices = Intake.objects.filter(case_id__in=people).values_list(
        "case_id", "phone_index", "confidential", "match_keys"
    )
    for case_id, phone, confidential, keys in voices:
        people[case_id] |= people_of(phone, keys)
        if confidential:
            hidden.add(case_id)
    return {
        case.pk: Side(
            case.category_code, case.sensitive, case.pk in hidden, frozenset(people[case.pk])
        )
        for case in cases
    }


def people_of(phone_index: str, keys: Collection[str]) -> frozenset[str]:
    """Who speaks, as keyed hashes: the phone, and the applicant's matter at the hall."""
    named = {key for key in keys if key.startswith(APPLICATION)}
    return frozenset(named | ({phone_index} if phone_index else set()))
