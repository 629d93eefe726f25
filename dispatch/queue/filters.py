"""The filters of the queue page as its address names them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.lifecycle import MOVES, OPEN, State
from dispatch.models.cases import NEVER, Line, Priority
from dispatch.queries import (
    NEAR,
    RELATIONS,
    SORTS,
    FilterError,
    OwnWork,
    QueueFilters,
    home_district,
)
from dispatch.voices import is_storable

TILES: Final = ("all", "overdue", "due_soon", "unsigned", "today")
NAMES: Final = (
    *("tile", "line", "district", "street", "q", "state", "category", "priority", "unit"),
    *("due", "rel", "sort", "only"),
)
"""The parameters of the page's address that are kept when one of them changes."""
OF_THE_MOMENT: Final = frozenset({"only"})
"""What narrows the page for a moment and is no part of a saved filter or of the counters."""
DUE: Final = {"today": _("今天到期"), "3d": _("3 天内到期"), "none": _("未计时")}
IN_HAND: Final = frozenset({State.PENDING_SIGN.value, State.PROCESSING.value})
"""States in which the unit that leads has a case to work on."""
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every deadline: nothing fits where the tile asks for one state and the form for others."""
LONGEST_QUERY: Final = 600
DISTRICT_DIGITS: Final = 6


def filters_from(query: Mapping[str, str], user: User, now: datetime) -> QueueFilters:
    """The filters that a page's address names. Raises FilterError."""
    only = query.get("only", "")
    filters = QueueFilters(
        district=query.get("district", "") or _district_of(user),
        street=query.get("street", ""),
        line=_words(query, "line"),
        state=_words(query, "state"),
        category=query.get("category", ""),
        unit=query.get("unit", ""),
        priority=_priorities(query),
        relation=_words(query, "rel"),
        own=own_work_of(user),
        ids=(only,) if only else (),
        q=query.get("q", ""),
        sort=query.get("sort", "") or "due",
        cursor=query.get("cursor", ""),
    )
    _check(filters, query)
    return _with_times(filters, query, now)


def _check(filters: QueueFilters, query: Mapping[str, str]) -> None:
    """Refuse here what no look-up could answer, before a filter is kept or shared by anybody."""
    known: tuple[tuple[str, Sequence[str], Collection[str]], ...] = (
        ("rel", filters.relation, RELATIONS),
        ("state", filters.state, tuple(State)),
        ("line", filters.line, Line.values),
    )
    for name, asked, choices in known:
        if unknown := set(asked) - set(choices):
            raise FilterError(name, sorted(unknown))
    if filters.sort not in SORTS:
        raise FilterError("sort", " | ".join(SORTS))
    for name in NAMES:
        if not is_storable(query.get(name, "")):
            raise FilterError(name, _("文字中含有不可用的字符。"))


def counted_by(query: Mapping[str, str]) -> dict[str, str]:
    """The query whose cases the tiles count: whichever tile is chosen, all of them count."""
    return {k: v for k, v in query.items() if k not in {"tile", "only", "cursor", "sort"}}


def canonical(query: Mapping[str, str]) -> str:
    """The query text of a filter without what belongs to the moment. Raises FilterError."""
    kept = {k: query[k] for k in NAMES if query.get(k) and k not in OF_THE_MOMENT}
    text = urlencode(kept)
    if len(text) > LONGEST_QUERY:
        raise FilterError("query", _("筛选条件太长。"))
    return text


def parsed(text: str) -> dict[str, str]:
    """The parameters of a query text."""
    return dict(parse_qsl(text.removeprefix("?")))


def link(query: Mapping[str, str], **changes: str) -> str:
    """The page's address with some parameters changed; empty ones leave it."""
    kept = {k: v for k, v in query.items() if k in NAMES and k not in OF_THE_MOMENT}
    changed = {k: v for k, v in {**kept, **changes}.items() if v}
    return "/queue/" + (f"?{urlencode(changed)}" if changed else "")


def own_work_of(user: User) -> OwnWork:
    """The units that the user works in, and the states from which her roles carry a case on."""
    scope = user.scope()
    states = {
        state.value
        for move in MOVES
        if move.offered and move.target is not None and move.actors & scope.roles
        for state in move.sources
        if state in OPEN and len(move.sources) == 1
    }
    if scope.unit_ids:
        states |= IN_HAND
    return OwnWork(tuple(sorted(scope.unit_ids)), tuple(sorted(states)))


def _district_of(user: User) -> str:
    """A city-wide post looks at one district at a time, the one its live feed follows."""
    is_wide = any(len(area) < DISTRICT_DIGITS for area in user.scope().areas)
    return home_district(user) if is_wide else ""


def _words(query: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for word in query.get(name, "").split(",") if word)


def _priorities(query: Mapping[str, str]) -> tuple[int, ...]:
    try:
        return tuple(Priority(int(word)).value for word in _words(query, "priority"))
    except ValueError as error:
        raise FilterError("priority", "0,1,2,3") from error


def _with_times(filters: QueueFilters, query: Mapping[str, str], now: datetime) -> QueueFilters:
    """The tile's and the form's limits of time together: the narrower ones hold."""
    tile, due = _by_tile(query, now), _by_due(query, now)
    before = [at for at in (tile.get("due_before"), due.get("due_before")) if at]
    after = [at for at in (tile.get("due_after"), due.get("due_after")) if at]
    states = filters.state
    if query.get("tile") == "unsigned":
        if states and State.PENDING_SIGN.value not in states:
            before.append(LONG_AGO)
        states = (State.PENDING_SIGN.value,)
    return replace(
        filters,
        state=states,
        due_before=min(before) if before else None,
        due_after=max(after) if after else None,
        created_from=tile.get("created_from"),
    )


def _by_tile(query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    by_tile: dict[str, dict[str, Any]] = {
        "overdue": {"due_before": now + timedelta(microseconds=1)},
        "due_soon": {
            "due_after": now + timedelta(microseconds=1),
            "due_before": now + NEAR + timedelta(microseconds=1),
        },
        "today": {"created_from": midnight(now)},
    }
    return by_tile.get(query.get("tile", ""), {})


def _by_due(query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    due = query.get("due", "")
    by_due: dict[str, dict[str, Any]] = {
        "": {},
        "today": {"due_before": midnight(now) + timedelta(days=1)},
        "3d": {"due_before": now + timedelta(days=3)},
        "none": {"due_after": NEVER},
    }
    if due not in by_due:
        raise FilterError("due", " | ".join(DUE))
    return by_due[due]


def midnight(now: datetime) -> datetime:
    """The beginning of the city's day."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
