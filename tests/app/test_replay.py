"""manage.py replay: other systems' records become voices, once each, whatever interrupts."""

import csv
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone

from accounts import identity
from dispatch.models import Case, Event, Intake, Timer
from tests.app.replay_files import (
    checkpoint,
    figures,
    record,
    replay,
    write_csv,
    write_mapping,
    write_parquet,
)
from tests.city import City

MAPPINGS = Path(__file__).resolve().parents[2] / "config" / "replay" / "mappings"
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("real_city")


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    """Checkpoints of a test lie in its own folder."""
    settings.DATA_DIR = tmp_path / "data"
    folder: Path = settings.DATA_DIR
    return folder


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """The mapping of the made-up town."""
    return write_mapping(tmp_path / "town.toml")


def test_rows_become_voices_of_their_lines_with_their_own_times(
    tmp_path: Path, mapping: Path
) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in range(9)])
    counted = figures(replay(file, mapping))
    assert counted["rows in"] == counted["cases"] == 9
    lines = list(Intake.objects.order_by("received_at").values_list("line", flat=True))
    assert lines == ["HOTLINE", "GRID", "AFFAIRS"] * 3
    first = Intake.objects.get(source_system="replay:old-town", source_id="n0")
    assert first.received_at == first.occurred_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert (first.kind, first.channel, first.category_code) == ("COMPLAINT", "PHONE", "E0102")
    assert first.raw_crs == "WGS84"
    assert first.case.case_no.startswith("33990120260302H")


@pytest.mark.parametrize("name", ["town.csv.gz", "town.parquet"])
def test_gzip_and_parquet_say_the_same_as_csv(tmp_path: Path, mapping: Path, name: str) -> None:
    records = [record(n) for n in range(12)] + [record(12, lon="", lat=""), record(13, lat="x")]
    write = write_parquet if name.endswith("parquet") else write_csv
    if write is write_parquet:
        records = records[:-1]
    counted = figures(replay(write(tmp_path / name, records), mapping))
    assert counted["cases"] == 12
    assert counted["LOCATION_REQUIRED"] == 1
    assert Case.objects.order_by("created_at")[5].title == "title 5"


def test_at_a_rate_the_rows_go_through_the_single_door(tmp_path: Path, mapping: Path) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in range(4)] + [record(4, lon="x")])
    counted = figures(replay(file, mapping, "--rate", "400", fast=False))
    assert (counted["cases"], counted["BAD_NUMBER"]) == (4, 1)
    assert Event.objects.filter(topic="case.registered").count() == 4


def test_duplicates_are_found_and_counted(tmp_path: Path, mapping: Path) -> None:
    same = {"lon": "119.6001", "lat": "29.9001"}
    file = write_csv(tmp_path / "town.csv", [record(n, **same) for n in range(5)])
    assert figures(replay(file, mapping))["voices with a duplicate candidate"] == 4


def test_refused_rows_are_listed_with_number_reason_and_no_formula(
    tmp_path: Path, mapping: Path, data_dir: Path
) -> None:
    records = [
        record(0),
        record(1, no="=cmd()", lon="1"),
        record(2, opened="yesterday"),
        record(3, opened="2999-01-01"),
        record(4, no=""),
        record(5, title=""),
        record(6, title="x" * 81),
        record(7, opened=""),
    ]
    counted = figures(replay(write_csv(tmp_path / "town.csv", records), mapping))
    assert (counted["cases"], counted["refused"]) == (1, 7)
    [listed] = (data_dir / "replay").glob("*.refused.csv")
    rows = list(csv.reader(listed.read_text("utf-8").splitlines()))
    assert rows[0] == ["row", "id", "code", "field", "message"]
    assert [row[:4] for row in rows[1:]] == [
        ["2", "'=cmd()", "OUTSIDE_CITY", "location"],
        ["3", "n2", "BAD_TIME", "opened"],
        ["4", "n3", "TIME_OUT_OF_RANGE", "opened"],
        ["5", "", "BAD_ID", "id"],
        ["6", "n5", "REQUIRED", "title"],
        ["7", "n6", "TOO_LONG", "title"],
        ["8", "n7", "TIME_OUT_OF_RANGE", "opened"],
    ]


def test_a_line_with_too_few_cells_is_refused_alone(tmp_path: Path, mapping: Path) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in range(3)])
    lines = file.read_text().splitlines()
    lines[2] = "n1,only"
    file.write_text("\n".join([*lines, ""]))
    counted = figures(replay(file, mapping))
    assert (counted["cases"], counted["BAD_ROW"]) == (2, 1)


