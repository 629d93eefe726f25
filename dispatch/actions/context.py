"""What the effect of a move works on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import User
from dispatch.lifecycle import Move, Stage, State
from dispatch.models import Case


@dataclass(slots=True)
class MoveContext:
    """The locked case, the row of the table, the cleaned fields; effects add to it.

    `changed` names the columns an effect changed; `payload` goes to the event (codes only);
    `then` is a move that the system makes right after, `rule` the rule that asks for it.
    """

    case: Case
    move: Move
    data: Mapping[str, Any]
    by: User | None
    now: datetime
    target: State
    changed: set[str] = field(default_factory=set)
    payload: dict[str, Any] = field(default_factory=dict)
    then: str = ""
    rule: str = ""
    starts: tuple[Stage, ...] | None = None
    stops: frozenset[Stage] | None = None
    topic: str = ""

    @property
    def person(self) -> User:
        """Who makes the move; only asked of moves that the system never makes."""
        if self.by is None:
            raise RuntimeError(f"{self.move.name} is made by people")
        return self.by

    def text(self, name: str) -> str:
        """A text field, stripped; empty when not given."""
        return str(self.data.get(name) or "").strip()
