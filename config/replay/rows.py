"""Makes a voice of a row, as the mapping says; a row that cannot be one is refused by itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.replay.errors import ReplayError
from config.replay.mapping import CUTTABLE, LINE_CONSTANTS, OTHERWISE, RowMapping
from config.replay.tables import Row
from dispatch import catalogue
from dispatch.actions.importing import Outcome
from dispatch.catalogue import UnknownCategoryError
from dispatch.intake import CLOCK_SKEW, KINDS, LENGTHS
from dispatch.models import Line
from dispatch.voices import NOBODY, Caller, IntakeError, NewIntake, Position, is_storable

SYSTEM = "replay:{}"
LONGEST_KEY = 120
LONGEST_CHANNEL = 12
DISTRICT = re.compile(r"\d{6}")
YES = frozenset({"1", "true", "t", "yes", "y", "是", "有"})


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the file: its number (from 1), its key and the voice, or why there is none."""

    number: int
    key: str
    voice: NewIntake | IntakeError
    opened: datetime
    outcome: Outcome | None


class RowReader:
    """Reads rows of one file by one mapping. Times come out in UTC, moved by `shift`."""

    def __init__(
        self,
        mapping: RowMapping,
        columns: Sequence[str],
        *,
        line: str,
        where: Mapping[str, str],
        with_outcome: bool,
        now: datetime,
    ) -> None:
        self.mapping, self.line, self.now = mapping, line, now
        self.shift = timedelta()
        self.system = SYSTEM.format(mapping.source)
        self.columns = list(dict.fromkeys([*mapping.named_columns(), *where]))
        _check_columns(mapping, self.columns, columns)
        _check_codes(mapping)
        if not line and not mapping.line_column:
            raise ReplayError(f"{mapping.path}: say --line, or [line] in the mapping")
        place = {name: n for n, name in enumerate(self.columns)}
        self.places = {name: place[column] for name, column in mapping.columns.items()}
        self.where = [(place[column], value) for column, value in where.items()]
        self.line_place = place.get(mapping.line_column)
        self.closed = place.get(mapping.closed) if with_outcome else None
        self.status, self.late = place.get(mapping.status), place.get(mapping.late)
        self.constants = {
            name: LINE_CONSTANTS[name] | dict(mapping.constants) | dict(mapping.lines.get(name, {}))
            for name in Line.values
        }

    def item(self, number: int, row: Row | None) -> Item | None:
        """The voice of a row; None for a row of another line, or not asked for."""
        if row is None:
            return self._refused(number, "", IntakeError("BAD_ROW", "row", _("列数与表头不符。")))
        if any(_text(row[place]) != value for place, value in self.where):
            return None
        try:
            line = self._line(row)
            if self.line and line != self.line:
                return None
            return self._item(number, row, line)
        except IntakeError as error:
            return self._refused(number, _text(row[self.places["id"]]), error)

    def opened(self, row: Row) -> datetime | None:
        """When a row was opened, UTC; None for a row that is not asked for or has no such time."""
        item = self.item(0, row)
        return None if item is None or isinstance(item.voice, IntakeError) else item.opened

    def _refused(self, number: int, key: str, error: IntakeError) -> Item:
        return Item(number, key, error, self.now, None)

    def _item(self, number: int, row: Row, line: str) -> Item:
        key = self._key(row)
        opened = self._time(row, "opened", line)
        if opened is None or opened > self.now + CLOCK_SKEW:
            raise IntakeError("TIME_OUT_OF_RANGE", "opened", _("时间缺失或在未来。"))
        voice = self._voice(row, line, key, opened)
        return Item(number, key, voice, opened, self._outcome(row, key))

    def _voice(self, row: Row, line: str, key: str, opened: datetime) -> NewIntake:
        priority = self._value(row, "priority", line)
        return NewIntake(
            line=Line(line),
            channel=self._channel(row, line),
            kind=self._value(row, "kind", line),
            category=self._value(row, "category", line),
            title=self._words(row, "title", line),
            content=self._words(row, "content", line),
            address=self._words(row, "address", line),
            occurred_at=self._time(row, "occurred", line) or opened,
            position=self._position(row, line),
            caller=self._caller(row, line),
            priority=None if priority == "" else int(_number(priority, "priority")),
            wants_reply=_flag(self._value(row, "wants_reply", line)),
            component_id=self._value(row, "component_id", line),
            district=self._district(row, line),
            source=(self.system, key),
        )

    def _value(self, row: Row, name: str, line: str) -> Any:
        """A field: the column's value through its value map, else the constant, else ""."""
        place = self.places.get(name)
        text = "" if place is None else _text(row[place])
        values = self.mapping.values.get(name)
        if values is not None and place is not None:
            mapped = values.get(text, values.get(OTHERWISE))
            if mapped is not None:
                return mapped
            if text:
                raise IntakeError("UNKNOWN_VALUE", name, _("映射中没有“%s”。") % text[:40])
        return text or self.constants[line].get(name, "")

    def _line(self, row: Row) -> str:
        if self.line_place is None:
            return self.line
        text = _text(row[self.line_place])
        values = self.mapping.line_values
        line = values.get(text, values.get(OTHERWISE))
        if line is None:
            raise IntakeError("UNKNOWN_VALUE", "line", _("映射中没有“%s”。") % text[:40])
        return line

    def _key(self, row: Row) -> str:
        key = _text(row[self.places["id"]])
        if not key or len(key) > LONGEST_KEY or not is_storable(key):
            raise IntakeError("BAD_ID", "id", _("编号缺失、过长或含有不可用的字符。"))
        return key

    def _words(self, row: Row, name: str, line: str) -> str:
        text: str = self._value(row, name, line)
        return text[: LENGTHS[name]] if name in self.mapping.cut and name in CUTTABLE else text

    def _channel(self, row: Row, line: str) -> str:
        channel: str = self._value(row, "channel", line)
        if len(channel) > LONGEST_CHANNEL or not is_storable(channel):
            raise IntakeError("TOO_LONG", "channel", _("最多 %d 个字。") % LONGEST_CHANNEL)
        return channel

    def _district(self, row: Row, line: str) -> str:
        district: str = self._value(row, "district", line)
        if district and not DISTRICT.fullmatch(district):
            raise IntakeError("UNKNOWN_DISTRICT", "district", _("区划代码应为六位数字。"))
        return district

    def _position(self, row: Row, line: str) -> Position | None:
        lon, lat = self._value(row, "lon", line), self._value(row, "lat", line)
        if lon == "" and lat == "":
            return None
        accuracy = self._value(row, "accuracy_m", line)
        return Position(
            _number(lon, "lon"),
            _number(lat, "lat"),
            self.mapping.crs,
            _number(accuracy, "accuracy_m") if accuracy != "" else 0.0,
        )

    def _caller(self, row: Row, line: str) -> Caller:
        phone, name = self._value(row, "phone", line), self._value(row, "name", line)
        anonymous = _flag(self._value(row, "anonymous", line))
        confidential = _flag(self._value(row, "confidential", line))
        if not (phone or name or anonymous or confidential):
            return NOBODY
        return Caller(phone, name, anonymous=anonymous, confidential=confidential)

    def _time(self, row: Row, name: str, line: str) -> datetime | None:
        place = self.places.get(name)
        if place is None:
            constant = self.constants[line].get(name)
            return self._moment(constant, name) if constant else None
        return self._moment(row[place], name)

    def _moment(self, value: Any, name: str) -> datetime | None:
        """A time as aware UTC, by the mapping's zone and format; None where there is none."""
        if value is None or value == "":
            return None
        at = self._parsed(value, name) if not isinstance(value, date) else value
        if not isinstance(at, datetime):
            at = datetime.combine(at, time.min)
        if at.tzinfo is None:
            at = at.replace(tzinfo=self.mapping.zone)
        try:
            return at.astimezone(UTC) + self.shift
        except OverflowError as error:
            raise IntakeError("BAD_TIME", name, _("无法识别的时间。")) from error

    def _parsed(self, value: Any, name: str) -> datetime:
        text, form = str(value).strip(), self.mapping.time_format
        try:
            if form:
                return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is set by _moment
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise IntakeError("BAD_TIME", name, _("无法识别的时间。")) from error

    def _outcome(self, row: Row, key: str) -> Outcome | None:
        if self.closed is None:
            return None
        if self.status is not None and _text(row[self.status]) not in self.mapping.closed_values:
            return None
        at = self._moment(row[self.closed], "closed")
        if at is None:
            return None
        late = self.late is not None and _text(row[self.late]) in self.mapping.late_values
        return Outcome((self.system, key), at, late)


