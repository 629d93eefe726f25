"""The load: writers hand in tickets and findings until they are acknowledged, movers make moves.

Some of it is nasty on purpose: the same key or move is sent by two at once to both web processes,
and a request that got no answer is sent again.
"""

import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dispatch.lifecycle import MOVES, State
from ops.faults.calling import Caller, NoAnswerError
from ops.faults.diary import Diary, Key, Made
from ops.faults.filling import People

DISTRICTS = {"339901": (119.596, 119.614), "339902": (119.616, 119.634)}
SOUTH, NORTH = 29.896, 29.914
SENT_BY_TWO = 0.12
SAME_COMPONENT = 0.15
MOVED_AT_ALL = 0.6
RETRY_S = 0.15
MOST_WAITING = 60
OK, CREATED, CONFLICT = 200, 201, 409
TOPICS = {move.name: move.topic for move in MOVES}
NEXT = {
    State.REGISTERED: "accept",
    State.PENDING_FILING: "file",
    State.PENDING_DISPATCH: "dispatch",
    State.PENDING_SIGN: "sign",
    State.PROCESSING: "submit_result",
    State.PENDING_CHECK: "ask_check",
    State.CHECKING: "check_pass",
    State.PENDING_CALLBACK: "callback_done",
}
WHO = {
    "accept": "receiver1",
    "file": "leader1",
    "dispatch": "dispatcher1",
    "sign": "handler",
    "submit_result": "approver",
    "ask_check": "dispatcher1",
    "check_pass": "inspector",
    "callback_done": "callback1",
}
FIELDS: dict[str, dict[str, str]] = {
    "submit_result": {"text": "done"},
    "check_pass": {"text": "seen"},
    "callback_done": {"solved": "YES", "satisfaction": "SATISFIED"},
}


@dataclass
class Piece:
    """A case as a mover knows it."""

    case_no: str
    district: str
    state: str
    version: int


@dataclass(frozen=True)
class Voice:
    """What a writer hands in, and under which key."""

    key: Key
    path: str
    body: dict[str, Any]
    token: str
    headers: dict[str, str]


class Load:
    """All writers and movers; `busy` lets them work, `over` ends them."""

    def __init__(self, ports: list[int], people: People, diary: Diary, seed: int) -> None:
        self.ports, self.people, self.diary, self.seed = ports, people, diary, seed
        self.busy, self.over = threading.Event(), threading.Event()
        self.waiting: deque[Piece] = deque(maxlen=MOST_WAITING)
        self._threads: list[threading.Thread] = []
        self._idle: list[threading.Event] = []

    def start(self, writers: int, movers: int) -> None:
        """Start the threads; they wait for `busy`."""
        for number in range(writers + movers):
            idle = threading.Event()
            kind: Callable[..., Hand] = Writer if number < writers else Mover
            rng = random.Random(self.seed * 1000 + number)  # noqa: S311
            hand = kind(self, rng, number)
            thread = threading.Thread(target=self._work, args=[hand, idle], daemon=True)
            self._idle.append(idle)
            self._threads.append(thread)
            thread.start()

    def is_idle(self) -> bool:
        """True when every hand has noticed that it should rest."""
        return all(idle.is_set() for idle in self._idle)

    def _work(self, hand: "Hand", idle: threading.Event) -> None:
        while not self.over.is_set():
            if not self.busy.is_set():
                idle.set()
                self.busy.wait(0.2)
                continue
            idle.clear()
            hand.work()
            time.sleep(hand.rng.uniform(0.04, 0.2))