def test_a_second_run_goes_on_and_a_third_has_nothing_to_do(
    tmp_path: Path, mapping: Path, data_dir: Path
) -> None:
    records = [record(n, lon="1" if n in {1, 7} else "119.6") for n in range(10)]
    file = write_csv(tmp_path / "town.csv", records)
    replay(file, mapping, "--limit", "4")
    printed = replay(file, mapping)
    assert "going on after row 4" in printed
    assert figures(printed)["rows in"] == 10
    assert figures(printed)["known before (nothing doubled)"] == 0
    assert Intake.objects.count() == 8
    [listed] = (data_dir / "replay").glob("*.refused.csv")
    assert [line.split(",")[0] for line in listed.read_text().splitlines()] == ["row", "2", "8"]
    assert "replayed to its end" in replay(file, mapping)
    assert Intake.objects.count() == 8


def test_a_lost_checkpoint_doubles_nothing(tmp_path: Path, mapping: Path, data_dir: Path) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in range(6)])
    replay(file, mapping, "--limit", "4")
    for path in (data_dir / "replay").iterdir():
        path.unlink()
    counted = figures(replay(file, mapping))
    assert (counted["known before (nothing doubled)"], counted["cases"]) == (4, 2)
    assert Intake.objects.count() == Event.objects.count() == 6


def test_a_checkpoint_of_another_database_is_not_believed(
    tmp_path: Path, mapping: Path, data_dir: Path
) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in range(6)])
    replay(file, mapping, "--limit", "4")
    [path] = (data_dir / "replay").glob("*.json")
    path.write_text(json.dumps(checkpoint(data_dir) | {"last_key": "never taken in"}))
    assert "starting anew" in replay(file, mapping)
    assert Intake.objects.count() == 6


def test_two_runs_of_one_replay_at_once_are_refused(
    tmp_path: Path, mapping: Path, data_dir: Path
) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in range(3)])
    replay(file, mapping, "--limit", "1")
    [lock] = (data_dir / "replay").glob("*.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match="another process"):
            replay(file, mapping)


@pytest.mark.parametrize("speed", [("--rate", "300"), ("--as-fast-as-possible",)])
def test_a_run_that_was_killed_goes_on_and_doubles_nothing(
    tmp_path: Path, mapping: Path, data_dir: Path, speed: tuple[str, ...]
) -> None:
    rows = 700 if speed[0] == "--rate" else 4000
    records = [record(n, closed="2026-12-31 00:00" if n % 2 else "") for n in range(rows)]
    file = write_csv(tmp_path / "town.csv", records)
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    environment = os.environ | {"DATABASE_URL": url, "DATA_DIR": str(data_dir)}
    command = ["manage.py", "replay", str(file), "--map", str(mapping), *speed]
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    patience = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < patience:
        if list((data_dir / "replay").glob("*.json")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < checkpoint(data_dir)["done"] < rows
    django_settings.DATA_DIR = data_dir
    counted = figures(replay(file, mapping))
    assert counted["rows in"] == rows
    assert counted["cases"] + counted["known before (nothing doubled)"] == rows
    assert Intake.objects.count() == Case.objects.count() == Event.objects.count() == rows


def test_times_may_be_moved_so_that_the_last_row_is_now(tmp_path: Path, mapping: Path) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in (0, 5, 2)])
    before = timezone.now()
    replay(file, mapping, "--shift-to-now", "--limit", "1")
    replay(file, mapping, "--shift-to-now")
    times = list(Case.objects.order_by("created_at").values_list("created_at", flat=True))
    assert before <= times[-1] <= timezone.now()
    assert [times[-1] - at for at in times] == [timedelta(minutes=m) for m in (5, 3, 0)]


def test_one_line_or_some_values_may_be_picked(tmp_path: Path, mapping: Path) -> None:
    file = write_csv(tmp_path / "town.csv", [record(n) for n in range(9)])
    counted = figures(replay(file, mapping, "--line", "grid", "--where", "title=title 4"))
    assert (counted["rows in"], counted["cases"]) == (1, 1)
    assert Intake.objects.get().source_id == "n4"


def test_the_hotline_example_maps_a_chinese_spreadsheet(tmp_path: Path) -> None:
    row = {
        "工单编号": "GD-1", "受理时间": "2026-03-02 09:00:00", "诉求类型": "举报",
        "事项分类": "暴露垃圾", "诉求标题": "门口垃圾" * 30, "诉求内容": "多日无人清理",
        "事发地址": "望江路 1 号", "经度": "119.6049", "纬度": "29.9030", "紧急程度": "紧急",
        "来电号码": "13800138000", "市民姓名": "王小明", "是否保密": "是", "办结时间": "",
        "是否超期": "",
    }  # fmt: skip
    file = write_csv(tmp_path / "orders.csv", [row], encoding="gb18030")
    assert figures(replay(file, MAPPINGS / "hotline_12345.toml", "--line", "hotline"))["cases"] == 1
    voice = Intake.objects.select_related("case").get()
    assert (voice.kind, voice.confidential, voice.raw_crs) == ("REPORT", True, "GCJ02")
    assert len(voice.title) == 80
    assert identity.unseal(voice.caller_phone) == "13800138000"
    assert (voice.case.priority, voice.case.sensitive) == (1, True)
    assert voice.location is not None
    assert voice.location.x == pytest.approx(119.6003, abs=1e-3)


