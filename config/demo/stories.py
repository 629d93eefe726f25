"""Makes up what a voice says: which scene, where, who calls and in which words (pure)."""

import random
from dataclasses import dataclass
from typing import Any

from affairs import rules
from config.demo import names
from config.demo.hall import ITEMS
from config.demo.scenes import Question, Scene, scene_book
from config.demo.spots import Spot, Spots
from dispatch.models import Line

DISTRICTS = {
    "339901": 33,
    "339902": 17,
    "339903": 17,
    "339904": 12,
    "339905": 9,
    "339906": 12,
}
"""How often each district speaks, in per cent: the dense centre most."""
ANONYMOUS, CONFIDENTIAL, NO_REPLY = 0.06, 0.03, 0.12
LONGEST_LABEL = 20
LONGEST_GRID_TITLE = 40


@dataclass(frozen=True, slots=True)
class Story:
    """One thing on the ground as its first voice tells it."""

    line: Line
    scene: Scene
    spot: Spot
    title: str
    content: str
    condition: str = ""
    name: str = ""
    phone: str = ""
    anonymous: bool = False
    confidential: bool = False
    wants_reply: bool = False
    priority: int | None = None
    item: str = ""
    answer: str = ""
    kind: str = ""

    @property
    def category(self) -> str:
        """The category's code."""
        return self.scene.category


class StoryTeller:
    """Tells stories from one stream of chance."""

    def __init__(self, spots: Spots, draw: random.Random) -> None:
        """Take the places of the city and the chance."""
        self.spots, self.draw, self.book = spots, draw, scene_book()

    def district(self) -> str:
        """A district, the dense ones more often."""
        return self.draw.choices(list(DISTRICTS), list(DISTRICTS.values()))[0]

    def call(self, district: str) -> Story:
        """A call about something that needs doing."""
        scenes = self.book.scenes
        scene = self.draw.choices(scenes, [s.hotline for s in scenes])[0]
        return self.call_about(scene, self.spots.draw(district, scene.where, self.draw))

    def call_about(self, scene: Scene, spot: Spot) -> Story:
        """A call about this scene at this spot, by somebody."""
        title, condition = self._title(scene, spot)
        name, phone = names.caller(self.draw)
        anonymous = self.draw.random() < ANONYMOUS
        return Story(
            line=Line.HOTLINE,
            scene=scene,
            spot=spot,
            title=title,
            content=self._fill(self.draw.choice(scene.contents), spot),
            condition=condition,
            name="" if anonymous else name,
            phone="" if anonymous else phone,
            anonymous=anonymous,
            confidential=scene.kind == "REPORT" or self.draw.random() < CONFIDENTIAL,
            wants_reply=not anonymous and self.draw.random() > NO_REPLY,
            kind=scene.kind,
        )

    def question(self, district: str) -> Story:
        """A call that the operator answers at once."""
        asked: Question = self.draw.choice(self.book.questions)
        spot = self.spots.draw(district, "home", self.draw)
        name, phone = names.caller(self.draw)
        return Story(
            line=Line.HOTLINE,
            scene=Scene(asked.category, (asked.title,), (asked.content,)),
            spot=spot,
            title=asked.title,
            content=self._fill(asked.content, spot),
            name=name,
            phone=phone,
            answer=asked.answer,
            kind=asked.kind,
        )

    def finding(self, district: str) -> Story:
        """What an inspector sees on her way."""
        scenes = self.book.scenes
        scene = self.draw.choices(scenes, [s.grid for s in scenes])[0]
        spot = self.spots.draw(district, scene.where, self.draw)
        title, condition = self._title(scene, spot)
        return Story(
            line=Line.GRID,
            scene=scene,
            spot=spot,
            title=title[:LONGEST_GRID_TITLE],
            content=f"{title[:LONGEST_GRID_TITLE]}\n巡查发现，位于{spot.community}。",
            condition=condition,
            kind="FINDING",
        )

    def event(self, district: str) -> Story:
        """What the service hall's system reports and the queue takes."""
        events = self.book.events
        scene = self.draw.choices(events, [s.weight for s in events])[0]
        item = self.draw.choice([item for word in ITEMS.values() for item in word.split()])
        name, phone = names.caller(self.draw)
        anonymous = self.draw.random() < ANONYMOUS
        data: dict[str, Any] = {"satisfaction": "1", "anonymous": anonymous}
        entry = rules.entry(scene.type, data, {"1": "VERY_DISSATISFIED"})
        return Story(
            line=Line.AFFAIRS,
            scene=scene,
            spot=self.spots.draw(district, "shop", self.draw),
            title=f"{item}：{self.draw.choice(scene.titles)}",
            content=self.draw.choice(scene.contents),
            name=name,
            phone=phone,
            anonymous=anonymous,
            wants_reply=bool(entry and entry.wants_reply),
            priority=entry.priority if entry else None,
            item=item,
        )

    def _title(self, scene: Scene, spot: Spot) -> tuple[str, str]:
        words, _, condition = self.draw.choice(scene.titles).partition("|")
        return f"{spot.label[:LONGEST_LABEL]}{words}", condition

    def _fill(self, words: str, spot: Spot) -> str:
        return words.format(place=spot.label, community=spot.community)
