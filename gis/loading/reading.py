"""Reads areas from the files that cities have: GeoJSON, Shapefile, GeoPackage, GeoParquet.

geopandas is imported only here and only when a file is read: it takes seconds and 50 MB.
"""

import math
import unicodedata
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import geopandas

FORMATS = "GeoJSON (.geojson, .geojson.gz), Shapefile (.zip, .shp), GeoPackage, GeoParquet"
LATIN_LETTERS = range(0x80, 0x100)
UNCLOSED = "Non closed ring"


class ImportFileError(Exception):
    """A file that cannot be read as asked; the message says what, where and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns to read; a code or parent column of "" is not read."""

    name: str
    code: str = ""
    parent: str = ""


@dataclass(slots=True)
class Rows:
    """What a file holds, row by row; a shape that could not be read is None."""

    codes: list[str]
    names: list[str]
    parents: list[str]
    shapes: NDArray[np.object_]
    own_crs: str = ""
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.names)


def read_rows(path: Path, columns: Columns, *, layer: str = "", encoding: str = "") -> Rows:
    """Every row of a file in its own order; raises ImportFileError."""
    if not path.is_file():
        raise ImportFileError("NO_FILE", f"there is no file {path}")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        frame = _read_frame(path, layer, encoding)
    rows = _as_rows(frame, path, columns)
    if any(UNCLOSED in str(warning.message) for warning in warned):
        rows.notes.append("rings that were not closed have been closed")
    if _wrongly_decoded(rows.names):
        raise ImportFileError(
            "WRONG_ENCODING",
            f"the names in {path.name} are wrongly decoded ({rows.names[0]!r}); "
            "say how they are written, e.g. --encoding GBK",
        )
    return rows


def tidy(value: object) -> str:
    """A cell of a table as text: no blanks around it, no control characters, 310107.0 as 310107."""
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return value.strip()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFC", str(value))
    return "".join(c for c in text if unicodedata.category(c) != "Cc").strip()


def _read_frame(path: Path, layer: str, encoding: str) -> "geopandas.GeoDataFrame":
    import geopandas
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        if path.suffix.lower() in (".parquet", ".geoparquet"):
            return geopandas.read_parquet(path)
        options = {"layer": layer or _only_layer(path), "on_invalid": "fix"}
        if encoding:
            options["encoding"] = encoding
        return geopandas.read_file(_source(path), **options)
    except (DataSourceError, DataLayerError, OSError, ValueError, LookupError) as error:
        raise ImportFileError(
            "UNREADABLE",
            f"{path.name} cannot be read as {FORMATS}: {error}",
        ) from error


def _source(path: Path) -> str:
    """The name by which GDAL reads a file, also out of a gzip or zip archive."""
    if path.suffix.lower() == ".gz":
        return f"/vsigzip/{path}"
    return f"/vsizip/{path}" if path.suffix.lower() == ".zip" else str(path)


def _only_layer(path: Path) -> str:
    import pyogrio

    layers = [str(name) for name, _ in pyogrio.list_layers(_source(path))]
    if len(layers) != 1:
        known = ", ".join(layers) or "none"
        raise ImportFileError(
            "WHICH_LAYER", f"{path.name} has {len(layers)} layers ({known}); name one with --layer"
        )
    return layers[0]


def _as_rows(frame: "geopandas.GeoDataFrame", path: Path, columns: Columns) -> Rows:
    if "geometry" not in dir(frame) or not hasattr(frame, "crs"):
        raise ImportFileError("NO_SHAPES", f"{path.name} is a table without shapes")
    if not len(frame):
        raise ImportFileError("NO_ROWS", f"{path.name} is empty: it has no rows")
    known = [str(name) for name in frame.columns if name != frame.geometry.name]
    for wanted in filter(None, (columns.code, columns.name, columns.parent)):
        if wanted not in known:
            raise ImportFileError(
                "NO_COLUMN",
                f"{path.name} has no column {wanted!r}; its columns are: {', '.join(known)}",
            )
    empty = [""] * len(frame)
    return Rows(
        codes=_texts(frame[columns.code]) if columns.code else empty,
        names=_texts(frame[columns.name]),
        parents=_texts(frame[columns.parent]) if columns.parent else list(empty),
        shapes=np.asarray(frame.geometry.array, dtype=object),
        own_crs=frame.crs.to_string() if frame.crs else "",
    )


def _texts(column: Iterable[object]) -> list[str]:
    return [tidy(value) for value in column]


def _wrongly_decoded(names: list[str]) -> bool:
    """True for Chinese read as Latin-1: mostly letters between U+0080 and U+00FF."""
    letters = "".join(names)
    latin = sum(ord(letter) in LATIN_LETTERS for letter in letters)
    return latin > len(letters) / 2
