"""What the demo city speaks of: scenes.toml as typed rows."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("scenes.toml")


@dataclass(frozen=True, slots=True)
class Scene:
    """One kind of trouble: words to draw from, where and when it comes, how often by line."""

    category: str
    titles: Sequence[str]
    contents: Sequence[str]
    results: Sequence[str] = ()
    where: str = "any"
    hotline: float = 0
    grid: float = 0
    weight: float = 0
    kind: str = "EVENT"
    hours: str = "day"
    picture: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What an operator answers at once, or a word of praise."""

    category: str
    kind: str
    title: str
    content: str
    answer: str


@dataclass(frozen=True, slots=True)
class SceneBook:
    """All of them."""

    scenes: tuple[Scene, ...]
    questions: tuple[Question, ...]
    events: tuple[Scene, ...]


@cache
def scene_book() -> SceneBook:
    """The content of scenes.toml."""
    raw: dict[str, list[dict[str, Any]]] = tomllib.loads(SOURCE.read_text("utf-8"))
    return SceneBook(
        scenes=tuple(Scene(**row) for row in raw["scene"]),
        questions=tuple(Question(**row) for row in raw["question"]),
        events=tuple(Scene(**row) for row in raw["event"]),
    )
