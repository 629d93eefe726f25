"""Reads CSV, CSV.gz and Parquet row by row; a file is never wholly in memory."""

import csv
import gzip
import io
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from config.replay.errors import ReplayError

BATCH_ROWS = 4096
LONGEST_CELL = 1_000_000
Row = tuple[Any, ...]


class Table(ABC):
    """A file with named columns."""

    columns: list[str]

    @abstractmethod
    def rows(self, columns: Sequence[str]) -> Iterator[Row | None]:
        """The named columns of each row, in order; None for a row that is broken."""

    @abstractmethod
    def share_read(self) -> float:
        """How much of the file has been read, 0 to 1."""


def open_table(path: Path, *, encoding: str, delimiter: str) -> Table:
    """The table in a file, by its suffix: .csv, .csv.gz, .parquet. Raises ReplayError."""
    if not path.is_file():
        raise ReplayError(f"{path}: there is no such file")
    if not path.stat().st_size:
        raise ReplayError(f"{path}: the file is empty")
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return CsvTable(path, encoding=encoding, delimiter=delimiter)
    if name.endswith(".parquet"):
        return ParquetTable(path)
    raise ReplayError(f"{path}: unknown kind of file; give a .csv, .csv.gz or .parquet file")


class CsvTable(Table):
    """Comma-separated text with a header line, perhaps gzipped."""

    def __init__(self, path: Path, *, encoding: str, delimiter: str) -> None:
        self.path, self.encoding, self.delimiter = path, encoding, delimiter
        self.size = path.stat().st_size
        self.raw: io.BufferedReader | None = None
        csv.field_size_limit(LONGEST_CELL)
        self.columns = [name.strip() for name in next(self._lines(), [])]
        if not any(self.columns):
            raise ReplayError(f"{path}: the first line names no columns")

    def rows(self, columns: Sequence[str]) -> Iterator[Row | None]:
        """The named columns of each line after the header."""
        places = [self.columns.index(name) for name in columns]
        width = len(self.columns)
        lines = self._lines()
        next(lines)
        for line in lines:
            if line:
                whole = len(line) == width
                yield tuple([line[place] for place in places]) if whole else None

    def share_read(self) -> float:
        """By the bytes taken from the disk."""
        return self.raw.tell() / self.size if self.raw and not self.raw.closed else 1.0

    def _lines(self) -> Iterator[list[str]]:
        """All lines, the header too; what cannot be read is a ReplayError that says where."""
        number = 0
        try:
            with self.path.open("rb") as self.raw:
                binary: Any = self.raw
                if self.path.name.lower().endswith(".gz"):
                    binary = gzip.GzipFile(fileobj=self.raw)
                with io.TextIOWrapper(binary, encoding=self.encoding, newline="") as text:
                    for line in csv.reader(text, delimiter=self.delimiter):
                        yield line
                        number += 1
        except UnicodeDecodeError as error:
            raise ReplayError(
                f"{self.path}: after row {number} the text is not {self.encoding}"
                ' (say encoding = "gb18030" or another in the mapping)'
            ) from error
        except (csv.Error, EOFError, OSError, zlib.error) as error:
            raise ReplayError(f"{self.path}: after row {number}: {error}") from error


class ParquetTable(Table):
    """A Parquet file, read in batches of BATCH_ROWS."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise ReplayError(f"{path}: not a Parquet file ({error})") from error
        self.columns = list(self.file.schema_arrow.names)
        self.count = self.file.metadata.num_rows
        self.read = 0

    def rows(self, columns: Sequence[str]) -> Iterator[Row | None]:
        """The named columns of each row."""
        self.read = 0
        unique = list(dict.fromkeys(columns))
        try:
            for batch in self.file.iter_batches(batch_size=BATCH_ROWS, columns=unique):
                values = {name: _values(batch.column(name)) for name in unique}
                yield from zip(*(values[name] for name in columns), strict=True)
                self.read += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise ReplayError(f"{self.path}: after row {self.read}: {error}") from error

    def share_read(self) -> float:
        """By the rows."""
        return self.read / self.count if self.count else 1.0


def _values(column: pa.Array) -> list[Any]:
    """Python values; times in microseconds, for nanoseconds would come as pandas' own."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values
