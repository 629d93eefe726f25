"""What the page of absences and deputies (停派与代班) shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import deputies
from accounts.arrangements import Arrangement, Standing
from accounts.arranging import UNENDED
from accounts.models import Deputy, User
from dispatch.actions.duties import absences
from dispatch.models import UnitAbsence

TABS = ("units", "people")
PATHS = {"units": "/api/v1/unit-absences", "people": "/api/v1/deputies"}
GROUPS = (
    (Standing.CURRENT,),
    (Standing.COMING,),
    (Standing.OVER, Standing.ENDED, Standing.CALLED_OFF),
)
MOST_PAST = 40
FORM_MINUTES = 5
"""A new period is offered from the next multiple of these minutes on."""
WORKDAY_END = 18


@dataclass(frozen=True, slots=True)
class Line:
    """One arrangement as the page shows it; `left_s` are the seconds to its next change."""

    row: Arrangement
    away: str
    stands_in: str
    standing: Standing
    posts: tuple[str, ...]
    may_end: bool
    left_s: float


def tabs_of(user: User) -> tuple[str, ...]:
    """The parts of the page that are the user's to arrange; empty for who arranges nothing."""
    may = {
        "units": absences.may_arrange_any(user),
        "people": deputies.may_arrange_any(user.scope()),
    }
    return tuple(tab for tab in TABS if may[tab])


def context(query: Mapping[str, str], user: User, *, now: datetime) -> dict[str, Any]:
    """The whole page for a user of at least one tab."""
    tabs = tabs_of(user)
    tab = query.get("tab", "")
    tab = tab if tab in tabs else tabs[0]
    lines = {"units": _absences, "people": _deputies}[tab](user, now)
    done = query.get("done", "")
    labels = {"units": _("单位停派"), "people": _("人员代班")}
    start = _next_start(now)
    return {
        "page_name": "standing_in",
        "now": now,
        "tab": tab,
        "path": PATHS[tab],
        "tabs": [{"name": one, "label": labels[one], "here": one == tab} for one in tabs],
        "groups": _groups(lines),
        "done": next((line for line in lines if str(line.row.pk) == done), None),
        "start": start,
        "end": _end_of_day(start),
    }


def _absences(user: User, now: datetime) -> list[Line]:
    rows = absences.absences_for(user, now=now, over=True)
    return [_line_of_unit(row, now) for row in rows]


def _line_of_unit(row: UnitAbsence, now: datetime) -> Line:
    standing = row.standing(now)
    is_open, left = standing in UNENDED, _left(row, standing, now)
    return Line(row, row.unit.name, row.deputy_unit.name, standing, (), is_open, left)


def _deputies(user: User, now: datetime) -> list[Line]:
    rows = deputies.deputies_for(user, now=now)
    posts = deputies.lent_in_words(rows)
    reached = {row.pk for row in deputies.rows_within_reach(user.scope(), rows)}
    return [_line_of_person(row, now, posts, reached) for row in rows]


def _line_of_person(
    row: Deputy, now: datetime, posts: Mapping[int, tuple[str, ...]], reached: set[int]
) -> Line:
    standing = row.standing(now)
    may_end = standing in UNENDED and row.pk in reached
    lent = posts[row.pk]
    left = _left(row, standing, now)
    return Line(row, str(row.absent), str(row.deputy), standing, lent, may_end, left)


def _left(row: Arrangement, standing: Standing, now: datetime) -> float:
    next_change = row.starts_at if standing == Standing.COMING else row.ends_at
    return (next_change - now).total_seconds()


def _groups(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Present and coming ones by their beginning, past ones from the latest back."""
    labels = (_("进行中"), _("未开始"), _("近三个月已结束"))
    found = []
    for standings, label in zip(GROUPS, labels, strict=True):
        own = [line for line in lines if line.standing in standings]
        is_past = Standing.OVER in standings
        own.sort(key=lambda line: (line.row.starts_at, line.row.pk), reverse=is_past)
        name = standings[0].value.lower()
        found.append({"name": name, "label": label, "lines": own[:MOST_PAST] if is_past else own})
    return found


def _next_start(now: datetime) -> datetime:
    """The next full five minutes on the city's clock."""
    local = timezone.localtime(now)
    beyond = timedelta(
        minutes=local.minute % FORM_MINUTES, seconds=local.second, microseconds=local.microsecond
    )
    return local - beyond + timedelta(minutes=FORM_MINUTES)


def _end_of_day(start: datetime) -> datetime:
    """The end of the working day, else that of the next."""
    end = start.replace(hour=WORKDAY_END, minute=0)
    return end if end > start else end + timedelta(days=1)
