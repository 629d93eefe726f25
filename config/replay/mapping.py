"""A mapping says which column of a file is which field of a voice (TOML; docs/replay.md).

It names columns and values, never data.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from config.replay.errors import ReplayError
from dispatch.models import Line
from gis.coords import Crs

TEXTS = ("category", "kind", "channel", "title", "content", "address", "component_id", "district",
         "phone", "name")  # fmt: skip
NUMBERS = ("lon", "lat", "accuracy_m")
FLAGS = ("wants_reply", "anonymous", "confidential")
TIMES = ("opened", "occurred")
FIELDS = ("id", *TIMES, *TEXTS, *NUMBERS, "priority", *FLAGS)
NEEDED = ("id", "opened", "category", "title")
CUTTABLE = ("title", "content", "address")
TOP = {"source": str, "timezone": str, "crs": str, "encoding": str, "delimiter": str,
       "time_format": str, "cut": list, "columns": dict, "constants": dict, "values": dict,
       "line": dict, "lines": dict, "outcome": dict}  # fmt: skip
TOML_NAMES = {"str": "text", "list": "list", "dict": "table"}
LINE_KEYS = ("column", "values")
OUTCOME_KEYS = ("closed", "status", "closed_values", "late", "late_values")
OTHERWISE = "*"
"""In a value map: what all values become that it does not name."""
LINE_CONSTANTS: dict[str, dict[str, Any]] = {
    Line.HOTLINE.value: {"channel": "PHONE", "kind": "OTHER"},
    Line.GRID.value: {"channel": "INSPECTOR", "kind": "FINDING"},
    Line.AFFAIRS.value: {"channel": "SERVICE", "kind": "EVENT"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMapping:
    """A mapping that was read and found in order."""

    path: Path
    source: str
    zone: ZoneInfo
    crs: str
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    time_format: str = ""
    cut: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    line_column: str = ""
    line_values: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    closed: str = ""
    status: str = ""
    closed_values: frozenset[str] = frozenset()
    late: str = ""
    late_values: frozenset[str] = frozenset()

    def named_columns(self) -> list[str]:
        """Every column that the mapping names, once."""
        extra = (self.line_column, self.closed, self.status, self.late)
        return list(dict.fromkeys([*self.columns.values(), *filter(None, extra)]))


def read_mapping(path: Path) -> RowMapping:
    """The mapping in a TOML file. Raises ReplayError that names the key and what it may be."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ReplayError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ReplayError(f"{path}: not TOML: {error}") from error
    return _Reading(path, raw).mapping()


class _Reading:
    """Checks the keys of one mapping file and makes the mapping."""

    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self.path, self.raw = path, raw

    def mapping(self) -> RowMapping:
        """The mapping, after every check."""
        self._known("", self.raw, TOP)
        for name, kind in TOP.items():
            if not isinstance(self.raw.get(name, kind()), kind):
                raise self._error(name, f"should be a {TOML_NAMES[kind.__name__]}")
        self._check_fields()
        line, outcome = self._table("line"), self._table("outcome")
        self._known("line", line, LINE_KEYS)
        self._known("outcome", outcome, OUTCOME_KEYS)
        self._check_lines(line)
        return RowMapping(
            path=self.path,
            source=self._source(),
            zone=self._zone(),
            crs=self._crs(),
            encoding=self.raw.get("encoding", "utf-8-sig"),
            delimiter=self.raw.get("delimiter", ","),
            time_format=self.raw.get("time_format", ""),
            cut=frozenset(self.raw.get("cut", [])),
            columns=self._table("columns"),
            constants=self._table("constants"),
            values=self._table("values"),
            line_column=line.get("column", ""),
            line_values=line.get("values", {}),
            lines=self._table("lines"),
            closed=outcome.get("closed", ""),
            status=outcome.get("status", ""),
            closed_values=frozenset(map(str, outcome.get("closed_values", []))),
            late=outcome.get("late", ""),
            late_values=frozenset(map(str, outcome.get("late_values", []))),
        )

    def _table(self, name: str) -> dict[str, Any]:
        table: dict[str, Any] = self.raw.get(name, {})
        return table

    def _check_fields(self) -> None:
        columns, constants = self._table("columns"), self._table("constants")
        self._known("columns", columns, FIELDS)
        self._known("constants", constants, FIELDS)
        self._known("values", self._table("values"), (*TEXTS, "priority", *FLAGS))
        self._known("cut", self.raw.get("cut", []), CUTTABLE)
        self._check_kinds(columns, str, "columns", "should be the name of a column")
        self._check_kinds(
            self._table("values"), dict, "values", 'should be a table: "their value" = "ours"'
        )
        for name in NEEDED:
            if name not in columns and name not in constants:
                raise self._error(f"columns.{name}", "is missing: every voice needs it")
        if "id" not in columns:
            raise self._error("columns.id", "must be a column: it tells one row from another")
        if ("lon" in columns) != ("lat" in columns):
            raise self._error("columns", "lon and lat belong together")

    def _check_kinds(self, table: dict[str, Any], kind: type, where: str, why: str) -> None:
        for name, value in table.items():
            if not isinstance(value, kind):
                raise self._error(f"{where}.{name}", why)

    def _check_lines(self, line: dict[str, Any]) -> None:
        if bool(line.get("column")) != bool(line.get("values")):
            raise self._error("line", 'needs column = "..." and a table line.values')
        for value, name in line.get("values", {}).items():
            if name not in Line.values:
                raise self._error(f'line.values."{value}"', _one_of(name, Line.values))
        self._known("lines", self._table("lines"), Line.values)
        for name, constants in self._table("lines").items():
            self._known(f"lines.{name}", constants, FIELDS)

    def _known(self, where: str, keys: Iterable[str], known: Iterable[str]) -> None:
        names = list(known)
        for key in keys:
            if key not in names:
                raise self._error(f"{where}.{key}".lstrip("."), _one_of(key, names))

    def _source(self) -> str:
        source: str = self.raw.get("source", "")
        if not source or len(source) > 40:  # noqa: PLR2004
            raise self._error("source", "is needed: the other system's name, at most 40 letters")
        return source

    def _zone(self) -> ZoneInfo:
        name = self.raw.get("timezone", settings.TIME_ZONE)
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise self._error("timezone", f"{name!r} is no time zone (Asia/Shanghai)") from error

    def _crs(self) -> str:
        crs: str = self.raw.get("crs", "")
        if "lon" in self._table("columns") and crs not in set(Crs):
            raise self._error("crs", _one_of(crs, list(Crs)))
        return crs

    def _error(self, key: str, why: str) -> ReplayError:
        return ReplayError(f"{self.path}: {key}: {why}")


def _one_of(given: str, known: Iterable[str]) -> str:
    names = [str(name) for name in known]
    near = difflib.get_close_matches(given, names, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{given!r} is not known{hint} (known: {', '.join(names)})"
