"""What happened to a case, event by event, with the names and notes that people read."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from accounts.models import Unit, User
from dispatch.models import Event, Note

UNITS: Final = ("unit", "proposed", "support", "wrong_unit")
"""Keys of a payload that hold the id of a unit."""
MOMENTS: Final = ("old_due_at", "new_due_at", "until")
CASES: Final = ("into", "from", "other")
"""Keys of a payload that name another case."""


def timeline_of(user: User, parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events of a case, oldest first, from the parts of its file that were read together.

    `mine` is true for what this user did; `on_behalf_of` is whose lent post allowed it; `photos`
    are the ids of a move's attachments.
    """
    events: list[Event] = parts["events"]
    notes = {note.pk: note for note in parts["notes"]}
    actors = {actor.pk: actor for actor in parts["actors"]}
    units = {unit.pk: unit for unit in parts["units"]}
    if others := _unit_ids(events) - set(units):
        units |= Unit.objects.in_bulk(others)
    lenders = User.objects.in_bulk({e.payload["for"] for e in events if "for" in e.payload})
    return [
        {
            "topic": event.topic,
            "at": event.at.isoformat(),
            "by": str(actors[event.actor_id]) if event.actor_id in actors else "",
            "on_behalf_of": str(lenders.get(event.payload.get("for", 0), "")),
            "mine": event.actor_id == user.pk,
            "from_state": event.from_state,
            "to_state": event.to_state,
            **_note(notes.get(event.payload.get("note", 0))),
            **_facts(event.payload, units),
            "seq": event.seq,
        }
        for event in events
    ]


def _unit_ids(events: Iterable[Event]) -> set[int]:
    held = (event.payload.get(key) for event in events for key in UNITS)
    return {pk for pk in held if isinstance(pk, int)}


def _note(note: Note | None) -> dict[str, Any]:
    if note is None:
        return {"text": "", "photos": []}
    return {"text": note.text, "photos": list(note.data.get("photos", []))}


def _facts(payload: Mapping[str, Any], units: Mapping[int, Unit]) -> dict[str, Any]:
    """The codes of a payload that say more than its topic; units by their names."""
    facts: dict[str, Any] = {
        f"{key}_name": unit.name for key in UNITS if (unit := units.get(payload.get(key) or 0))
    }
    facts |= {key: payload[key] for key in MOMENTS if _is_moment(payload.get(key))}
    case_no = next((payload[key] for key in CASES if isinstance(payload.get(key), str)), "")
    if case_no:
        facts["other_case"] = case_no
    plain = ("intake", "voices", "close_type", "reject_reason", "way", "returns", "late", "waiting",
             "stage", "percent", "workdays", "level")  # fmt: skip
    return facts | {key: payload[key] for key in plain if key in payload}


def _is_moment(text: object) -> bool:
    try:
        datetime.fromisoformat(str(text))
    except ValueError:
        return False
    return True
