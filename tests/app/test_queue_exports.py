"""Exports: all rows, one's own scope, harmless cells, flat memory, kills survived, all logged."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test import Client

from accounts.actions import end_post
from accounts.models import AccessLog, Post
from dispatch.actions.errors import CaseNotFoundError, RuleError
from dispatch.models import Case, Export, ExportState
from dispatch.queue import exporting
from dispatch.queue.exporting import (
    ExportStoppedError,
    claim,
    fetch,
    file_of,
    purge,
    request_export,
    unfinished,
    write_export,
)
from dispatch.queue.sheets import HEADERS, csv_pieces, harmless
from tests.app.test_disputes import dispatched, log
from tests.city import NOW, City
from tests.client import Api

LATER = NOW + timedelta(minutes=5)
MB = 1024 * 1024
MOST_MEMORY = 12 * MB
MANY = 24_000
"""More than are sent at once, and twice the memory that is allowed, were they all held."""


def request(city: City, who: str = "leader1", kind: str = "CSV", query: str = "") -> Export:
    return request_export(kind=kind, query=query, with_bom=True, by=city[who], now=NOW)


def content(city: City, export: Export, who: str = "leader1") -> bytes:
    return b"".join(fetch(pk=export.pk, by=city[who], now=LATER)[1])


def rows_of_csv(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def cells_of_xlsx(raw: bytes) -> list[list[Any]]:
    """The cells of the first sheet of our own file; no formula is among them."""
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    space = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    assert sheet.findall(".//s:f", space) == []
    return [
        ["".join(cell.itertext()) for cell in row.findall("s:c", space)]
        for row in sheet.findall(".//s:row", space)
    ]


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "\n=cmd|' /C calc'!A0"]
)
def test_a_cell_is_never_a_formula(city: City, evil: str) -> None:
    case = log(city)
    Case.objects.filter(pk=case.pk).update(title=evil, address=evil)

    line = rows_of_csv(content(city, request(city)))[1]
    book = cells_of_xlsx(content(city, request(city, kind="XLSX")))

    title = list(HEADERS).index("title")
    assert line[title].startswith("'")
    assert harmless(evil) == f"'{evil}"
    assert book[1][title].replace("_x000D_", "").strip() == evil.strip()


def test_plain_words_stay_as_they_are() -> None:
    assert [harmless(text) for text in ("路灯不亮", "3-1 号楼", "", "a=b")] == [
        "路灯不亮",
        "3-1 号楼",
        "",
        "a=b",
    ]


def test_the_mark_for_excel_is_there_when_it_is_asked_for() -> None:
    assert next(csv_pieces([], with_bom=True)).startswith(b"\xef\xbb\xbf")
    assert not next(csv_pieces([], with_bom=False)).startswith(b"\xef\xbb\xbf")


def test_the_three_formats_hold_the_same_cases_as_the_list(city: City) -> None:
    made = {log(city, title=f"第 {n} 件").case_no for n in range(5)}
    listed = {i["case_no"] for i in Api(city, "leader1").get("queue")[1]["items"]}

    table = rows_of_csv(content(city, request(city)))
    book = cells_of_xlsx(content(city, request(city, kind="XLSX")))
    features = json.loads(content(city, request(city, kind="GEOJSON")))

    assert made == listed
    assert {row[0] for row in table[1:]} == made
    assert {row[0] for row in book[1:]} == made
    assert {feature["id"] for feature in features["features"]} == made
    assert table[0] == [str(header) for header in HEADERS.values()]
    assert features["crs"]["properties"]["name"].endswith("CRS84")
    lon, lat = features["features"][0]["geometry"]["coordinates"]
    assert (round(lon, 4), round(lat, 4)) == (119.6001, 29.9001)


def test_no_identity_is_in_an_export(city: City) -> None:
    log(city)
    for kind in ("CSV", "GEOJSON"):
        text = content(city, request(city, kind=kind)).decode()
        assert "13800138000" not in text
        assert "138****" not in text


def test_an_export_holds_what_its_maker_may_see_and_fits_the_filter(city: City) -> None:
    case, _other = dispatched(city), log(city, "C0101", title="井盖缺失")

    assert len(rows_of_csv(content(city, request(city)))) == 3
    own = request(city, "cleaner1", query="tile=unsigned")
    assert [r[0] for r in rows_of_csv(content(city, own, "cleaner1"))[1:]] == [case.case_no]
    foreign = request(city, "handler2")
    assert len(rows_of_csv(content(city, foreign, "handler2"))) == 1


def test_an_export_belongs_to_its_maker(city: City) -> None:
    export = request(city)

    with pytest.raises(CaseNotFoundError):
        fetch(pk=export.pk, by=city["dispatcher1"], now=LATER)
    assert Api(city, "dispatcher1").get(f"exports/{export.pk}")[0] == 404
    assert Api(city, "dispatcher1").get(f"exports/{export.pk}/file")[0] == 404


def test_a_link_expires_and_does_not_outlive_the_post(city: City) -> None:
    export, second = request(city), request(city, "cleaner1")
    end_post(post=Post.objects.get(user=city["cleaner1"]), now=NOW)
    city["cleaner1"]._scope = None

    with pytest.raises(RuleError) as gone:
        fetch(pk=export.pk, by=city["leader1"], now=NOW + exporting.LIVES_FOR)
    assert gone.value.code == "EXPORT_GONE"
    with pytest.raises(RuleError) as changed:
        fetch(pk=second.pk, by=city["cleaner1"], now=LATER)
    assert changed.value.code == "POSTS_CHANGED"


def test_every_export_and_every_fetch_is_in_the_access_log(city: City) -> None:
    log(city)
    export = request(city, query="line=HOTLINE")
    content(city, export)

    rows = AccessLog.objects.filter(subject=f"export {export.pk}")

    assert [row.user_id for row in rows] == [city["leader1"].pk] * 2
    assert "CSV 1 rows: line=HOTLINE" in rows[0].purpose


def test_exports_do_not_use_up_the_reveals_of_an_hour(city: City) -> None:
    case = log(city)
    for _ in range(61):
        request(city)
    intake = case.intakes.get().intake_no
    status, _body = Api(city, "leader1").post(
        f"intakes/{intake}/reveal", {"purpose": "回电核实情况"}
    )
    assert status == 200


@pytest.mark.parametrize(
    "body", [{"format": "PDF"}, {"format": "CSV", "query": "rel=theirs"}, {"format": "csv"}]
)
def test_what_cannot_be_exported_is_refused(city: City, body: dict[str, str]) -> None:
    assert Api(city, "leader1").post("exports", body)[0] in {400, 422}


def test_a_small_export_is_streamed_by_http(city: City) -> None:
    case = log(city)
    status, made = Api(city, "leader1").post("exports", {"format": "CSV", "bom": False})
    assert (status, made["state"]) == (201, "DIRECT")
    client = Client()
    client.force_login(city["leader1"])

    answer = client.get(made["url"])

    assert answer.streaming
    assert "attachment" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
    assert case.case_no in b"".join(answer).decode()


# --- in the background -----------------------------------------------------------------------


@pytest.fixture
def large(city: City, monkeypatch: pytest.MonkeyPatch) -> City:
    """A city in which three cases are already a large export."""
    monkeypatch.setattr(exporting, "AT_ONCE_MOST", 2)
    monkeypatch.setattr(exporting, "TELL_EVERY", 1)
    for number in range(5):
        log(city, title=f"第 {number} 件")
    return city


@pytest.mark.parametrize("kind", ["CSV", "XLSX", "GEOJSON"])
def test_a_large_one_is_written_by_a_worker_and_then_fetched(large: City, kind: str) -> None:
    export = request(large, kind=kind)
    assert export.state == ExportState.WAITING
    with pytest.raises(RuleError) as waiting:
        fetch(pk=export.pk, by=large["leader1"], now=NOW)
    assert waiting.value.code == "EXPORT_NOT_READY"

    taken = claim(pk=export.pk, now=NOW)
    assert taken
    write_export(export=taken, clock=lambda: NOW)

    export.refresh_from_db()
    assert (export.state, export.rows_done) == (ExportState.READY, 5)
    assert file_of(export).stat().st_mode & 0o077 == 0
    assert len(content(large, export)) == export.size


def test_a_worker_that_dies_is_followed_by_another_and_comes_back_in_vain(large: City) -> None:
    export = request(large)
    first = claim(pk=export.pk, now=NOW)
    assert first
    assert claim(pk=export.pk, now=NOW + timedelta(seconds=30)) is None
    assert unfinished(now=NOW + timedelta(seconds=30)) == []
    after = NOW + exporting.DEAD_AFTER
    assert unfinished(now=after) == [export.pk]

    second = claim(pk=export.pk, now=after)
    assert second
    with pytest.raises(ExportStoppedError):
        write_export(export=first, clock=lambda: after)
    write_export(export=second, clock=lambda: after)

    export.refresh_from_db()
    assert export.state == ExportState.READY
    assert len(rows_of_csv(content(large, export))) == 6
    assert sorted(path.name for path in exporting.folder().iterdir()) == [f"{export.pk}.csv"]


def test_one_export_is_written_at_a_time_and_a_hopeless_one_is_given_up(large: City) -> None:
    one, two = request(large), request(large)
    assert claim(pk=one.pk, now=NOW)
    assert claim(pk=two.pk, now=NOW) is None
    at = NOW
    for _ in range(exporting.MOST_ATTEMPTS):
        at += exporting.DEAD_AFTER
        claim(pk=one.pk, now=at)
    one.refresh_from_db()
    assert one.state == ExportState.FAILED
    assert claim(pk=two.pk, now=at)


def test_a_person_has_three_in_the_making_at_most(large: City) -> None:
    for _ in range(3):
        request(large)
    with pytest.raises(RuleError) as full:
        request(large)
    assert full.value.code == "TOO_MANY_EXPORTS"


def test_files_go_when_they_expire(large: City) -> None:
    export = request(large)
    taken = claim(pk=export.pk, now=NOW)
    assert taken
    write_export(export=taken, clock=lambda: NOW)

    assert purge(now=NOW + timedelta(hours=23)) == 0
    assert purge(now=NOW + exporting.LIVES_FOR) == 1

    export.refresh_from_db()
    assert export.state == ExportState.GONE
    assert not file_of(export).exists()


KILLED = """
import os, sys
sys.path.insert(0, os.getcwd())
import django
django.setup()
from uuid import UUID
from django.conf import settings
from pathlib import Path
settings.DATA_DIR = Path(sys.argv[2])
from django.utils import timezone
from dispatch.queue import exporting
exporting.TELL_EVERY = 1
export = exporting.claim(pk=UUID(sys.argv[1]), now=timezone.now())
real = exporting.counted
def slow(rows, tell, every):
    import time
    for row in real(rows, tell, every):
        print("row", flush=True)
        time.sleep(0.2)
        yield row
