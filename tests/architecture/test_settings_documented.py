"""docs/settings.md names every setting that the code reads, with its default."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("config", "accounts", "dispatch", "gis", "grid", "hotline", "affairs")
READERS = {"env.text", "env.flag", "env.number", "env.words", "env.database"}
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", re.MULTILINE)
EMPTY = ["empty", "generated and kept"]
NOT_A_SETTING = {"DJANGO_SETTINGS_MODULE", "PATH", "STARTED_AT"}


def documented() -> dict[str, str]:
    """Name -> what the default column says."""
    return dict(ROW.findall((ROOT / "docs" / "settings.md").read_text("utf-8")))


def sources(*folders: str) -> Iterator[ast.AST]:
    """The syntax trees of every file in these folders."""
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text("utf-8")))


def calls(*folders: str) -> Iterator[tuple[str, str, list[ast.expr]]]:
    """Each call as (name of the function, its first argument if written out, the others)."""
    for node in sources(*folders):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            others = [*node.args[1:], *(k.value for k in node.keywords if k.arg == "default")]
            yield ast.unparse(node.func), str(node.args[0].value), others


@functools.cache
def read_through_env(*folders: str) -> dict[str, ast.expr | None]:
    """Name -> default expression, of each env.text(NAME, ...) and its sisters."""
    found: dict[str, ast.expr | None] = {}
    for function, name, others in calls(*folders):
        if function in READERS:
            found[name] = others[0] if others else None
    return found


def read_from_environ() -> set[str]:
    """Names taken as os.environ.get(NAME), environment.get(NAME), _given(NAME)."""
    getters = {"os.environ.get", "environment.get", "_given"}
    names = {name for function, name, _ in calls(*PRODUCT, "ops") if function in getters}
    return names - NOT_A_SETTING


def test_every_setting_is_documented_and_nothing_else() -> None:
    of_compose = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    of_demo = {"DEMO_WEBHOOK_SECRET"}

    used = set(read_through_env(*PRODUCT, "ops")) | read_from_environ() | of_compose | of_demo

    assert set(documented()) == used


@pytest.mark.parametrize("name", sorted(read_through_env(*PRODUCT)))
def test_the_documented_default_is_the_real_one(name: str) -> None:
    default, told = read_through_env(*PRODUCT)[name], documented()[name]
    if default is None:
        assert told in {"must be set", "empty"}
    elif isinstance(default, ast.Constant) and isinstance(default.value, bool):
        assert told == f"`{int(default.value)}`"
    elif isinstance(default, ast.Constant):
        allowed = EMPTY if default.value == "" else [f"`{default.value!s}`"]
        assert told in allowed
    elif isinstance(default, ast.Name):
        assert told == f"that of `{default.id}`"
    else:
        assert told.strip("`").split("/")[-1] in ast.unparse(default)
