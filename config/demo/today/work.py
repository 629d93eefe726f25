"""Does the work of the day: who looks at which state, and which move she makes with a case."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any
from zlib import crc32

from config.demo.past.history import STANDING
from config.demo.past.routes import CONTENT_WITH
from config.demo.people import FIRST
from config.demo.stories import DISTRICTS
from config.demo.today.doors import Doors
from config.demo.today.voices import INSPECTORS, Spoken
from dispatch.catalogue import Catalogue
from dispatch.fields import DISCONTENT
from dispatch.lifecycle import Stage, State
from dispatch.models.catalogue import Verify

READER = "dispatcher2"
PAGE = 200
OPEN_AT_EASE = sum(STANDING.values()) * sum(DISTRICTS.values()) / DISTRICTS[FIRST]
"""How many cases are open while as many come as go."""
HURRY = 3.0
"""How much sooner urgent cases (P0, P1) are done."""
FEWEST_MINUTES = 0.5
ON_THE_WAY = timedelta(seconds=90)
"""So long an inspector is on her way at least: a check within a minute of its order is no check."""
REFUSED, VOIDED, UNTRUE, BOUNCED, FAILED = 0.04, 0.02, 0.04, 0.03, 0.05

CALLERS = ("callback2", "callback3", "callback4")
"""They share the call-backs: one who closed a case every few seconds would raise an alarm."""

Item = Mapping[str, Any]
Act = tuple[str, str, dict[str, Any]]
"""User, move, fields."""
OTHERS_FIRST = frozenset({"SUPPORT_OPEN"})
"""Refusals that say: a unit of an older case, which nobody here plays, has not done its part."""


@dataclass(slots=True)
class Done:
    """What came of a round."""

    moves: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Work:
    """The people who move cases. They leave alone what somebody else has taken in hand."""

    def __init__(
        self, doors: Doors, book: Catalogue, draw: Random, *, rate: float, began: datetime
    ) -> None:
        """`rate` voices come in a minute; cases changed after `began` by others are theirs."""
        self.doors, self.book, self.draw, self.began = doors, book, draw, began
        self._minutes = OPEN_AT_EASE / max(rate, 0.1)
        self._versions: dict[str, int] = {}
        self._cursor = ""
        self._round_began = began
        self._chance = timedelta()
        self._now = began
        self._unheard: set[str] = set()
        self._sent_out: dict[str, datetime] = {}

    def heard(self, spoken: Spoken) -> None:
        """A case of our own."""
        if spoken.case_no:
            self._versions[spoken.case_no] = spoken.version

    def round(self, now: datetime) -> Done:
        """Look at the next page of open cases and move some. Raises ServerAwayError."""
        done, self._now = Done(), now
        path = f"queue?limit={PAGE}&cursor={self._cursor}"
        answer = self.doors.get(path, user=READER)
        if not answer.is_taken:
            self._cursor = ""
            return done
        for item in answer.body["items"]:
            if self._is_ours(item) and self.draw.random() < self._share(item):
                self._move(item, done)
        self._cursor = answer.body["next"] or ""
        if not self._cursor:
            self._chance, self._round_began = now - self._round_began, now
        return done

    def _is_ours(self, item: Item) -> bool:
        """True for what we changed last, and for what nobody has touched since we began."""
        version = self._versions.get(item["case_no"])
        if version is not None:
            return bool(version == item["version"])
        return datetime.fromisoformat(item["state_at"]) < self.began

    def _share(self, item: Item) -> float:
        """The chance that a case is moved in this round."""
        state = State(item["state"])
        if state not in ACTS:
            return 0.0
        weight = STANDING[state]
        minutes = max(FEWEST_MINUTES, self._minutes * weight / sum(STANDING.values()))
        hurry = HURRY if item["priority"] <= 1 else 1.0
        return hurry * self._chance.total_seconds() / 60 / minutes

    def _move(self, item: Item, done: Done) -> None:
        act = ACTS[State(item["state"])](self, item)
        if act is None:
            return
        user, move, fields = act
        body = {"move": move, "version": item["version"], **fields}
        answer = self.doors.post(f"cases/{item['case_no']}/moves", body, user=user)
        if answer.is_taken:
            done.moves[move] += 1
            self._versions[item["case_no"]] = answer.body["version"]
        elif answer.status == HTTPStatus.CONFLICT or answer.code in OTHERS_FIRST:
            done.conflicts += 1
            self._versions.pop(item["case_no"], None)
        else:
            done.refused[answer.code or str(answer.status)] += 1

    def registered(self, item: Item) -> Act | None:
        """Accept, have it verified first, or hand it at once to a unit when life is in danger."""
        if item["priority"] == 0:
            if self._needs_a_look(item):
                self._sent_out[item["case_no"]] = self._now
            return "leader2", "emergency_dispatch", {"reason": "危及安全，先行处置。"}
        if self.draw.random() < REFUSED and item["line"] != "GRID":
            reason = {"reject_reason": "OTHER_LEGAL_CHANNEL", "reason": "告知依法定途径解决。"}
            return "receiver2", "reject", {**reason, "told": "PHONE"}
        verify = self.book.categories[item["category"]["code"]].verify != Verify.NEVER
        if verify and item["line"] == "HOTLINE" and item["location"]:
            return "receiver2", "ask_verify", {}
        return "receiver2", "accept", {}

    def verifying(self, item: Item) -> Act | None:
        """True or not; what an inspector found untrue is the leader's to close."""
        if item["due"]["stage"] == Stage.FILE:
            agreed = {"reason": "已核对现场照片，认定不属实。", "told": "PHONE"}
            return "leader2", "verified_false", agreed
        if self.draw.random() < UNTRUE:
            gone = {"text": "到场未发现所述问题，附近走访亦无人反映。"}
            return self._inspector(item, "report_untrue", gone)
        text = {"text": "现场情况属实，已拍照。"}
        return self._inspector(item, "verified_true", text)

    def pending_filing(self, item: Item) -> Act | None:
        """File it, seldom void it."""
        if self.draw.random() < VOIDED:
            return "leader3", "void", {"reason": "与在办案件同一事项，作废本件。"}
        return "leader2", "file", {}

    def pending_dispatch(self, item: Item) -> Act | None:
        """Give it to the unit of the duty list."""
        return "dispatcher3", "dispatch", {}

    def pending_sign(self, item: Item) -> Act | None:
        """The unit signs; an inspector looks at an emergency meanwhile."""
        if look := self._look(item):
            return look
        return self._of_the_centre("handler", item, "sign", {})

    def processing(self, item: Item) -> Act | None:
        """Make the site safe, call the citizen, hand in the result: whatever is due next."""
        if look := self._look(item):
            return look
        if item["due"]["stage"] in {Stage.PROGRESS, Stage.SAFE}:
            text = {"text": "已设围挡警示，现场安全。"}
            return self._of_the_centre("handler", item, "confirm_safe", text)
        if item["due"]["stage"] == "RESPONSE":
            contact = {"way": "PHONE", "text": "已联系诉求人，约定处理时间。"}
            return self._of_the_centre("handler", item, "first_contact", contact)
        text = {"text": "已处理完毕，现场恢复，请核查。"}
        return self._of_the_centre("approver", item, "submit_result", text)

    def pending_check(self, item: Item) -> Act | None:
        """Have it checked on site where the catalogue asks for it."""
        if self.draw.random() < BOUNCED:
            return "dispatcher3", "bounce", {"reason": "缺少处置后照片，请补充。"}
        if self.book.categories[item["category"]["code"]].needs_check and item["location"]:
            return "dispatcher3", "ask_check", {}
        return "dispatcher3", "no_check_needed", {"reason": "以回访为准，无须现场核查。"}

    def checking(self, item: Item) -> Act | None:
        """Passed or not, once the inspector is there."""
        if self._now - datetime.fromisoformat(item["state_at"]) < ON_THE_WAY:
            return None
        if self.draw.random() < FAILED:
            return self._inspector(item, "check_fail", {"reason": "现场仍有残留。"})
        return self._inspector(item, "check_pass", {"text": "现场核查，符合结案条件。"})

    def pending_callback(self, item: Item) -> Act | None:
        """Ask the citizen; who is not content is explained to, and the leader hears of it."""
        if item["case_no"] in self._unheard:
            self._unheard.remove(item["case_no"])
            return "leader3", "approve_explanation", {"reason": "解释合理，同意办结。"}
        content = self.draw.choices(list(CONTENT_WITH), list(CONTENT_WITH.values()))[0]
        data = {"solved": "YES", "satisfaction": content.value, "text": ""}
        if content in DISCONTENT:
            data |= {"solved": "PARTIAL", "text": "对处理时间有意见，已解释原因。"}
            self._unheard.add(item["case_no"])
        return _shared(CALLERS, item), "callback_done", data

    def _look(self, item: Item) -> Act | None:
        """The inspector's look at an emergency that went out at once, when she has come (T43)."""
        sent_at = self._sent_out.get(item["case_no"])
        if sent_at is None or self._now - sent_at < ON_THE_WAY:
            return None
        del self._sent_out[item["case_no"]]
        return self._inspector(item, "verified_true", {"text": "现场情况属实，单位正在处置。"})

    def _needs_a_look(self, item: Item) -> bool:
        category = self.book.categories[item["category"]["code"]]
        has_place = bool(item["location"]) and category.needs_check
        return has_place and item["line"] != "GRID" and not item["sensitive"]

    def _inspector(self, item: Item, move: str, fields: dict[str, Any]) -> Act | None:
        user = INSPECTORS.get(item["district"])
        return (user, move, fields) if user else None

    def _of_the_centre(self, who: str, item: Item, move: str, fields: dict[str, Any]) -> Act | None:
        district = item["district"]
        return (f"{who}-y{district[4:]}0", move, fields) if district in DISTRICTS else None


def _shared(people: Sequence[str], item: Item) -> str:
    """Who of several does it: for one case always the same."""
    return people[crc32(item["case_no"].encode()) % len(people)]


ACTS: dict[State, Callable[[Work, Item], Act | None]] = {
    State.REGISTERED: Work.registered,
    State.VERIFYING: Work.verifying,
    State.PENDING_FILING: Work.pending_filing,
    State.PENDING_DISPATCH: Work.pending_dispatch,
    State.PENDING_SIGN: Work.pending_sign,
    State.PROCESSING: Work.processing,
    State.PENDING_CHECK: Work.pending_check,
    State.CHECKING: Work.checking,
    State.PENDING_CALLBACK: Work.pending_callback,
}
"""Other states wait for people."""
