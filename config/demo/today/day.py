"""The loop of the day: voices come by chance, people work, a line a minute says how much."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from config.demo.past.plans import HOURS
from config.demo.today.doors import ServerAwayError
from config.demo.today.voices import Incident, Spoken, Voices
from config.demo.today.work import Done, Work
from dispatch.clocks import SHANGHAI

ROUND_S = 5.0
LONGEST_PAUSE_S = 30.0
FIRST_INCIDENT_S = 30.0
INCIDENTS_APART_MIN = (40.0, 90.0)

Say = Callable[[str], None]


@dataclass(slots=True)
class Minute:
    """What happened in a minute."""

    voices: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    conflicts: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def heard(self, spoken: Spoken) -> None:
        """Count a voice, taken or refused."""
        if spoken.answer.is_taken:
            self.voices[spoken.line.value] += 1
        else:
            self.refused[spoken.answer.code or str(spoken.answer.status)] += 1

    def worked(self, done: Done) -> None:
        """Count a round of work."""
        self.moves += sum(done.moves.values())
        self.conflicts += done.conflicts
        self.refused += done.refused

    def words(self, now: datetime) -> str:
        """The minute in one line."""
        lines = ", ".join(f"{count} {line.lower()}" for line, count in sorted(self.voices.items()))
        refused = ", ".join(f"{count} {code}" for code, count in sorted(self.refused.items()))
        return (
            f"{now.astimezone(SHANGHAI):%H:%M:%S}  {sum(self.voices.values())} voices"
            f" ({lines or 'none'}), {self.moves} moves, {self.conflicts} conflicts"
            f"{f', refused: {refused}' if refused else ''}"
        )


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the day shall be: voices a minute, minutes, by the hour's curve, with incidents."""

    rate: float
    minutes: float
    by_the_hour: bool = False
    incidents: bool = False


class Day:
    """Lets voices and people go on until the time is over."""

    def __init__(self, voices: Voices, work: Work, wishes: Wishes, *, say: Say) -> None:
        """`say` prints a line."""
        self.voices, self.work, self.wishes, self.say = voices, work, wishes, say
        self.draw = voices.draw
        self.minute = Minute()
        self.pause = 0.0
        self.voice_at = self.round_at = now = _now()
        self.line_at = now + timedelta(minutes=1)
        self.end = now + timedelta(minutes=wishes.minutes)
        self.incident: Incident | None = None
        self.incident_at = now + timedelta(seconds=FIRST_INCIDENT_S)

    def run(self) -> None:
        """Until the minutes are over; a server that is away is waited for.

        Raises SignInRefusedError where the password does not fit.
        """
        while (now := _now()) < self.end:
            try:
                self._turn(now)
                self.pause = 0.0
            except ServerAwayError as error:
                self._wait(error)
                self.voice_at = max(self.voice_at, _now())
            if self.line_at <= _now():
                self._line()
            _sleep_until(min(self.voice_at, self.round_at, self.line_at, self.end))
        self._line()

    def _turn(self, now: datetime) -> None:
        """Do what is due by now. Raises ServerAwayError."""
        if self.voice_at <= now:
            self.voice_at += self._until_next_voice(now)
            self._hear(self.voices.speak(now))
        if self.round_at <= now:
            self.round_at = now + timedelta(seconds=ROUND_S)
            self.minute.worked(self.work.round(now))
        if self.wishes.incidents and self.incident_at <= now:
            self.incident_at += timedelta(minutes=self.draw.uniform(*INCIDENTS_APART_MIN))
            self.incident = Incident(self.voices, now)
            self.say(f"A main has burst: {self.incident.spot.address}")
        for spoken in self.incident.due(now) if self.incident else ():
            self._hear(spoken)

    def _hear(self, spoken: Spoken) -> None:
        self.minute.heard(spoken)
        self.work.heard(spoken)

    def _line(self) -> None:
        self.say(self.minute.words(_now()))
        self.minute = Minute()
        self.line_at = _now() + timedelta(minutes=1)

    def _until_next_voice(self, now: datetime) -> timedelta:
        rate = self.wishes.rate
        if self.wishes.by_the_hour:
            curve = HOURS["day"]
            rate *= curve[now.astimezone(SHANGHAI).hour] / (sum(curve) / len(curve))
        return timedelta(minutes=self.draw.expovariate(rate))

    def _wait(self, error: ServerAwayError) -> None:
        self.pause = min(LONGEST_PAUSE_S, max(1.0, self.pause * 2))
        seconds = max(self.pause, min(error.retry_after_s, LONGEST_PAUSE_S))
        seconds = min(seconds, max(0.0, (self.end - _now()).total_seconds()))
        self.say(f"The server is away ({error}); trying again in {seconds:.0f} s.")
        time.sleep(seconds)


def _now() -> datetime:
    return datetime.now(UTC)


def _sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, min((moment - _now()).total_seconds(), ROUND_S)))
