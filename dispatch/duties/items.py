"""Items of a duty list as plain rows: read from the table or a CSV, checked, compared, written out.

The columns of the file are those of ItemRow; a category of `*` is every category (兜底).
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from accounts.models import Unit, UnitLevel
from dispatch import catalogue
from dispatch.assignment import Hours
from dispatch.models import DutyItem, DutyList
from gis.models import Area

EVERY = "*"
LONGEST_NUMBER = 24


@dataclass(frozen=True, slots=True, order=True)
class ItemRow:
    """One item by its codes; `condition` may be empty, `hours` is ALWAYS, WORKING or OFF_HOURS."""

    item_no: str
    category: str
    area_code: str
    condition: str
    hours: str
    unit: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the item speaks of; items of one key form a pool."""
        return self.category, self.area_code, self.condition, self.hours


COLUMNS = tuple(field.name for field in fields(ItemRow))


class Refused(NamedTuple):
    """A row that cannot be taken: its line in the file, the column, why, and the row as it came."""

    line: int
    column: str
    why: str
    row: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """The codes that items may name."""

    categories: frozenset[str]
    conditions: Mapping[str, tuple[str, ...]]
    areas: frozenset[str]
    units: Mapping[str, str]

    @classmethod
    def read(cls) -> "Known":
        """As the tables are now: conditions with the chain of their category, units with level."""
        book = catalogue.current()
        return cls(
            frozenset(book.categories) | {EVERY},
            {code: book.chains[c.category.code] for code, c in book.conditions.items()},
            frozenset(Area.objects.current().values_list("code", flat=True)),
            dict(Unit.objects.values_list("code", "level")),
        )

    def problems(self, row: ItemRow) -> dict[str, str]:
        """What is wrong with a row by column, the first reason of each; empty for a good row."""
        conditions = self.conditions.get(row.condition, ())
        checks = (
            ("item_no", 0 < len(row.item_no) <= LONGEST_NUMBER, _("项号为 1 至 24 个字符。")),
            ("item_no", row.item_no[:1].isalnum(), _("项号以字母、数字或汉字开头。")),
            ("category", row.category in self.categories, _("目录中没有这个事项分类。")),
            ("area_code", row.area_code in self.areas, _("没有这个区划代码。")),
            (
                "condition",
                not row.condition or row.category in conditions,
                _("没有这个立案条件，或不属于该分类。"),
            ),
            ("hours", row.hours in list(Hours), _("时段为 ALWAYS、WORKING 或 OFF_HOURS。")),
            ("unit", row.unit in self.units, _("没有这个单位。")),
            (
                "unit",
                self.units.get(row.unit) != UnitLevel.COMMUNITY,
                _("社区只能协办，不能主办。"),
            ),
        )
        found: dict[str, str] = {}
        for column, fits, why in checks:
            if not fits:
                found.setdefault(column, why)
        return found


def read_csv(text: str, known: Known) -> tuple[list[ItemRow], list[Refused]]:
    """The good rows and the refused ones with their reasons; a missing column refuses all."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    missing = set(COLUMNS) - _columns_of(reader)
    if missing:
        why = _("缺少列：%s") % ", ".join(sorted(missing))
        return [], [Refused(1, "", why, {})]
    good: list[ItemRow] = []
    refused: list[Refused] = []
    numbers: set[str] = set()
    places: set[tuple[str, ...]] = set()
    for raw in _readable(reader, refused):
        row = _row(raw)
        problem = next(iter(known.problems(row).items()), None) or _twice(row, numbers, places)
        if problem:
            refused.append(
                Refused(reader.line_num, *problem, {c: raw.get(c) or "" for c in COLUMNS})
            )
        else:
            good.append(row)
        numbers.add(row.item_no)
        places.add((*row.key, row.unit))
    return good, refused


def _columns_of(reader: "csv.DictReader[str]") -> set[str]:
    try:
        return set(reader.fieldnames or ())
    except csv.Error:
        return set()


def _readable(reader: "csv.DictReader[str]", refused: list[Refused]) -> Iterator[dict[str, Any]]:
    """The rows up to the first that no reader takes; that one is refused, and with it the file."""
    try:
        yield from reader
    except csv.Error:
        refused.append(Refused(reader.line_num, "", _("这一行无法读取。"), {}))


def _row(raw: Mapping[str, Any]) -> ItemRow:
    values = {column: str(raw.get(column) or "").strip() for column in COLUMNS}
    values["category"] = values["category"] or EVERY
    values["hours"] = values["hours"] or Hours.ALWAYS.value
    return ItemRow(**values)


def _twice(row: ItemRow, numbers: set[str], places: set[tuple[str, ...]]) -> tuple[str, str] | None:
    if row.item_no in numbers:
        return "item_no", _("项号重复。")
    if (*row.key, row.unit) in places:
        return "unit", _("同一分类、区域、条件和时段下，该单位已列出。")
    return None


def refused_csv(refused: Iterable[Refused]) -> str:
    """The refused rows as a file: the columns, then line, column and reason."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, "line", "column", "why"])
    for one in refused:
        writer.writerow([*(one.row.get(c, "") for c in COLUMNS), one.line, one.column, one.why])
    return out.getvalue()


def rows_of(duty_list: DutyList | None) -> list[ItemRow]:
    """The items of a list in the order of their numbers; one query."""
    rows = DutyItem.objects.filter(duty_list=duty_list).order_by("item_no")
    columns = ("item_no", "category__code", "area_code", "condition_code", "hours", "unit__code")
    return [
        ItemRow(item_no, category or EVERY, area, condition, hours, unit)
        for item_no, category, area, condition, hours, unit in rows.values_list(*columns)
    ]


def csv_of(rows: Iterable[ItemRow]) -> str:
    """The rows as a file that `read_csv` reads."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(row) for row in rows)
    return out.getvalue()


def fingerprint(rows: Iterable[ItemRow]) -> str:
    """SHA-256 over the items in order: says whether a dry run is still of this list."""
    canonical = json.dumps(sorted(astuple(row) for row in rows), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Changes:
    """How one list differs from another, by item number."""

    added: list[ItemRow]
    removed: list[ItemRow]
    changed: list[tuple[ItemRow, ItemRow]]

    @property
    def areas(self) -> set[str]:
        """The areas that any change speaks of."""
        rows = [*self.added, *self.removed, *(row for pair in self.changed for row in pair)]
        return {row.area_code for row in rows}

    def __len__(self) -> int:
        return len(self.added) + len(self.removed) + len(self.changed)


def changes_between(old: Iterable[ItemRow], new: Iterable[ItemRow]) -> Changes:
    """What was added, removed and changed, each in the order of item numbers."""
    before = {row.item_no: row for row in old}
    after = {row.item_no: row for row in new}
    return Changes(
        added=sorted(row for number, row in after.items() if number not in before),
        removed=sorted(row for number, row in before.items() if number not in after),
        changed=sorted(
            (before[number], row)
            for number, row in after.items()
            if number in before and before[number] != row
        ),
    )
