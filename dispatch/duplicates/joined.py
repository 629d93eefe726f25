"""What a case is joined with, as one user may see it: links, heat, hidden voices."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.ready import ReadyQuery
from dispatch.models import Case, Intake, Link

_LINKS: ReadyQuery[Link] = ReadyQuery(
    "dispatch_file_links",
    lambda first, second: (
        Link.objects.filter(Q(first=first) | Q(second=second), ended_at__isnull=True)
        .select_related("first", "second", "by")
        .order_by("at", "pk")
    ),
    ids=2,
)


def links_of(user: User, case_id: int) -> list[dict[str, Any]]:
    """The links of a case: of the other only number, state and district, unless it is visible."""
    links = _LINKS(case_id, case_id)
    others = [link.second if link.first_id == case_id else link.first for link in links]
    seen: set[int] = set()
    if others:
        visible = Case.objects.visible_to(user).filter(pk__in=[other.pk for other in others])
        seen = set(visible.values_list("pk", flat=True))
    return [
        {
            "case_no": other.case_no,
            "state": other.state,
            "district": other.district_code,
            "kind": link.kind,
            "joint": link.joint,
            "at": link.at.isoformat(),
            "title": other.title if other.pk in seen else None,
            "by": str(link.by) if other.pk in seen else None,
        }
        for link, other in zip(links, others, strict=True)
    ]


def heat_of(case_id: int) -> int:
    """How many different callers speak of a case; inspectors do not call (domain.md 4.3, 6)."""
    return heat_among(list(Intake.objects.filter(case_id=case_id).only("phone_index", "line")))


def heat_among(voices: Sequence[Intake]) -> int:
    """The same of all voices of a case that were read already."""
    callers = [voice.phone_index for voice in voices if voice.line != "GRID"]
    return len({caller for caller in callers if caller}) + callers.count("")


def hidden_words(hidden: Sequence[Intake]) -> str:
    """How many confidential reporters there are besides; empty where none (4.3, rule 4)."""
    if not hidden:
        return ""
    return str(_("另有 %(n)d 名保密反映人") % {"n": len(hidden)})
