"""Loads places and addresses from a table (CSV), all good rows or none."""

import csv
import gzip
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO

import numpy as np

from gis import locator
from gis.coords import MAX_LAT, MAX_LON, Crs, to_wgs84_many
from gis.gazetteer import NewPlace, PlaceChanges, write_places
from gis.loading.reading import ImportFileError, tidy

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class PlaceColumns:
    """The columns of the table; one that is "" is left empty."""

    name: str
    lon: str
    lat: str
    address: str = ""
    kind: str = ""

    def named(self) -> list[str]:
        """The columns that must be there."""
        return [c for c in (self.name, self.lon, self.lat, self.address, self.kind) if c]


@dataclass(slots=True)
class PlaceReport:
    """What became of the rows; they count from 1, the header not counted."""

    rows: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    changes: PlaceChanges | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    name: str
    kind: str
    address: str
    lon: float
    lat: float


def load_places(
    path: Path,
    columns: PlaceColumns,
    *,
    crs: Crs,
    skip_refused: bool,
    encoding: str,
    say: Callable[[str], None],
) -> PlaceReport:
    """Write the places of a CSV or CSV.gz; raises ImportFileError.

    With refused rows nothing is written unless `skip_refused`; then `changes` is None. Where areas
    are loaded, each place gets its district, and a place outside them is refused.
    """
    report = PlaceReport()
    rows = list(_rows(path, columns, encoding, report))
    say(f"Checking {report.rows:,} rows ...")
    places = list(_placed(rows, crs, report))
    if not report.rows:
        raise ImportFileError("NO_ROWS", f"{path.name} is empty: it has no rows")
    if not report.refused or (skip_refused and places):
        say(f"Writing {len(places):,} places ...")
        report.changes = write_places(places, source=path.name)
    return report


def _rows(path: Path, columns: PlaceColumns, encoding: str, report: PlaceReport) -> Iterator[_Row]:
    try:
        with _opened(path) as raw, TextIOWrapper(raw, encoding=encoding, newline="") as text:
            reader = csv.DictReader(text)
            _check_header(path, columns, list(reader.fieldnames or []))
            for number, record in enumerate(reader, start=1):
                report.rows = number
                row = _row(number, record, columns, report)
                if row is not None:
                    yield row
    except UnicodeDecodeError as error:
        raise ImportFileError(
            "WRONG_ENCODING", f"{path.name} is not written in {encoding}; try --encoding GBK"
        ) from error
    except (OSError, EOFError, csv.Error) as error:
        raise ImportFileError("UNREADABLE", f"{path.name} cannot be read: {error}") from error


def _opened(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise ImportFileError("NO_FILE", f"there is no file {path}")
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _check_header(path: Path, columns: PlaceColumns, header: list[str]) -> None:
    for wanted in columns.named():
        if wanted not in header:
            known = ", ".join(header) or "none"
            raise ImportFileError(
                "NO_COLUMN", f"{path.name} has no column {wanted!r}; its columns are: {known}"
            )


def _row(
    number: int, record: Mapping[str, str | None], columns: PlaceColumns, report: PlaceReport
) -> _Row | None:
    name = tidy(record[columns.name])
    lon, lat = _degrees(record[columns.lon]), _degrees(record[columns.lat])
    if not name:
        report.refused[number] = "it has no name"
    elif math.isnan(lon) or math.isnan(lat):
        report.refused[number] = "its position is not a pair of numbers"
    elif abs(lon) > MAX_LON or abs(lat) > MAX_LAT:
        report.refused[number] = f"{lon}, {lat} is not a longitude and a latitude"
    else:
        kind = tidy(record[columns.kind]) if columns.kind else ""
        address = tidy(record[columns.address]) if columns.address else ""
        return _Row(number, name, kind, address, lon, lat)
    return None


def _degrees(text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _placed(rows: list[_Row], crs: Crs, report: PlaceReport) -> Iterator[NewPlace]:
    """The places with their districts, without those outside the city."""
    lons = np.array([row.lon for row in rows], dtype=np.float64)
    lats = np.array([row.lat for row in rows], dtype=np.float64)
    lons, lats = to_wgs84_many(lons, lats, crs)
    snapshot = locator.refresh()
    found = snapshot.locate_many(lons, lats)
    for row, lon, lat, place in zip(rows, lons.tolist(), lats.tolist(), found, strict=True):
        if place is None and not snapshot.is_empty:
            report.refused[row.number] = f"it lies outside the city ({row.name})"
            continue
        district = place.district_code if place else ""
        yield NewPlace(row.name, row.kind, lon, lat, row.address, district)
