"""What the moves ask for: fields with their kinds and choices (pure; domain.md 7.2)."""

from dataclasses import dataclass
from enum import StrEnum


class RejectReason(StrEnum):
    """The six-way triage required by law (domain.md 2.4.1)."""

    TRANSFERRED_EMERGENCY = "TRANSFERRED_EMERGENCY"
    OTHER_LEGAL_CHANNEL = "OTHER_LEGAL_CHANNEL"
    REPEAT_NO_NEW = "REPEAT_NO_NEW"
    SECRET = "SECRET"  # noqa: S105
    OUT_OF_DUTY = "OUT_OF_DUTY"
    IMPROPER = "IMPROPER"


class Satisfaction(StrEnum):
    """How content a citizen is, in words: number codes are reversed between systems (9.1)."""

    VERY_SATISFIED = "VERY_SATISFIED"
    SATISFIED = "SATISFIED"
    BASICALLY = "BASICALLY"
    DISSATISFIED = "DISSATISFIED"
    VERY_DISSATISFIED = "VERY_DISSATISFIED"


DISCONTENT = frozenset({Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED})


def needs_explanation(solved: str, satisfaction: str) -> bool:
    """True where a matter is neither solved nor to the citizen's content (T33)."""
    return solved == "NO" or (solved == "PARTIAL" and satisfaction in DISCONTENT)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a move asks for: its name, kind (text, choice, unit, category, photos), choices."""

    name: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    required: bool = True


REASON = Field("reason")
TEXT = Field("text")
UNIT = Field("unit", "unit", required=False)
CONDITION = Field("condition", "condition", required=False)
PHOTOS = Field("photos", "photos", required=False)
REJECT = Field("reject_reason", "choice", tuple(RejectReason))
SOLVED = Field(
    "solved", "choice", ("YES", "NO", "PARTIAL", "UNREACHABLE", "OPTED_OUT"), required=False
)
ASKED = Field("solved", "choice", SOLVED.choices)
WORDS = Field("text", required=False)
CLAUSE, EVIDENCE = Field("clause"), Field("evidence")
OWNER = Field("unit", "unit")
INTO = Field("into", "case")
OTHER, JOINT = Field("other", "case"), Field("joint", required=False)
VOICES = Field("intakes", "voices")
DAYS, UNTIL = Field("days", "number"), Field("until", "date")
PRECEDENT = Field("precedent", "choice", ("YES", "NO"), required=False)
SATISFACTION = Field("satisfaction", "choice", tuple(Satisfaction), required=False)
WAYS = ("PHONE", "VISIT", "SMS", "OTHER")
WAY = Field("way", "choice", WAYS)
TOLD = Field("told", "choice", (*WAYS, "NOT_REACHED"), required=False)
"""How the citizen was told; asked for where a citizen speaks in the case."""
OUTCOME = Field("outcome", "choice", ("HANDLED", "NOT_HANDLED", "UNREACHABLE"))
"""What became of a case that 110/119/120/122 took over, by the call after 24 hours."""
EARLIER = Field("earlier", "case", required=False)
"""The older case that a repeat call is about."""
HOURS = Field("hours", "number", required=False)
"""The limit of a task in working hours; all that the giver has left where it is empty."""
CAUSE = Field("cause", "choice", ("SEASON", "ENGINEERING", "CONDITION"))
LEGAL_BASIS = Field("legal_basis")
RULING = Field("ruling", "choice", ("DESIGNATE", "JOINT", "TERRITORIAL", "RAISED"), required=False)
SUPPORT_UNIT = Field("support", "unit", required=False)
HOW_STERN = Field(
    "supervision", "choice", ("PHONE", "WRITTEN", "NOTICE", "LISTED", "INTERVIEW"), required=False
)
