"""Writes many rows at once by COPY."""

from collections.abc import Iterable, Sequence
from io import StringIO

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": ""})

Cell = str | int | float | bool | bytes | None


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Append rows to a table by COPY and return how many; bytes are sent as hexadecimal (EWKB)."""
    buffer = StringIO()
    count = 0
    for row in rows:
        buffer.write("\t".join(map(_as_text, row)))
        buffer.write("\n")
        count += 1
    buffer.seek(0)
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", buffer)
    return count


def _as_text(value: Cell) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return value.hex()
    return str(value).translate(ESCAPES)


def ewkb(geometries: NDArray[np.object_], srid: int) -> list[bytes]:
    """The EWKB of each shapely geometry, for a geometry column of that SRID."""
    tagged = shapely.set_srid(geometries, srid)
    return list(shapely.to_wkb(tagged, include_srid=True))


def multipolygon_ewkb(polygons: NDArray[np.object_], srid: int) -> list[bytes]:
    """`ewkb` of polygons and multipolygons, all as multipolygons."""
    parts, owners = shapely.get_parts(polygons, return_index=True)
    wholes = np.empty(len(polygons), dtype=object)
    shapely.multipolygons(parts, indices=owners, out=wholes)
    return ewkb(wholes, srid)
