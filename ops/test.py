"""`make test`: every check, then the tests, then the browser's journeys; all run, whatever fails.

Environment: COVERAGE=1, JOURNEYS=0, DATABASE_URL, REDIS_URL, PYTEST_ADDOPTS (docs/settings.md).
The last line is `N passed, N failed, N skipped`, summed over both runs of pytest.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

from ops.instance import (
    CANNOT_START,
    base_environment,
    manage,
    shown,
    start_servers,
    stop_calmly,
    stop_on_signals,
)
from ops.place import Place, PlaceTakenError
from ops.processes import Supervisor, run
from ops.steps import Steps, say

STEPS_OF_UP_SH = 2
PRODUCT = ("accounts", "affairs", "config", "dispatch", "gis", "grid", "hotline", "ops", "ui")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main()"
TEMPLATE = "test_sanxian_template"
"""The migrated database of which each worker of pytest-xdist gets a copy (tests/template.py).
Where it cannot be made, each worker migrates for itself, and its tests say what is wrong too."""
MIGRATED = "A migrated database"
CHECKS = (
    (MIGRATED, ("-m", "tests.template")),
    ("Types (mypy --strict)", ("-m", "mypy", ".")),
    ("Lint (ruff check)", ("-m", "ruff", "check", ".")),
    ("Layout (ruff format)", ("-m", "ruff", "format", "--check", ".")),
    ("Direction of imports (lint-imports)", ("-c", LINT_IMPORTS)),
    ("Templates (djlint)", ("-m", "djlint", ".", "--lint", "--check", "--quiet")),
    ("Migrations are complete", ("manage.py", "makemigrations", "--check", "--dry-run")),
    ("Django's checks", ("manage.py", "check", "--fail-level", "WARNING")),
    ("Security (bandit)", ("-m", "bandit", "-q", "-c", "pyproject.toml", "-r", *PRODUCT)),
)
BROWSER = ("tests/journeys",)
MOST_WORKERS = 4
SUITES = (
    ("Tests: unit, architecture, app", ("tests/unit", "tests/architecture", "tests/app")),
    ("Tests: journeys in the browser", BROWSER),
)
STEPS = STEPS_OF_UP_SH + 2 + 1 + len(CHECKS) + len(SUITES)


def main() -> int:
    """Run all; return 0 only when nothing failed."""
    stop_on_signals()
    place = Place(Path("var/test").resolve())
    try:
        place.open()
        with place.locked():
            return _run(place)
    except PlaceTakenError:
        say("Another make test runs in this folder.")
    except CANNOT_START as error:
        say(f"\nThe tests could not start. {error}")
    except KeyboardInterrupt:
        say("\nInterrupted.")
    return 1


def _run(place: Place) -> int:
    supervisor = Supervisor(say)
    steps = Steps(STEPS, STEPS_OF_UP_SH)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        environment = base_environment(place)
        environment |= start_servers(place, supervisor, steps, durable=False)
        with steps.step("Static files"):
            manage(environment, "collectstatic", "--noinput", log=place.folder / "log/setup.log")
        copied = {"TEST_TEMPLATE": TEMPLATE}
        failed = _check_all(steps, environment | copied)
        environment |= {} if MIGRATED in failed else copied
        for name, folders in _suites():
            with steps.step(name):
                if not _tests(place, folders, environment, counts):
                    failed.append(name)
    finally:
        stop_calmly(supervisor)
    _tell(steps, failed, counts)
    return 1 if failed or counts["failed"] else 0


def _suites() -> list[tuple[str, tuple[str, ...]]]:
    without_browser = os.environ.get("JOURNEYS", "1") == "0"
    return [s for s in SUITES if not (without_browser and s[1] == BROWSER)]


def _check_all(steps: Steps, environment: Mapping[str, str]) -> list[str]:
    """Run the checks, as many at a time as there are cores; the names of those that failed."""
    failed, pool = [], ThreadPoolExecutor(os.cpu_count())
    try:
        running = [(name, pool.submit(check, command, environment)) for name, command in CHECKS]
        for name, answer in running:
            with steps.step(name):
                if wrong := answer.result():
                    say(wrong)
                    failed.append(name)
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def check(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """Empty when the check passes; otherwise what it said."""
    result = subprocess.run(
        [sys.executable, *command],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return (result.stdout or f"ended with {result.returncode}") if result.returncode else ""


def _tests(
    place: Place, folders: tuple[str, ...], environment: Mapping[str, str], counts: dict[str, int]
) -> bool:
    """Run pytest over the folders and add its results to `counts`."""
    report = place.folder / f"{folders[0].replace('/', '-')}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", *folders, f"--junitxml={report}", "--durations=8"]
    command += _spread(folders)
    if os.environ.get("COVERAGE") == "1":
        command += ["--cov", "--cov-append", "--cov-report=term:skip-covered"]
    code = run(command, environment)
    for name, number in read_report(report).items():
        counts[name] += number
    return code == 0


def _spread(folders: tuple[str, ...]) -> list[str]:
    """How pytest-xdist spreads the tests over the cores.

    Each worker of the journeys has a city and a browser of its own, and steals what another has
    not begun. The others share what a file builds, in the order of tests/conftest.py.
    """
    dist = ["worksteal"] if folders == BROWSER else ["loadfile", "--no-loadscope-reorder"]
    return ["-n", str(min(MOST_WORKERS, os.cpu_count() or 1)), "--dist", *dist]


def read_report(report: Path) -> dict[str, int]:
    """How many tests passed, failed and were skipped, from pytest's JUnit file.

    A run that broke off before it wrote the file counts as one failure.
    """
    if not report.exists():
        return {"passed": 0, "failed": 1, "skipped": 0}
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314  # nosec B314: our own file
    total, *bad = [
        int(suite.get(name, 0)) if suite is not None else 0
        for name in ("tests", "failures", "errors", "skipped")
    ]
    failures, errors, skipped = bad
    return {
        "passed": total - failures - errors - skipped,
        "failed": failures + errors,
        "skipped": skipped,
    }


def _tell(steps: Steps, failed: list[str], counts: dict[str, int]) -> None:
    say("\nHow long each step took:")
    for name, seconds in steps.seconds.items():
        say(f"  {seconds:7.1f} s  {name}{'   FAILED' if name in failed else ''}")
    say(f"Failed: {', '.join(failed)}" if failed else "Every check passed.")
    if os.environ.get("JOURNEYS", "1") == "0":
        say("The browser's journeys were left out (JOURNEYS=0).")
    say(f"Reports: {shown(Path('var/test').resolve())}")
    say(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")


if __name__ == "__main__":
    sys.exit(main())
