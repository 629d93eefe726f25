"""The clock of a case as a picture: who held it when, as shares of one horizontal bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from ui import words
from ui.templatetags.ui import duration

CENTRE, FIELD, UNIT, CITIZEN = "centre", "field", "unit", "citizen"
TONES: Final = {
    "RECEIVER": CENTRE,
    "DISPATCHER": CENTRE,
    "DUTY_LEADER": CENTRE,
    "INSPECTOR": FIELD,
    "CALLBACK": CITIZEN,
    "CITIZEN": CITIZEN,
}
"""Which colour and pattern a party has; every other party is a unit."""
LEAST: Final = 0.6
"""No stretch is drawn narrower than this share of the bar (percent)."""
BEYOND: Final = 0.03
"""Room right of the last mark, as a share of the whole."""
SHORTEST: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One party's holding: where it stands in the bar (percent, as CSS reads it) and its words."""

    begin: str
    width: str
    tone: str
    party: str
    stage: str
    since: datetime
    until: datetime
    elapsed: str
    worked: str
    running: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in the bar: `kind` is now, due, step (ahead) or stepped (taken)."""

    at: str
    kind: str
    label: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole bar, and the sums by party for the legend."""

    stretches: Sequence[Stretch]
    marks: Sequence[Mark]
    totals: Sequence[tuple[str, str, str]]
    begin: datetime
    end: datetime
    is_late: bool


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        """Where a moment stands, in percent of the bar."""
        share = (moment - self.begin) / (self.end - self.begin)
        return min(100.0, max(0.0, share * 100))


def picture_of(
    clock: Mapping[str, Any], units: Mapping[str, str], *, now: datetime, is_open: bool
) -> Picture | None:
    """The picture of a clock (GET /cases/{no}/clock); None where nobody ever held the case.

    `units` gives the names of units by their codes. Times keep their zones.
    """
    held = [_read(segment) for segment in clock["segments"]]
    if not held:
        return None
    due = _deadline(clock["timers"])
    steps = _steps(clock["timers"])
    begin = held[0][0]
    last = max([held[-1][1], *([due] if due else [])])
    whole = max(last - begin, SHORTEST)
    steps = [step for step in steps if step[0] <= begin + whole * (1 + BEYOND)]
    scale = _Scale(begin, begin + whole * (1 + BEYOND))
    stretches = [_stretch(one, scale, units) for one in held]
    end = held[-1][1]
    marks = [Mark(f"{scale.at(at):.2f}", kind, label, at) for at, kind, label in steps]
    if due:
        marks.append(Mark(f"{scale.at(due):.2f}", "due", _("处置期限"), due))
    if is_open:
        marks.append(Mark(f"{scale.at(now):.2f}", "now", _("现在"), now))
    is_late = bool(due and (now if is_open else end) > due)
    return Picture(stretches, marks, _totals(stretches), begin, scale.end, is_late)


def _read(segment: Mapping[str, Any]) -> tuple[datetime, datetime, Mapping[str, Any]]:
    since, until = datetime.fromisoformat(segment["from"]), datetime.fromisoformat(segment["to"])
    return since, max(since, until), segment


def _stretch(
    held: tuple[datetime, datetime, Mapping[str, Any]], scale: _Scale, units: Mapping[str, str]
) -> Stretch:
    since, until, segment = held
    party = segment["party"]
    begin = scale.at(since)
    elapsed = (until - since).total_seconds()
    worked = min(segment["counted_minutes"] * 60, elapsed)  # the minutes are rounded
    name = words.ROLES.get(party) or words.PARTIES.get(party) or units.get(party) or party
    return Stretch(
        begin=f"{begin:.2f}",
        width=f"{max(LEAST, scale.at(until) - begin):.2f}",
        tone=TONES.get(party, UNIT),
        party=str(name),
        stage=_stage(segment),
        since=since,
        until=until,
        elapsed=duration(elapsed),
        worked=_("工作时间 %(time)s") % {"time": duration(worked)},
        running=segment["running"],
    )


def _stage(segment: Mapping[str, Any]) -> str:
    """What went on: the stage, or why the clocks stood still."""
    if segment.get("cause"):
        return words.word(segment["cause"], "stood")
    return words.word(segment["stage"], "stage")


def _deadline(timers: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When the disposal has to be done: the newest clock of that stage that was not cancelled."""
    dues = [
        timer["due_at"]
        for timer in timers
        if timer["stage"] == "DISPOSAL" and timer["state"] != "CANCELLED"
    ]
    return datetime.fromisoformat(dues[-1]) if dues else None


def _steps(timers: Sequence[Mapping[str, Any]]) -> list[tuple[datetime, str, str]]:
    """The marks of the disposal clocks: the moment, whether it was said, and who hears it."""
    return [
        (
            datetime.fromisoformat(mark["at"]),
            "stepped" if mark.get("said") else "step",
            f"{_mark_words(mark)} · {words.word(mark['level'], 'rung')}",
        )
        for timer in timers
        if timer["stage"] == "DISPOSAL" and timer["state"] != "CANCELLED"
        for mark in timer.get("marks", ())
        if mark["at"]
    ]


def _mark_words(mark: Mapping[str, Any]) -> str:
    """What a mark counts: a part of the limit, or workdays after the due time."""
    if mark.get("workdays"):
        return _("超期 %(days)s 个工作日") % {"days": mark["workdays"]}
    return f"{mark['percent']}%"


def _totals(stretches: Sequence[Stretch]) -> list[tuple[str, str, str]]:
    """How long each party held the case in all: tone, name, words; the longest first."""
    spent: dict[tuple[str, str], timedelta] = {}
    for one in stretches:
        key = (one.tone, one.party)
        spent[key] = spent.get(key, timedelta()) + (one.until - one.since)
    ranked = sorted(spent.items(), key=lambda pair: -pair[1])
    return [(tone, name, duration(time.total_seconds())) for (tone, name), time in ranked]
