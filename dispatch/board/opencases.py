"""The open cases as columns in memory: who may see which, how many, in which square (no database).

A column holds one value for each case at the same place; words are kept as small numbers.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from accounts.scope import Scope
from dispatch.lifecycle import State
from dispatch.models.cases import ON_SITE, Line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Mask = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]
WORDS = ("district", "street", "community", "unit", "state", "line", "category", "priority")
NUMBERS: dict[str, str] = {
    "id": "i8", "case_no": "S24", "due_at": "i8", "created_at": "i8", "x": "f8", "y": "f8",
    "sensitive": "?", "supervised": "?", "rework_count": "i2", "return_count": "i2",
}  # fmt: skip
WORD = "u2"
"""A column has at most 65,535 different words: codes of areas, units, categories."""
FIRST_ROOM = 1024
PAGE_BITS = 10
MOST_SQUARES = 32


class OpenCase(NamedTuple):
    """One open case: microseconds since 1970, metres in EPSG:3857 (infinite without a place)."""

    id: int
    case_no: str
    due_at: int
    created_at: int
    x: float
    y: float
    sensitive: bool
    supervised: bool
    rework_count: int
    return_count: int
    district: str
    street: str
    community: str
    unit: int
    state: str
    line: str
    category: str
    priority: int
    supports: Sequence[int]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The open cases of one square: their middle in metres; `only` names a single one."""

    x: float
    y: float
    n: int
    overdue: int
    priority: int
    only: tuple[str, str, str] | None


class _Numbering(dict[Any, int]):
    """A number for each word, in the order of their coming."""

    def __missing__(self, word: object) -> int:
        self[word] = number = len(self)
        return number


class _Places:
    """The place of each id: pages of neighbouring ids, a fifteenth of the memory of a dict."""

    def __init__(self) -> None:
        self._pages: dict[int, npt.NDArray[np.int32]] = {}

    def get(self, pk: int) -> int | None:
        """Where the case stands; None where it is not known."""
        page = self._pages.get(pk >> PAGE_BITS)
        place = -1 if page is None else int(page[pk & (1 << PAGE_BITS) - 1])
        return None if place < 0 else place

    def set(self, pk: int, place: int | None) -> None:
        """It stands there now, or nowhere."""
        number = pk >> PAGE_BITS
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = np.full(1 << PAGE_BITS, -1, np.int32)
        page[pk & (1 << PAGE_BITS) - 1] = -1 if place is None else place