def _text(value: Any) -> str:
    """A cell as text; "" for an empty one and for NaN."""
    if value.__class__ is str:
        text: str = value.strip()
        return text
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise IntakeError("BAD_NUMBER", name, _("应为数字。")) from error


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in YES


def _check_columns(mapping: RowMapping, wanted: Sequence[str], there: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise ReplayError(
            f"the file has no column {', '.join(map(repr, missing))} (mapping {mapping.path});"
            f" its columns are: {', '.join(there)}"
        )


def _check_codes(mapping: RowMapping) -> None:
    """Refuse a mapping that leads to categories or kinds that this city does not have."""
    sources: list[tuple[str, Mapping[str, Any]]] = [("constants", mapping.constants)]
    sources += [(f"lines.{name}", constants) for name, constants in mapping.lines.items()]
    given = [(where, name, table[name]) for where, table in sources
             for name in ("category", "kind") if name in table]  # fmt: skip
    for name in ("category", "kind"):
        values = mapping.values.get(name, {})
        given += [(f'values.{name}."{theirs}"', name, ours) for theirs, ours in values.items()]
    for where, name, code in given:
        if name == "kind" and code not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise ReplayError(f"{mapping.path}: {where}: {code!r} is no kind (known: {known})")
        if name == "category":
            _check_category(mapping, where, code)


def _check_category(mapping: RowMapping, where: str, code: str) -> None:
    try:
        catalogue.current().category(code)
    except UnknownCategoryError as error:
        raise ReplayError(
            f"{mapping.path}: {where}: {code!r} is no category of this city"
            " (load_catalogue loads the standard ones)"
        ) from error
