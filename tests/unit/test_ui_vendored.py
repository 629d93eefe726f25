"""What is vendored is what the list says, byte for byte; and pages name only icons that exist."""

import hashlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTED = json.loads((ROOT / "ui" / "vendored.json").read_text("utf-8"))
FOLDERS = ("ui/static/vendor", "tests/journeys/vendor")
LICENCES = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "OFL-1.1", "MPL-2.0"}


def test_every_vendored_file_has_the_digest_of_the_list() -> None:
    wrong = [
        row["file"]
        for row in LISTED
        if hashlib.sha256((ROOT / row["file"]).read_bytes()).hexdigest() != row["sha256"]
    ]
    assert wrong == []


def test_no_file_is_vendored_beside_the_list() -> None:
    there = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert there == {row["file"] for row in LISTED}


def test_every_vendored_package_has_a_known_licence_and_its_version_in_the_folder() -> None:
    assert {row["licence"] for row in LISTED} <= LICENCES
    pinned = json.loads((ROOT / "package.json").read_text("utf-8"))
    versions = {**pinned["dependencies"], **pinned["devDependencies"]}
    assert all(versions[row["package"]] == row["version"] for row in LISTED)


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = next((ROOT / "ui/static/vendor").glob("icons@*/icons.svg")).read_text("utf-8")
    drawn = set(re.findall(r'id="([a-z0-9-]+)"', sprite))
    named: set[str] = set()
    for path in (*ROOT.glob("*/templates/**/*.html"), *ROOT.glob("ui/static/ui/js/**/*.js")):
        text = path.read_text("utf-8")
        named |= set(re.findall(r"""(?:\bicon[ (]|icon_name=)["']([a-z0-9-]+)["']""", text))
    assert named <= drawn


def test_scripts_and_styles_obey_the_content_security_policy() -> None:
    for path in ROOT.glob("*/templates/**/*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"<style|\son[a-z]+=|hx-on|hx-vals=.js:", text), path
    for path in ROOT.glob("ui/static/ui/js/**/*.js"):
        assert not re.search(r"\beval\(|new Function", path.read_text("utf-8")), path
