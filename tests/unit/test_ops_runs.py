"""make demo and make test: their steps, their environment, their closing line."""

import re
import tarfile
from pathlib import Path

import pytest

from ops import backup, demo, test
from ops.place import Place
from ops.processes import ROOT
from ops.steps import Steps

UP_SH = (ROOT / "ops" / "up.sh").read_text("utf-8")


@pytest.mark.parametrize(
    ("module", "steps"), [("ops.demo", demo.STEPS), ("ops.test", test.STEPS), ("ops.backup", 4)]
)
def test_the_shell_script_announces_as_many_steps_as_there_are(module: str, steps: int) -> None:
    assert re.search(rf"^  {module}\) steps={steps} ;;$", UP_SH, re.MULTILINE)


def test_the_closing_line_sums_both_runs(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite errors="1" failures="2" skipped="3" tests="10"/></testsuites>'
    )

    assert test.read_report(report) == {"passed": 4, "failed": 3, "skipped": 3}


def test_a_run_that_broke_off_counts_as_a_failure(tmp_path: Path) -> None:
    assert test.read_report(tmp_path / "absent.xml") == {"passed": 0, "failed": 1, "skipped": 0}


def test_checks_that_fail_are_named_and_what_they_said_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = {"Bad": "print('wrong'); exit(1)", "Good": "print('fine')", "Mute": "exit(3)"}
    monkeypatch.setattr(test, "CHECKS", tuple((n, ("-c", code)) for n, code in checks.items()))

    assert test._check_all(Steps(len(checks)), {}) == ["Bad", "Mute"]

    said = capsys.readouterr().out
    assert "wrong" in said
    assert "ended with 3" in said
    assert "fine" not in said


def test_the_demo_keeps_its_password_and_takes_a_given_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.open()
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    first = demo.demo_environment(place, "127.0.0.1", 8000)["DEMO_PASSWORD"]

    assert demo.demo_environment(place, "127.0.0.1", 8000)["DEMO_PASSWORD"] == first
    monkeypatch.setenv("DEMO_PASSWORD", "correct horse battery")
    assert (
        demo.demo_environment(place, "127.0.0.1", 8000)["DEMO_PASSWORD"] == "correct horse battery"
    )


def test_the_demo_answers_to_other_names_only_when_it_is_opened_to_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.open()
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)

    assert "*" not in demo.demo_environment(place, "127.0.0.1", 8000)["ALLOWED_HOSTS"]
    assert demo.demo_environment(place, "0.0.0.0", 8000)["ALLOWED_HOSTS"] == "*"  # noqa: S104


def test_the_simulation_can_be_left_out(tmp_path: Path) -> None:
    place = Place(tmp_path)
    names = {s.name for s in demo.city_processes(place, {})}

    assert names == {"web", "worker", "beat", "relay", "simulate"}
    assert {s.name for s in demo.city_processes(place, {"SIMULATE": "0"})} == names - {"simulate"}


@pytest.mark.parametrize("name", ["../outside", "attachments/../../outside", "elsewhere/file"])
def test_an_archive_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "foreign.tar"
    (tmp_path / "file").write_text("foreign")
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path / "file", name)

    with pytest.raises(backup.BackupError, match="which no backup has"):
        backup.restore("postgres://nobody@127.0.0.1:1/x", tmp_path, archive, replace=True)


def test_an_archive_that_cannot_be_read_is_refused_before_anything_is_lost(tmp_path: Path) -> None:
    (tmp_path / "broken.tar").write_bytes(b"no archive")

    with pytest.raises(backup.BackupError, match="cannot be read"):
        backup.restore(
            "postgres://nobody@127.0.0.1:1/x", tmp_path, tmp_path / "broken.tar", replace=True
        )
