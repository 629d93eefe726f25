"""Arranging and ending periods in which one stands in for another: what both kinds share."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.arrangements import Arrangement, Standing
from accounts.models import User
from gis.gazetteer import initials_of

FURTHEST = timedelta(days=366)
"""How far off a period may begin, before or after now."""
MOST_LETTERS = 200
"""Of a reason."""
UNENDED = frozenset({Standing.CURRENT, Standing.COMING})

Problem = tuple[str, str, object]
"""The field, the code, the words."""
Kind = TypeVar("Kind", bound=Arrangement)
Row = TypeVar("Row")


class ArrangementError(Exception):
    """It cannot be arranged or ended so; `fields` names every field that is wrong."""

    def __init__(self, *problems: Problem, status: int = 422) -> None:
        path, self.code, self.message = problems[0]
        super().__init__(f"{self.code} {path}")
        self.status = status
        self.fields: dict[str, list[str]] = {}
        for field, _code, words in problems:
            self.fields.setdefault(field, []).append(str(words))


class NotYoursToArrangeError(Exception):
    """The arranger's posts do not reach who is away, or who would stand in (403)."""

    code = "NOT_ALLOWED"
    message = gettext_lazy("您的岗位不能作此安排。")

    def __init__(self, *paths: str) -> None:
        super().__init__(*paths)
        self.fields = {path: [_("不在您的岗位管辖之内。")] for path in paths}


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when, and why."""

    starts_at: datetime
    ends_at: datetime
    reason: str

    def problems(self, *, longest: timedelta, now: datetime) -> list[Problem]:
        """What is wrong with it, field by field."""
        found: list[Problem] = []
        if self.ends_at <= self.starts_at or self.ends_at <= now:
            words = _("结束时间须晚于开始时间，且未过去。")
            found.append(("ends_at", "BAD_PERIOD", words))
        elif self.ends_at - self.starts_at > longest:
            words = _("最长 %(days)s 天。") % {"days": longest.days}
            found.append(("ends_at", "TOO_LONG", words))
        if abs(self.starts_at - now) > FURTHEST:
            found.append(("starts_at", "TOO_FAR", _("须在一年之内开始。")))
        return found + _problems_of_reason(self.reason)


def check_reach(reached: Mapping[str, bool]) -> None:
    """Raise NotYoursToArrangeError naming the fields that the arranger's posts do not reach."""
    if beyond := [path for path, is_reached in reached.items() if not is_reached]:
        raise NotYoursToArrangeError(*beyond)


def refuse(problems: list[Problem]) -> None:
    """Raise ArrangementError where there are problems."""
    if problems:
        raise ArrangementError(*problems)


@transaction.atomic
def save(
    row: Kind, period: Period, *, refusals: Mapping[str, Problem], by: User, now: datetime
) -> Kind:
    """Write a new row with its period.

    `refusals` says by the names of constraints what the database's refusal means; raises
    ArrangementError.
    """
    row.starts_at, row.ends_at = period.starts_at, period.ends_at
    row.reason = period.reason.strip()[:MOST_LETTERS]
    row.by, row.created_at = by, now
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        for name, problem in refusals.items():
            if name in str(error):
                raise ArrangementError(problem) from error
        raise
    return row


def locked(rows: Any, pk: int) -> Any:
    """The row with this id, locked until the transaction ends; None where there is none."""
    return rows.select_for_update(of=("self",)).filter(pk=pk).first()


@transaction.atomic
def end_early(row: Arrangement, *, reason: str, by: User, now: datetime) -> bool:
    """End or call off a locked row, and why; True where this ended it, a second time does nothing.

    Raises ArrangementError REQUIRED.
    """
    if row.standing(now) not in UNENDED:
        return False
    refuse(_problems_of_reason(reason))
    row.cancelled_at, row.cancelled_by = now, by
    row.cancel_reason = reason.strip()[:MOST_LETTERS]
    row.save(update_fields=["cancelled_at", "cancelled_by", "cancel_reason"])
    return True


def _problems_of_reason(reason: str) -> list[Problem]:
    return [] if reason.strip() else [("reason", "REQUIRED", _("请写明事由。"))]


def nearest(rows: Iterable[Row], text: str, names: Callable[[Row], tuple[str, str]]) -> list[Row]:
    """The rows that a typed text means, by their code and name or its pinyin; the nearest first."""
    typed = text.strip().lower()
    ranked = [(_rank(typed, *names(row)), names(row), row) for row in rows]
    kept = [found for found in ranked if found[0] is not None]
    return [row for _nearness, _names, row in sorted(kept, key=itemgetter(0, 1))]


def _rank(typed: str, code: str, name: str) -> int | None:
    code, name = code.lower(), name.lower()
    ways = (
        not typed or code == typed,
        name.startswith(typed),
        code.startswith(typed),
        typed in name or typed in initials_of(name),
    )
    return next((rank for rank, fits in enumerate(ways) if fits), None)