exporting.counted = slow
exporting.write_export(export=export, clock=timezone.now)
"""


def test_a_worker_killed_in_the_middle_loses_nothing(
    real_city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE_MOST", 2)
    for number in range(12):
        log(real_city, title=f"第 {number} 件")
    now = datetime.now(UTC)
    export = request_export(kind="CSV", query="", with_bom=True, by=real_city["leader1"], now=now)
    database = connection.settings_dict
    url = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:"
        f"{database['PORT']}/{database['NAME']}"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(export.pk), str(tmp_path)],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout
    assert [line.strip() for line in islice(worker.stdout, 4)] == ["row"] * 4
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()

    export.refresh_from_db()
    assert export.state == ExportState.RUNNING
    later = datetime.now(UTC) + exporting.DEAD_AFTER
    assert unfinished(now=later) == [export.pk]
    taken = claim(pk=export.pk, now=later)
    assert taken
    write_export(export=taken, clock=lambda: later)
    raw = b"".join(fetch(pk=export.pk, by=real_city["leader1"], now=later)[1])
    assert len(rows_of_csv(raw)) == 13


# --- forty thousand --------------------------------------------------------------------------


@pytest.fixture
def huge(city: City) -> City:
    """More open cases than an export sends at once, copies of one."""
    case = log(city)
    names = [f.column for f in Case._meta.concrete_fields if f.column not in {"id", "case_no"}]
    columns = ", ".join(str(name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO dispatch_case (case_no, {columns}) "
            f"SELECT 'X' || n, {columns} FROM dispatch_case, generate_series(1, %s) n "
            "WHERE id = %s",
            [MANY, case.pk],
        )
    return city


def peak_of_process() -> int:
    """The most memory that this process has held since the last reset, in bytes."""
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(next(line for line in status.splitlines() if "VmHWM" in line).split()[1])


def test_memory_stays_flat_however_many_rows_are_written(huge: City) -> None:
    for kind in ("CSV", "XLSX", "GEOJSON"):
        export = request(huge, kind=kind)
        assert (export.rows, export.state) == (MANY + 1, ExportState.WAITING)
        taken = claim(pk=export.pk, now=NOW)
        assert taken
        Path("/proc/self/clear_refs").write_text("5")
        before = peak_of_process()

        write_export(export=taken, clock=lambda: NOW)

        grown = peak_of_process() - before
        export.refresh_from_db()
        print(f"{kind}: {export.size / MB:.1f} MB, memory +{grown / MB:.1f} MB")  # noqa: T201
        assert export.rows_done == MANY + 1
        assert grown < MOST_MEMORY
