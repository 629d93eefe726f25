"""What the outside saw: acknowledgements, written down the moment they arrive."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str]
"""The natural key of an intake: (source system, id)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an acknowledgement promised."""

    intake_no: str
    case_no: str
    is_created: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A move that was acknowledged, and the version it was made on."""

    case_no: str
    topic: str
    version: int


@dataclass
class Diary:
    """Kept by all threads; read when they are quiet."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    receipts: dict[Key, Receipt] = field(default_factory=dict)
    tried: set[Key] = field(default_factory=set)
    moves: set[Made] = field(default_factory=set)
    contradictions: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    requests: int = 0
    failures: int = 0
    broken: int = 0

    def acknowledged(self, key: Key, body: dict[str, Any]) -> None:
        """An intake was acknowledged; the same key must always bring the same receipt."""
        receipt = Receipt(body["intake_no"], body["case_no"], bool(body["created"]))
        with self.lock:
            first = self.receipts.setdefault(key, receipt)
            if first != receipt:
                self.contradictions.append(f"{key}: first {first}, then {receipt}")

    def moved(self, made: Made) -> None:
        """A move was acknowledged; nobody else may have got the same version."""
        with self.lock:
            if made in self.moves:
                self.contradictions.append(f"two were told that they made {made}")
            self.moves.add(made)

    def refused(self, words: str) -> None:
        """An answer that this load should never get."""
        with self.lock:
            self.refusals.append(words)

    def broke(self) -> None:
        """An answer of 500: where the database is away it should be a plain 503."""
        with self.lock:
            self.broken += 1

    def request(self, *, is_answered: bool) -> None:
        """Count a request and when it was answered."""
        with self.lock:
            self.requests += 1
            if is_answered:
                self.answered_at.append(time.time())
            else:
                self.failures += 1
