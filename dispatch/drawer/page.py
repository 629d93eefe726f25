"""Everything that the drawer and the sheet of one case show."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from dispatch.actions.errors import CaseNotFoundError
from dispatch.casefile import case_for
from dispatch.drawer.clockbar import Picture, picture_of
from dispatch.drawer.moves import moves_context
from dispatch.drawer.records import links_of, records_of, why_routed
from dispatch.drawer.sights import gallery_of
from dispatch.drawer.voices import voices_of
from dispatch.fields import SATISFACTION, SOLVED
from dispatch.lifecycle import ABSORBED, State
from dispatch.models import Case, Intake, Link, Merge
from dispatch.timekeeping.segments import clock_of

DISPATCHES: Final = frozenset({"case.registered", "case.dispatched", "case.designated"})
ATTACHMENT: Final = "/api/v1/attachments/{}"
LOOKED_AT: Final = frozenset(
    {State.REGISTERED, State.VERIFYING, State.PENDING_CHECK, State.CHECKING}
)
"""States in which an inspector is asked to go there (domain.md 7.2: T6 to T8, T29 to T32)."""
STANDING: Final = (
    "id",
    "is_open",
    "no_return",
    "is_hard",
    "is_waiting",
    "urge_count",
    "return_count",
    "extension_count",
    "merged_into__case_no",
)


def case_context(user: User, case_no: str, now: datetime) -> dict[str, Any]:
    """The context of dispatch/_case.html; `case` is None where the user may not see it."""
    try:
        case = case_for(user, case_no, now=now)
    except CaseNotFoundError:
        return {"case": None, "now": now}
    standing = Case.objects.values(*STANDING).get(case_no=case_no)
    case_id: int = standing["id"]
    absorbed = _absorbed(case_id, user)
    records = records_of(case_id, case.get("dispute"))
    linked = links_of(user, open_links(case_id), case_id)
    return {
        "case": case,
        "now": now,
        "standing": standing,
        "heat": heat_of(case_id),
        "due": _due(case),
        "due_start": _due_start(case),
        "picture": _picture(user, case, standing, now),
        "why": why_routed(case["assignments"], _dispatchers(case["timeline"])),
        "supports": [row for row in case["assignments"] if row["role"] == "SUPPORT"],
        "links": linked,
        "gallery": gallery_of(case_id, [row["id"] for row in case["attachments"]]),
        "absorbed": absorbed,
        "history": _history(case["timeline"], absorbed),
        "records": records,
        "is_supervised": any(not thread["ended_at"] for thread in case.get("supervision", ())),
        "has_records": any(records.values()) or bool(case.get("supervision")),
        "asks_nearest": is_looked_at(user, case),
        "callback_results": SOLVED.choices,
        "satisfactions": SATISFACTION.choices,
        **voices_of(case, now=now),
        **moves_context(case, now),
    }


def is_looked_at(user: User, case: Mapping[str, Any]) -> bool:
    """True where somebody has to look at the place, and the user may see who is on duty there."""
    is_outdoors = State(case["state"]) in LOOKED_AT and case["location"] and not case["sensitive"]
    return bool(is_outdoors and user.scope().on_duty_areas)


def heat_of(case_id: int) -> int:
    """How many different callers speak of a case (domain.md 4.3, rule 6)."""
    counted = Intake.objects.filter(case_id=case_id).aggregate(
        known=Count("phone_index", filter=~Q(phone_index=""), distinct=True),
        unknown=Count("pk", filter=Q(phone_index="")),
    )
    return int(counted["known"] + counted["unknown"])


def _due(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """The nearest deadline; where all clocks stand still, the one that waits."""
    paused = [timer for timer in case["timers"] if timer["state"] == "PAUSED"]
    if case["due"]["due_at"] is None and paused:
        return {**paused[0], "state": "PAUSED"}
    due: Mapping[str, Any] = case["due"]
    return due


def _due_start(case: Mapping[str, Any]) -> str:
    """When the nearest deadline's clock began, else when the case did."""
    stage = case["due"]["stage"]
    starts = [
        timer["started_at"]
        for timer in case["timers"]
        if timer["stage"] == stage and timer["ended_at"] is None
    ]
    return str(starts[-1] if starts else case["created_at"])


def _picture(
    user: User, case: Mapping[str, Any], standing: Mapping[str, Any], now: datetime
) -> Picture | None:
    units = {row["unit"]: row["unit_name"] for row in case["assignments"]}
    if case["lead_unit"]:
        units.setdefault(case["lead_unit"], case["lead_unit_name"])
    clock = clock_of(user, case["case_no"], now=now)
    return picture_of(clock, units, now=now, is_open=standing["is_open"])


def _dispatchers(timeline: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Who dispatched, by the moment: an assignment is written at its event's time."""
    return {event["at"]: event["by"] for event in timeline if event["topic"] in DISPATCHES}


def _history(
    timeline: Sequence[Mapping[str, Any]], absorbed: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The timeline, newest first; the last merge of each case that can be undone says so."""
    undoable = {one["case_no"] for one in absorbed if one["may_undo"]}
    entries = []
    for event in reversed(timeline):
        other = event.get("other_case")
        may_undo = event["topic"] == ABSORBED and other in undoable
        undoable -= {other} if may_undo else set()
        photos = [{"url": ATTACHMENT.format(pk)} for pk in event["photos"]]
        entries.append({**event, "photos": photos, "undo": other if may_undo else ""})
    return entries


def open_links(case_id: int) -> QuerySet[Link]:
    """The links of a case that stand."""
    return Link.objects.filter(Q(first=case_id) | Q(second=case_id), ended_at__isnull=True)


def _absorbed(case_id: int, user: User) -> list[dict[str, Any]]:
    """The cases that were merged into this one and can be taken out again."""
    may_undo = "DUTY_LEADER" in user.scope().roles
    merges = Merge.objects.filter(primary_id=case_id, undone_at__isnull=True)
    return [
        {
            "case_no": merge.merged.case_no,
            "title": merge.merged.title,
            "line": merge.merged.line,
            "voices": len(merge.intakes),
            "reason": merge.reason,
            "by": str(merge.by) if merge.by else "",
            "at": merge.at,
            "may_undo": may_undo and merge.primary.is_open,
        }
        for merge in merges.select_related("merged", "primary", "by").order_by("pk")
    ]
