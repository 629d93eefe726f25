"""Small made-up files of another system's records, and a way to replay them."""

import csv
import gzip
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.management import call_command

HEADER = ("no", "opened", "what", "title", "lon", "lat", "from", "closed", "late")
START = datetime.fromisoformat("2026-03-02 09:00")
MAPPING = """
source = "old-town"
timezone = "Asia/Shanghai"
crs = "WGS84"

[columns]
id = "no"
opened = "opened"
category = "what"
title = "title"
lon = "lon"
lat = "lat"

[line]
column = "from"
[line.values]
phone = "HOTLINE"
walk = "GRID"
"*" = "AFFAIRS"

[lines.HOTLINE]
kind = "COMPLAINT"

[values.category]
rubbish = "E0102"
hole = "E0110"
"*" = "L9099"

[outcome]
closed = "closed"
late = "late"
late_values = ["yes"]
"""
Record = dict[str, str]


def record(number: int, **changes: str) -> Record:
    """One report in district A, a minute after the one before; no two at one place."""
    plain = {
        "no": f"n{number}",
        "opened": (START + timedelta(minutes=number)).isoformat(" "),
        "what": "rubbish",
        "title": f"title {number}",
        "lon": f"{119.596 + number % 180 / 1e4:.4f}",
        "lat": f"{29.896 + number // 180 / 1e4:.4f}",
        "from": ("phone", "walk", "web")[number % 3],
        "closed": "",
        "late": "",
    }
    return plain | changes


def write_csv(path: Path, records: Sequence[Record], encoding: str = "utf-8") -> Path:
    """The records as CSV, gzipped when the name says so."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    content = text.getvalue().encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_parquet(path: Path, records: Sequence[Record]) -> Path:
    """The records as Parquet, with real times and numbers and nulls."""
    columns: dict[str, list[Any]] = {
        name: [one[name] or None for one in records] for name in HEADER
    }
    columns["opened"] = [datetime.fromisoformat(text) for text in columns["opened"]]
    for name in ("lon", "lat"):
        columns[name] = [float(text) if text else float("nan") for text in columns[name]]
    table = pa.table(columns)
    place = table.schema.get_field_index("opened")
    table = table.set_column(place, "opened", table["opened"].cast(pa.timestamp("ns")))
    pq.write_table(table, path)
    return path


def write_mapping(path: Path, text: str = MAPPING) -> Path:
    """A mapping file."""
    path.write_text(text, "utf-8")
    return path


def replay(file: Path, mapping: Path, *options: str, fast: bool = True) -> str:
    """Run the command; what it prints."""
    out = StringIO()
    speed = ("--as-fast-as-possible",) if fast else ()
    call_command("replay", str(file), "--map", str(mapping), *speed, *options, stdout=out)
    return out.getvalue()


def figures(printed: str) -> dict[str, int]:
    """The table at the end as {line: number}."""
    lines = [line.rsplit(maxsplit=1) for line in printed.splitlines() if line[36:].strip()]
    return {
        name.strip(): int(number.replace(",", ""))
        for name, number in lines
        if number.replace(",", "").isdigit()
    }


def checkpoint(folder: Path) -> dict[str, Any]:
    """The only checkpoint under a DATA_DIR."""
    [path] = (folder / "replay").glob("*.json")
    content: dict[str, Any] = json.loads(path.read_text())
    return content