def microseconds(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


class OpenCases:
    """All open cases. Callers keep others from changing it while they read."""

    def __init__(self) -> None:
        self.count = 0
        self.places = _Places()
        self.supports: dict[int, frozenset[int]] = {}
        self.words = {name: _Numbering() for name in WORDS}
        kinds = {**NUMBERS, **dict.fromkeys(WORDS, WORD)}
        self.columns: dict[str, npt.NDArray[Any]] = {
            name: np.zeros(FIRST_ROOM, kind) for name, kind in kinds.items()
        }

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.columns[name][: self.count]

    def put(self, cases: Sequence[OpenCase]) -> None:
        """Take cases in, in place of what was known of them."""
        if not cases:
            return
        at = [self._place(case.id) for case in cases]
        given = dict(zip(OpenCase._fields, zip(*cases, strict=True), strict=True))
        for name in NUMBERS:
            self.columns[name][at] = given[name]
        for name in WORDS:
            number = self.words[name]
            self.columns[name][at] = [number[word] for word in given[name]]
        for case in cases:
            if case.supports:
                self.supports[case.id] = frozenset(case.supports)
            else:
                self.supports.pop(case.id, None)

    def _place(self, pk: int) -> int:
        place = self.places.get(pk)
        if place is None:
            place = self.count
            self.places.set(pk, place)
            self.count += 1
            if self.count > self.columns["id"].size:
                self._double()
        return place

    def _double(self) -> None:
        for name, column in self.columns.items():
            wider = np.zeros(2 * column.size, column.dtype)
            wider[: column.size] = column
            self.columns[name] = wider

    def drop(self, ids: Iterable[int]) -> None:
        """Forget cases that ended; the last one takes the place of each."""
        for pk in ids:
            place = self.places.get(pk)
            if place is None:
                continue
            self.places.set(pk, None)
            self.supports.pop(pk, None)
            self.count -= 1
            if place != self.count:
                for column in self.columns.values():
                    column[place] = column[self.count]
                self.places.set(int(self.columns["id"][place]), place)

    def due_between(self, after: tuple[int, int], upto: tuple[int, int]) -> set[int]:
        """The ids of the cases that stand behind one (due time, id) up to another."""
        due_at, ids = self["due_at"], self["id"]
        behind = (due_at > after[0]) | (due_at == after[0]) & (ids > after[1])
        before = (due_at < upto[0]) | (due_at == upto[0]) & (ids <= upto[1])
        return set(ids[behind & before].tolist())

    def among(self, name: str, words: Collection[object]) -> Mask:
        """The cases with one of these words in a column."""
        numbers = [self.words[name][word] for word in words if word in self.words[name]]
        if len(numbers) == 1:
            same: Mask = self[name] == numbers[0]
            return same
        wanted = np.zeros(len(self.words[name]) + 1, bool)
        wanted[numbers] = True
        one_of: Mask = wanted[self[name]]
        return one_of

    def visible(self, scope: Scope) -> Mask:
        """The cases that the posts open: what `visible_condition` says in SQL."""
        seen = np.zeros(self.count, bool)
        for prefix in scope.areas:
            seen |= self._inside(prefix)
        for prefix in scope.patrol_areas:
            seen |= self._inside(prefix) & (~self["sensitive"] | self.among("state", ON_SITE))
        if scope.unit_ids:
            seen |= self.among("unit", scope.unit_ids)
            seen |= self.supported_by(scope.unit_ids)
        return seen

    def supported_by(self, units: Collection[int]) -> Mask:
        """The cases that one of the units supports."""
        wanted, found = frozenset(units), np.zeros(self.count, bool)
        helped = (pk for pk, others in self.supports.items() if others & wanted)
        found[[place for pk in helped if (place := self.places.get(pk)) is not None]] = True
        return found

    def _inside(self, prefix: str) -> Mask:
        exact = {6: "district", 9: "street", 12: "community"}.get(len(prefix))
        if exact:
            return self.among(exact, [prefix])
        known = self.words["district"]
        return self.among("district", [code for code in known if code.startswith(prefix)])

    def counters(
        self, chosen: Mask, *, now: datetime, soon: datetime, midnight: datetime
    ) -> dict[str, int]:
        """How many of the chosen cases there are, by what a handler asks first."""
        due, created = self["due_at"][chosen], self["created_at"][chosen]
        states, lines = self["state"][chosen], self["line"][chosen]
        overdue = np.count_nonzero(due <= microseconds(now))
        soon_or_before = np.count_nonzero(due <= microseconds(soon))
        number = self.words["line"]
        return {
            "all": int(due.size),
            "overdue": int(overdue),
            "due_soon": int(soon_or_before - overdue),
            "unsigned": _count(states, self.words["state"].get(State.PENDING_SIGN.value)),
            "today": int(np.count_nonzero(created >= microseconds(midnight))),
            **{line.lower(): _count(lines, number.get(line)) for line in Line.values},
        }

    def clusters(self, chosen: Mask, box: Box, *, size: float, now: datetime) -> list[Cluster]:
        """The chosen cases of a box (metres, borders included) by squares of `size` metres."""
        west, south, east, north = box
        x, y = self["x"], self["y"]
        inside = chosen & (x >= west) & (x <= east) & (y >= south) & (y <= north)
        at = np.flatnonzero(inside)
        if not at.size:
            return []
        x, y = x[at], y[at]
        columns, rows = np.floor(x / size), np.floor(y / size)
        square = (columns - columns.min()) * MOST_SQUARES + rows - rows.min()
        return self._clustered(at, square.astype(int), x, y, microseconds(now))

    def _clustered(
        self,
        at: npt.NDArray[Any],
        square: npt.NDArray[Any],
        x: npt.NDArray[Any],
        y: npt.NDArray[Any],
        now: int,
    ) -> list[Cluster]:
        n = np.bincount(square)
        sum_x, sum_y = np.bincount(square, x), np.bincount(square, y)
        overdue = np.bincount(square, self["due_at"][at] <= now)
        priority = np.full(n.size, np.iinfo(int).max)
        np.minimum.at(priority, square, self._priorities()[self["priority"][at]])
        one = np.zeros(n.size, int)
        one[square] = at
        return [
            Cluster(
                x=float(sum_x[s] / n[s]),
                y=float(sum_y[s] / n[s]),
                n=int(n[s]),
                overdue=int(overdue[s] > 0),
                priority=int(priority[s]),
                only=self._name(one[s]) if n[s] == 1 else None,
            )
            for s in np.flatnonzero(n)
        ]

    def _priorities(self) -> npt.NDArray[Any]:
        return np.array(list(self.words["priority"]))

    def _name(self, place: int) -> tuple[str, str, str]:
        """Number, line and state of one case."""
        words = {name: list(self.words[name]) for name in ("line", "state")}
        line, state = (words[name][self[name][place]] for name in ("line", "state"))
        return self["case_no"][place].decode(), line, state


def _count(numbers: npt.NDArray[Any], number: int | None) -> int:
    return 0 if number is None else int(np.count_nonzero(numbers == number))