def test_the_grid_and_open311_examples_map_their_columns(tmp_path: Path) -> None:
    finding = {
        "案件号": "A1", "上报时间": "2026-03-02 09:00", "小类代码": "C0103", "问题描述": "井盖破损",
        "位置描述": "春晓社区", "经度": "119.6001", "纬度": "29.9001",
        "部件编码": "3399010103000001", "结案时间": "2026-03-02 11:00", "是否超时": "是",
    }  # fmt: skip
    request = {
        "service_request_id": "7", "requested_datetime": "2026-03-02T02:00:00Z",
        "service_name": "Manhole", "description": "open", "service_code": "x",
        "address": "1 Main St", "long": "119.6201", "lat": "29.9001", "status": "open",
        "updated_datetime": "2026-03-02T03:00:00Z",
    }  # fmt: skip
    grid = write_csv(tmp_path / "grid.csv", [finding])
    replay(grid, MAPPINGS / "grid_findings.toml", "--line", "grid", "--with-outcome")
    requests = write_csv(tmp_path / "requests.csv", [request])
    replay(requests, MAPPINGS / "open311.toml", "--line", "hotline", "--with-outcome")
    cases = {case.line: case for case in Case.objects.all()}
    assert cases["GRID"].component_id == "3399010103000001"
    assert (cases["GRID"].state, cases["GRID"].close_type) == ("CLOSED", "OVERTIME")
    assert (cases["HOTLINE"].state, cases["HOTLINE"].category_code) == ("REGISTERED", "L0000")
    assert cases["HOTLINE"].created_at == datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def test_what_the_source_closed_is_closed_at_its_time_by_one_event(
    tmp_path: Path, mapping: Path
) -> None:
    records = [
        record(0, closed="2026-03-02 12:00"),
        record(1, closed="2026-03-05 12:00", late="yes"),
        record(2),
        record(3, closed="2026-03-01 00:00"),
        record(4, closed="2999-01-01 00:00"),
    ]
    file = write_csv(tmp_path / "town.csv", records)
    printed = replay(file, mapping, "--with-outcome")
    assert figures(printed)["closed as at the source"] == 2
    closed = list(Case.objects.filter(is_open=False).order_by("closed_at"))
    assert [(c.state, c.close_type, c.version) for c in closed] == [
        ("CLOSED", "NORMAL", 2),
        ("CLOSED", "OVERTIME", 2),
    ]
    assert closed[0].closed_at == datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    events = Event.objects.filter(topic="case.closed").order_by("id")
    assert [(e.from_state, e.to_state, e.at, e.actor_id) for e in events] == [
        ("REGISTERED", "CLOSED", case.closed_at, None) for case in closed
    ]
    assert events[0].payload == {"close_type": "NORMAL", "source": "replay:old-town"}
    ended = Timer.objects.filter(case__in=closed)
    assert {(t.state, t.ended_at == t.case.closed_at) for t in ended} == {("CANCELLED", True)}


def test_a_case_that_ended_before_the_next_report_is_no_candidate_for_it(
    tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.bulk.BATCH", 1)
    same = {"lon": "119.6001", "lat": "29.9001"}
    records = [
        record(0, **same, closed="2026-03-02 09:00:30"),
        record(1, **same, closed="2026-03-02 09:30"),
        record(2, **same),
    ]
    counted = figures(replay(write_csv(tmp_path / "a.csv", records), mapping, "--with-outcome"))
    assert (counted["voices with a duplicate candidate"], counted["closed as at the source"]) == (
        1,
        2,
    )


def test_an_interrupted_run_still_knows_what_is_to_be_closed(tmp_path: Path, mapping: Path) -> None:
    records = [record(n, closed="2026-03-03 12:00") for n in range(6)]
    file = write_csv(tmp_path / "town.csv", records)
    options = ("--with-outcome",)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("config.replay.running.close_as_at_source", _interrupt)
        with pytest.raises(CommandError, match="go on"):
            replay(file, mapping, *options)
    assert Case.objects.filter(is_open=True).count() == 6
    assert figures(replay(file, mapping, *options))["closed as at the source"] == 6


def _interrupt(*_: object, **__: object) -> int:
    raise KeyboardInterrupt


def test_cases_that_live_people_work_on_are_left_to_them(
    real_city: City, tmp_path: Path, mapping: Path
) -> None:
    file = write_csv(tmp_path / "town.csv", [record(0), record(1)])
    replay(file, mapping)
    Case.objects.filter(intakes__source_id="n0").update(state="PENDING_FILING")
    Intake.objects.filter(source_id="n1").update(wants_reply=True)
    closed = [record(n, closed="2026-03-03 12:00") for n in range(2)]
    again = write_csv(tmp_path / "again.csv", closed)
    assert figures(replay(again, mapping, "--with-outcome"))["closed as at the source"] == 0
