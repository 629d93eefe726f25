"""Categories suggested from what a citizen says: the active model, kept in memory."""

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from dispatch import catalogue
from dispatch.categories import classifying
from dispatch.categories.classifying import Model
from dispatch.models import CategoryChoice, CategoryModel

FRESH_FOR_S = 5.0
DECIMALS = 2
UNCLASSIFIED = "L0000"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Active:
    """The model in use; `model` is None where its file cannot be read."""

    version: int
    model: Model | None


class _Memory:
    """The active model of this process; asks every few seconds whether another one took over."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.active: Active | None = None
        self.asked_at = -FRESH_FOR_S

    def get(self) -> Active | None:
        """The active model: one small query every FRESH_FOR_S seconds, its file once a version."""
        if time.monotonic() - self.asked_at > FRESH_FOR_S:
            with self.lock:
                self.active = _read(self.active)
                self.asked_at = time.monotonic()
        return self.active


def _read(known: Active | None) -> Active | None:
    rows = CategoryModel.objects.filter(is_active=True)
    version = rows.values_list("version", flat=True).first()
    if version is None:
        return None
    if known is not None and known.version == version:
        return known
    blob = CategoryModel.objects.values_list("blob", flat=True).get(version=version)
    return Active(version, _opened(version, bytes(blob)))


def _opened(version: int, blob: bytes) -> Model | None:
    try:
        return Model.loads(blob)
    except (ValueError, KeyError, OSError, EOFError) as error:
        _log.warning("category model %s cannot be read: %s", version, error)
        return None


_memory = _Memory()


def active() -> Active | None:
    """The model in use, or none."""
    return _memory.get()


def refresh() -> None:
    """Forget the model: the next look reads the row."""
    _memory.active, _memory.asked_at = None, -FRESH_FOR_S


def suggest(text: str) -> dict[str, Any]:
    """The three most probable categories for a text, each with its reasons; the model's version.

    Nothing is suggested where there is no model, or nothing of the text is known to it.
    """
    used = active()
    if used is None or used.model is None:
        return {"items": [], "model": None}
    names = {c.code: c.name for c in catalogue.current().categories.values() if c.selectable}
    guesses = classifying.predict(used.model, text, among=names)
    return {
        "items": [
            {
                "code": guess.label,
                "name": names[guess.label],
                "probability": round(guess.probability, DECIMALS),
                "because": list(guess.because),
            }
            for guess in guesses
        ],
        "model": used.version,
    }


def followed(version: int) -> tuple[int, int, int]:
    """Choices kept for a version; in how many the first was taken; in how many one of the three.

    A voice that was left unclassified chose nothing and does not count.
    """
    kept = CategoryChoice.objects.filter(model_version=version).exclude(chosen=UNCLASSIFIED)
    total = first = one = 0
    for offered, chosen in kept.values_list("offered", "chosen").iterator():
        codes = [item["code"] for item in offered]
        total, first, one = total + 1, first + (codes[0] == chosen), one + (chosen in codes)
    return total, first, one