class Hand:
    """What writers and movers share: two clients, for what is sent by two at once."""

    def __init__(self, load: Load, rng: random.Random, number: int) -> None:
        self.load, self.rng, self.number = load, rng, number
        self.callers = [Caller(load.ports, load.diary, rng) for _ in range(2)]
        self.pool = ThreadPoolExecutor(2)

    def work(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def by_one_or_two(self, work: Callable[[Caller], None]) -> None:
        """Do it with one client, or now and then with both at once."""
        callers = self.callers if self.rng.random() < SENT_BY_TWO else self.callers[:1]
        for done in [self.pool.submit(work, caller) for caller in callers]:
            done.result()


class Writer(Hand):
    """Hands in tickets (even numbers) or findings (odd ones)."""

    def work(self) -> None:
        """One voice, with the same key until it is acknowledged or the round ends."""
        voice = self._ticket() if self.number % 2 == 0 else self._finding()
        self.load.diary.tried.add(voice.key)
        self.by_one_or_two(lambda caller: self._hand_in(caller, voice))

    def _hand_in(self, caller: Caller, voice: Voice) -> None:
        while self.load.busy.is_set():
            try:
                status, body = caller.post(voice.path, voice.body, voice.token, **voice.headers)
            except NoAnswerError:
                time.sleep(RETRY_S)
                continue
            if status not in (OK, CREATED):
                self.load.diary.refused(f"{voice.path}: {status} {body}")
                return
            self.load.diary.acknowledged(voice.key, body)
            if status == CREATED and body["created"] and self.rng.random() < MOVED_AT_ALL:
                piece = Piece(body["case_no"], body["district"], body["state"], 1)
                self.load.waiting.append(piece)
            return

    def _ticket(self) -> Voice:
        key = str(uuid.UUID(int=self.rng.getrandbits(128)))
        body = {
            "kind": "COMPLAINT",
            "title": f"rubbish {key[:8]}",
            "category": "E0104",
            "caller": {"phone": "13800138000", "name": "王小明"},
            "location": self._somewhere(self.rng.choice(list(DISTRICTS))),
            "wants_reply": self.rng.random() < 0.5,  # noqa: PLR2004
        }
        source = (f"hotline:key:{self.load.people.operator_id}", key)
        token = self.load.people.tokens["operator1"]
        return Voice(source, "hotline/tickets", body, token, {"Idempotency-Key": key})

    def _finding(self) -> Voice:
        uid = str(uuid.UUID(int=self.rng.getrandbits(128)))
        district = self.rng.choice(list(DISTRICTS))
        body: dict[str, Any] = {
            "uid": uid,
            "device": f"phone-{self.number}",
            "captured_at": datetime.now(UTC).isoformat(),
            "category": "E0102",
            "text": f"found {uid[:8]}",
            "location": self._somewhere(district),
        }
        if self.rng.random() < SAME_COMPONENT:
            west = DISTRICTS[district][0]
            body |= {"category": "C0102", "component_id": f"{district}0102000001"}
            body["location"] = {"lon": west + 0.005, "lat": 29.905, "crs": "WGS84"}
        token = self.load.people.tokens[f"inspector{1 if district == '339901' else 2}"]
        return Voice(("grid", uid), "grid/findings", body, token, {})

    def _somewhere(self, district: str) -> dict[str, Any]:
        west, east = DISTRICTS[district]
        lon, lat = self.rng.uniform(west, east), self.rng.uniform(SOUTH, NORTH)
        return {"lon": lon, "lat": lat, "crs": "WGS84", "accuracy_m": 5}


class Mover(Hand):
    """Takes a case one move further."""

    def work(self) -> None:
        """One move of a case that waits; two movers at once must not both make it."""
        try:
            piece = self.load.waiting.pop()
        except IndexError:
            return
        move = NEXT.get(State(piece.state))
        if move is None:
            return
        before = Made(piece.case_no, TOPICS[move], piece.version)
        self.by_one_or_two(lambda caller: self._make(caller, piece, move, before))
        if piece.version > before.version or not self.load.busy.is_set():
            self.load.waiting.append(piece)

    def _make(self, caller: Caller, piece: Piece, move: str, made: Made) -> None:
        body = {"move": move, "version": made.version, **FIELDS.get(move, {})}
        token = self.load.people.tokens[self._who(move, piece.district)]
        while self.load.busy.is_set():
            try:
                status, answer = caller.post(f"cases/{piece.case_no}/moves", body, token)
                if status == CONFLICT:
                    self._look(caller, piece)
                    return
            except NoAnswerError:
                time.sleep(RETRY_S)
                continue
            if status != OK:
                self.load.diary.refused(f"{move} {piece}: {status} {answer}")
                return
            self.load.diary.moved(made)
            piece.state, piece.version = answer["state"], answer["version"]
            return

    def _look(self, caller: Caller, piece: Piece) -> None:
        token = self.load.people.tokens["commander1"]
        status, answer = caller.get(f"cases/{piece.case_no}", token)
        if status == OK:
            piece.state, piece.version = answer["state"], answer["version"]
        else:
            self.load.diary.refused(f"look at {piece}: {status} {answer}")

    @staticmethod
    def _who(move: str, district: str) -> str:
        who = WHO[move]
        return who if who[-1].isdigit() else f"{who}{1 if district == '339901' else 2}"
