"""Rows of the queue as CSV, Excel or GeoJSON, a piece at a time: memory stays flat.

No identity is in a row: what the list shows to this person, and nothing of who called.
Coordinates are longitude and latitude in WGS84, and each format says so.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Row = Mapping[str, Any]
HEADERS: Final[dict[str, Promise]] = {
    "case_no": _("工单号"),
    "title": _("标题"),
    "line": _("来源"),
    "state": _("状态"),
    "priority": _("紧急程度"),
    "category": _("类别代码"),
    "category_name": _("类别"),
    "district": _("区"),
    "street": _("街道"),
    "community": _("社区"),
    "cell": _("网格编码"),
    "address": _("地址"),
    "lon": _("经度（WGS84）"),
    "lat": _("纬度（WGS84）"),
    "lead_unit": _("主办单位"),
    "intakes": _("诉求件数"),
    "stage": _("当前时限"),
    "due_at": _("到期时间"),
    "overdue": _("是否超时"),
    "created_at": _("登记时间"),
    "state_at": _("进入当前状态"),
}
FORMULA_SIGNS: Final = (*"=+-@\t\r", *"＝＋－＠")
"""The wide ones too: a spreadsheet in a Chinese system reads them as it reads the narrow ones."""
BOM: Final = "\ufeff"
ROWS_PER_PIECE: Final = 200
ROWS_PER_SHEET: Final = 1_000_000
WIDTHS: Final = {"title": 34, "address": 34, "category_name": 18, "lead_unit": 20, "cell": 18}
CRS84: Final = "urn:ogc:def:crs:OGC:1.3:CRS84"


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet runs: a sign of a formula gets an apostrophe before.

    Also after leading blanks of any kind, which some programs take off (OWASP, CSV injection).
    """
    bare = text.lstrip()
    return f"'{text}" if text.startswith(FORMULA_SIGNS) or bare.startswith(FORMULA_SIGNS) else text


def csv_pieces(rows: Iterable[Row], *, with_bom: bool) -> Iterator[bytes]:
    """CSV in UTF-8 with CRLF (RFC 4180); the mark at the beginning lets Excel read Chinese."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write(BOM if with_bom else "")
    writer.writerow([str(header) for header in HEADERS.values()])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_plain(row[name]) for name in HEADERS])
        if number % ROWS_PER_PIECE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    return harmless(value) if isinstance(value, str) else "" if value is None else value


def geojson_pieces(rows: Iterable[Row]) -> Iterator[bytes]:
    """A FeatureCollection (RFC 7946: longitude, latitude, WGS84); without a place: null."""
    head = {"type": "name", "properties": {"name": CRS84}}
    yield f'{{"type":"FeatureCollection","crs":{json.dumps(head)},"features":['.encode()
    piece: list[str] = []
    comma = ""
    for row in rows:
        piece.append(comma + json.dumps(_feature(row), ensure_ascii=False, default=_iso))
        comma = ",\n"
        if len(piece) == ROWS_PER_PIECE:
            yield "".join(piece).encode()
            piece = []
    yield ("".join(piece) + "]}\n").encode()


def _feature(row: Row) -> dict[str, Any]:
    place = row["lon"] is not None
    return {
        "type": "Feature",
        "id": row["case_no"],
        "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]} if place else None,
        "properties": {name: row[name] for name in HEADERS if name not in {"lon", "lat"}},
    }


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def write_xlsx(rows: Iterable[Row], path: Path) -> None:
    """An Excel workbook, row by row; texts are texts, so no cell is ever a formula.

    A sheet holds a million rows; more go on in the next sheet.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
        "tmpdir": str(path.parent),
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        when = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        bold = book.add_format({"bold": True, "bg_color": "#EDF3FF", "border": 1})
        sheet: Any = None
        for number, row in enumerate(rows):
            at = number % ROWS_PER_SHEET
            if at == 0:
                sheet = _new_sheet(book, bold)
            for column, name in enumerate(HEADERS):
                _write(sheet, at + 1, column, row[name], when)
        if sheet is None:
            _new_sheet(book, bold)


def _new_sheet(book: Any, bold: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 1)
    for column, (name, header) in enumerate(HEADERS.items()):
        sheet.set_column(column, column, WIDTHS.get(name, 14))
        sheet.write_string(0, column, str(header), bold)
    return sheet


def _write(sheet: Any, line: int, column: int, value: object, when: Any) -> None:
    if isinstance(value, datetime):
        sheet.write_datetime(line, column, timezone.localtime(value).replace(tzinfo=None), when)
    elif isinstance(value, int | float):
        sheet.write_number(line, column, value)
    elif value is not None:
        sheet.write_string(line, column, str(value))


def counted(rows: Iterable[Row], tell: Callable[[int], None], every: int) -> Iterator[Row]:
    """The rows as they come; `tell` hears every so often how many have passed."""
    for number, row in enumerate(rows, start=1):
        yield row
        if number % every == 0:
            tell(number)
