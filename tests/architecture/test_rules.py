"""The house rules that no linter knows (architecture.md 2, 5, 12)."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from config.celery import app
from config.subscriptions import SUBSCRIPTIONS
from dispatch.lifecycle import TOPICS

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("accounts", "affairs", "config", "dispatch", "gis", "grid", "hotline", "screen", "ui")
LONGEST_FILE, LONGEST_FUNCTION = 400, 50


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def test_only_the_actions_of_dispatch_assign_a_state_of_a_case() -> None:
    guilty = []
    for name, tree in sources():
        if name.startswith("dispatch/actions/"):
            continue
        for node in ast.walk(tree):
            for target in node.targets if isinstance(node, ast.Assign) else []:
                if isinstance(target, ast.Attribute) and target.attr == "state":
                    guilty.append(f"{name}:{target.lineno}")
    assert guilty == []


def test_no_file_and_no_function_is_too_long() -> None:
    long = []
    for name, tree in sources():
        lines = len((ROOT / name).read_text("utf-8").splitlines())
        if lines > LONGEST_FILE:
            long.append(f"{name}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > LONGEST_FUNCTION:
                    long.append(f"{name}:{node.lineno}: {node.name} {size} lines")
    assert long == []


def test_there_are_no_signals_and_no_junk_drawers() -> None:
    for name, tree in sources():
        parts = set(Path(name).with_suffix("").parts)
        assert not parts & {"common", "core", "utils", "helpers", "signals"}, name
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "django.dispatch":
                pytest.fail(f"{name} uses Django's signals")


def test_each_topic_says_who_hears_it_and_each_name_is_a_task() -> None:
    assert set(SUBSCRIPTIONS) == TOPICS
    app.loader.import_default_modules()
    for names in SUBSCRIPTIONS.values():
        assert set(names) <= set(app.tasks)


@pytest.mark.parametrize("package", ["dispatch", "gis"])
def test_the_modules_of_a_package_have_no_cycle(package: str) -> None:
    graph = {
        module_name(name): {
            target
            for target in imported(tree)
            if target.startswith(f"{package}.") and target != module_name(name)
        }
        for name, tree in sources()
        if name.startswith(f"{package}/") and "/models/" not in name
    }
    assert cycle(graph) == []


def module_name(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(tree: ast.Module) -> Iterator[str]:
    """Modules that are imported at the top, submodules named by `from package import module`."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """A cycle as a list of names, or none."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done or name not in graph:
            return []
        for target in sorted(graph[name]):
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return []

    for start in sorted(graph):
        if found := visit(start, []):
            return found
    return []


def test_psycopg_3_is_not_there() -> None:
    assert find_spec("psycopg") is None


def test_nothing_of_ours_reads_beside_the_repository() -> None:
    for name, _ in sources():
        assert "../shared" not in (ROOT / name).read_text("utf-8"), name
