"""One move on many cases: each in a transaction of its own, each with its own answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from dispatch.actions.errors import MoveError, RuleError, StaleVersionError
from dispatch.actions.moving import make_move, may_move
from dispatch.lifecycle import MOVES, Move, State, moves_from
from dispatch.models import Case
from ui.words import word

MOST_CASES: Final = 200
DISTRICT_DIGITS: Final = 6
OF_ONE_CASE: Final = frozenset({"photos", "condition", "component"})
FOR_MANY: Final = frozenset(
    {
        *("accept", "ask_verify", "file", "dispatch", "emergency_dispatch", "sub_dispatch"),
        *("sign", "add_support", "accept_return", "ask_check", "urge", "supervise", "resume"),
    }
)
"""Moves that one decision may make for many cases. What ends a case, judges a result or sends work
back is decided case by case: closing in heaps is what supervision looks for (domain.md 5)."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A case as it was when it was ticked."""

    case_no: str
    version: int


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row: DONE, REFUSED with the reason, or CHANGED meanwhile by whom."""

    case_no: str
    result: str
    code: str = ""
    message: str = ""
    who: str = ""
    state: str = ""
    version: int = 0


def move_many(
    *, picked: Sequence[Picked], move: str, data: Mapping[str, Any], by: User, now: datetime
) -> list[RowResult]:
    """Make one move on each case, in the order given. Raises RuleError for too many or none.

    A batch whose answer was lost may be sent again: what its first arrival did says DONE.
    """
    if not 0 < len(picked) <= MOST_CASES:
        raise RuleError(_("一次 1 至 200 件。"), code="TOO_MANY_CASES")
    if move not in FOR_MANY:
        raise RuleError(_("这个操作要逐件决定，不能批量。"), code="NOT_FOR_MANY")
    once = {row.case_no: row for row in picked}
    return [_moved(row, move, data, by, now) for row in once.values()]


def _moved(row: Picked, move: str, data: Mapping[str, Any], by: User, now: datetime) -> RowResult:
    try:
        case = make_move(
            case_no=row.case_no, move=move, version=row.version, data=data, by=by, now=now
        )
    except StaleVersionError as error:
        if _is_own_repeat(row, move, error, by):
            state = Case.objects.values_list("state", flat=True).get(case_no=row.case_no)
            return RowResult(row.case_no, "DONE", state=state, version=error.version)
        return RowResult(
            row.case_no, "CHANGED", error.code, str(error.message), error.who, "", error.version
        )
    except MoveError as error:
        why = next((text for texts in error.fields.values() for text in texts), "")
        message = " ".join(part for part in (str(error.message), why) if part)
        return RowResult(row.case_no, "REFUSED", error.code, message)
    return RowResult(row.case_no, "DONE", state=case.state, version=case.version)


def _is_own_repeat(row: Picked, move: str, error: StaleVersionError, by: User) -> bool:
    """True when the one change since the tick is this very move, by this very person."""
    topics = {one.topic for one in MOVES if one.name == move}
    is_next = error.version == row.version + 1
    return is_next and error.topic in topics and error.who == str(by)


def moves_for_many(user: User, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """The moves that fit every one of the cases by state and post, with their fields.

    What else may stand in the way (a pending request, a missing photo) each row says when it is
    tried. Empty where a number is out of sight.
    """
    if not 0 < len(numbers) <= MOST_CASES:
        raise RuleError(_("一次 1 至 200 件。"), code="TOO_MANY_CASES")
    columns = ("state", "area_code", "lead_unit_id", "support_units")
    wanted = set(numbers)
    rows = {
        (state, area, lead, tuple(supports))
        for state, area, lead, supports in Case.objects.visible_to(user)
        .filter(case_no__in=wanted)
        .values_list(*columns)
    }
    if Case.objects.visible_to(user).filter(case_no__in=wanted).count() < len(wanted):
        return []
    scope = user.scope()
    names: set[str] | None = None
    for state, area, lead, supports in rows:
        fitting = {
            row.name
            for row in moves_from(State(state))
            if row.name in FOR_MANY and may_move(scope, row, area, lead, supports)
        }
        names = fitting if names is None else names & fitting
    offered = {row.name: row for state, *_ in rows for row in moves_from(State(state))}
    units = Choices(tuple(sorted({area[:DISTRICT_DIGITS] for _, area, *_ in rows})))
    return [_described(offered[name], units) for name in sorted(names or set())]


class Choices:
    """The units that may be named for cases of some districts, read when a field asks."""

    def __init__(self, districts: tuple[str, ...]) -> None:
        self.districts = districts

    @cached_property
    def units(self) -> list[dict[str, str]]:
        """Code and name of each unit of the districts."""
        inside = Q()
        for district in self.districts:
            inside |= Q(area_code__startswith=district)
        rows = Unit.objects.filter(inside).order_by("code").values_list("code", "name")
        return [{"value": code, "word": name} for code, name in rows]


def _described(row: Move, units: Choices) -> dict[str, Any]:
    """A move with its words and fields; what belongs to one case alone (photos) is left out."""
    return {
        "move": row.name,
        "word": word(row.name, "move"),
        "fields": [
            {
                "name": field.name,
                "word": word(field.name, "field"),
                "kind": field.kind,
                "required": field.required,
                "choices": units.units
                if field.kind == "unit"
                else [{"value": code, "word": word(code, "choice")} for code in field.choices],
            }
            for field in row.fields
            if field.kind not in OF_ONE_CASE or field.required
        ],
    }
