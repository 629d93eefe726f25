"""What a line hands to the queue, and what it gets back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatch.models import Line

__all__ = [
    "NOBODY",
    "Caller",
    "IntakeError",
    "Line",
    "NewIntake",
    "Position",
    "Receipt",
    "is_storable",
]


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees as the sender measured them, the system he names, accuracy in metres."""

    lon: float
    lat: float
    crs: str
    accuracy_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks. Sealed before it is stored."""

    phone: str = ""
    name: str = ""
    anonymous: bool = False
    confidential: bool = False


NOBODY = Caller()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntake:
    """What a line hands in. `source` is the natural key: (system, id); ("", "") has none.

    `camera` is the fixed device that saw it; `applications` name the matter of an applicant at the
    service hall (project number, item with applicant). Both are kept as keyed hashes only.
    """

    line: Line
    channel: str
    kind: str
    category: str
    title: str
    occurred_at: datetime
    content: str = ""
    address: str = ""
    position: Position | None = None
    caller: Caller = NOBODY
    priority: int | None = None
    wants_reply: bool = False
    attach_to_case: str = ""
    component_id: str = ""
    camera: str = ""
    applications: Sequence[str] = ()
    district: str = ""
    source: tuple[str, str] = ("", "")
    digest: str = ""
    attachments: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender gets back (contract.md 4); `is_first` is False when the key was known."""

    body: dict[str, Any]
    is_first: bool


UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """False for what PostgreSQL cannot keep as text: NUL and lone surrogates."""
    return UNSTORABLE.search(text) is None


class IntakeError(Exception):
    """A rule refuses the intake; `fields` says where and why (HTTP 422)."""

    def __init__(self, code: str, path: str, why: object) -> None:
        super().__init__(f"{path}: {why}")
        self.code = code
        self.fields = {path: [str(why)]}
        self.message = why
