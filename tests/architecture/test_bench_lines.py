"""`make bench`: its lines, its page and its table fit together. No test asserts a time."""

import re
from pathlib import Path

from bench.__main__ import cases
from bench.registry import LINES
from bench.rows import HEAD, Row, table

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
LONGEST_FILE = 400


def test_every_line_stands_on_the_page_and_the_page_names_no_other() -> None:
    on_the_page = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(on_the_page) == sorted(line.name for line in LINES)


def test_no_two_lines_have_one_name() -> None:
    names = [line.name for line in LINES]
    assert len(set(names)) == len(names)


def test_the_measured_table_names_its_commit() -> None:
    measured = PAGE.partition("## The table")[2]
    assert re.search(r"`[0-9a-f]{7,}`", measured)
    assert all(word in measured for word in HEAD)


def test_the_table_says_ratio_goal_and_whether_it_was_met() -> None:
    rows = [
        Row("create", 50.0, "/s", ">= 25%", met=True, reference=100.0, reference_is="raw"),
        Row("move", 1.0, "/s", ">= 25%", met=False),
    ]
    lines = table(rows).splitlines()
    assert lines[0].split() == " ".join(HEAD).split()
    assert re.search(r"create +50 /s +100 raw +0\.5 +>= 25% +met$", lines[2])
    assert lines[3].endswith("NOT MET")


def test_sizes_are_written_as_people_say_them() -> None:
    assert [cases(size) for size in ("10M", "1m", "100k", "2500")] == [
        10_000_000,
        1_000_000,
        100_000,
        2_500,
    ]


def test_no_file_of_the_bench_is_longer_than_a_file_should_be() -> None:
    for path in (ROOT / "bench").rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE, path.name
