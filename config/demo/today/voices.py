"""Speaks at the three doors: calls, findings, signed service events, many calls at once."""

import json
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from standardwebhooks import Webhook

from affairs.rules import PREFIX
from config.demo.past.deeds import SOURCE, event_data
from config.demo.pictures import VARIANTS, picture
from config.demo.spots import Spot
from config.demo.stories import Story, StoryTeller
from config.demo.today.doors import Answer, Doors
from dispatch.models import Line

LINES = {Line.HOTLINE: 52, Line.GRID: 36, Line.AFFAIRS: 12}
ASKED, SELF_HANDLED, WITH_PHOTO, JOINED = 0.2, 0.12, 0.4, 0.07
REMEMBERED = 40
OPERATORS = tuple(f"operator{number}" for number in range(2, 10))
INSPECTORS = {f"3399{number:02d}": f"inspector{number + 2}" for number in range(1, 7)}
"""Who goes all over a district; inspector1 and inspector2 are left to whoever tries the demo."""
BURST_MAIN = "E0402"
CALLS_OF_AN_INCIDENT, MINUTES_OF_AN_INCIDENT, REACH_M = 20, 4.0, 120.0
ATTACHED_TO_THE_FIRST = 0.6


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a voice brought: the case and its version, where there is one and it is open."""

    line: Line
    answer: Answer
    case_no: str = ""
    version: int = 0


class Voices:
    """Everybody who reports something."""

    def __init__(self, doors: Doors, teller: StoryTeller, secret: str) -> None:
        """`secret` signs what the service hall sends."""
        self.doors, self.teller, self.draw = doors, teller, teller.draw
        self._hook = Webhook(secret)
        self._recent: deque[tuple[str, Story]] = deque(maxlen=REMEMBERED)
        self._run = uuid.UUID(int=self.draw.getrandbits(128), version=4).hex[:12]
        self._count = 0

    def speak(self, now: datetime) -> Spoken:
        """One voice of some line, somewhere. Raises ServerAwayError."""
        self._count += 1
        line = self.draw.choices(list(LINES), list(LINES.values()))[0]
        district = self.teller.district()
        if line is Line.GRID:
            return self._finding(self.teller.finding(district), now)
        if line is Line.AFFAIRS:
            return self._event(self.teller.event(district), now)
        if self.draw.random() < ASKED:
            return self._question(self.teller.question(district))
        if self._recent and self.draw.random() < JOINED:
            case_no, story = self.draw.choice(list(self._recent))
            again = self.teller.call_about(story.scene, story.spot)
            return self.call(again, attach_to=case_no)
        return self.call(self.teller.call(district))

    def call(self, story: Story, *, attach_to: str = "") -> Spoken:
        """A call that an operator logs."""
        answer = self.doors.post(
            "hotline/tickets",
            {
                "kind": story.kind,
                "title": story.title,
                "content": story.content,
                "category": story.category,
                "caller": {
                    "phone": story.phone,
                    "name": story.name,
                    "anonymous": story.anonymous,
                    "confidential": story.confidential,
                },
                "address": story.spot.address,
                "location": _location(story.spot, 10),
                "wants_reply": story.wants_reply,
                "attach_to_case": attach_to,
            },
            user=self.draw.choice(OPERATORS),
        )
        spoken = _spoken(Line.HOTLINE, answer)
        if spoken.case_no and not attach_to and not story.answer:
            self._recent.append((spoken.case_no, story))
        return spoken

    def _question(self, story: Story) -> Spoken:
        """A question that the operator answers before she hangs up."""
        spoken = self.call(story)
        if not spoken.case_no or spoken.answer.body["state"] != "REGISTERED":
            return spoken
        move = {"move": "answer_directly", "version": spoken.version, "text": story.answer}
        path = f"cases/{spoken.case_no}/moves"
        self.doors.post(path, move, user=self.draw.choice(OPERATORS))
        return Spoken(Line.HOTLINE, spoken.answer)

    def _finding(self, story: Story, now: datetime) -> Spoken:
        user = INSPECTORS[story.spot.district]
        uid = uuid.UUID(int=self.draw.getrandbits(128), version=4)
        photos = []
        if story.scene.picture and self.draw.random() < WITH_PHOTO:
            raw = picture(f"{story.scene.picture}-before", self.draw.randrange(VARIANTS))
            photos = [photo for photo in [self.doors.upload(raw, key=uid.hex, user=user)] if photo]
        answer = self.doors.post(
            "grid/findings",
            {
                "uid": str(uid),
                "device": f"demo-{user}",
                "captured_at": now.isoformat(),
                "category": story.category,
                "text": story.content,
                "location": _location(story.spot, 6),
                "self_handled": self.draw.random() < SELF_HANDLED,
                "photos": photos,
            },
            user=user,
        )
        return _spoken(Line.GRID, answer)

    def _event(self, story: Story, now: datetime) -> Spoken:
        key = f"{self._run}-{self._count}"
        event = {
            "specversion": "1.0",
            "id": key,
            "source": SOURCE,
            "type": f"{PREFIX}{story.scene.type}",
            "time": now.isoformat(),
            "data": event_data(story, number=self._count),
        }
        body = json.dumps(event, ensure_ascii=False)
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._hook.sign(key, now, body),
        }
        answer = self.doors.post_signed("affairs/events", body.encode(), headers)
        return _spoken(Line.AFFAIRS, answer)


class Incident:
    """A burst main: many call within minutes, and most are given to the first one's case."""

    def __init__(self, voices: Voices, began: datetime) -> None:
        """Choose the spot and when each of the calls comes."""
        self.voices, self.draw = voices, voices.draw
        self.spot = voices.teller.spots.draw(voices.teller.district(), "road", self.draw)
        self.scene = next(s for s in voices.teller.book.scenes if s.category == BURST_MAIN)
        self.first = ""
        self.moments = sorted(
            began + timedelta(minutes=self.draw.uniform(0, MINUTES_OF_AN_INCIDENT))
            for _ in range(CALLS_OF_AN_INCIDENT)
        )

    def due(self, now: datetime) -> Iterator[Spoken]:
        """Make the calls whose moment has come. Raises ServerAwayError."""
        while self.moments and self.moments[0] <= now:
            self.moments.pop(0)
            spot = self.voices.teller.spots.near(self.spot, REACH_M, self.draw)
            joins = self.first and self.draw.random() < ATTACHED_TO_THE_FIRST
            story = self.voices.teller.call_about(self.scene, spot)
            spoken = self.voices.call(story, attach_to=self.first if joins else "")
            self.first = self.first or spoken.case_no
            yield spoken


def _location(spot: Spot, accuracy_m: float) -> dict[str, object]:
    return {"lon": spot.lon, "lat": spot.lat, "crs": "WGS84", "accuracy_m": accuracy_m}


def _spoken(line: Line, answer: Answer) -> Spoken:
    """A new case has version 1, two when its first voice ended it; a joined one is not ours."""
    if not answer.is_taken or not answer.body.get("created"):
        return Spoken(line, answer)
    return Spoken(line, answer, answer.body["case_no"], 1)
