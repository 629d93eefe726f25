"""docs/trace.md says the truth."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d) \| `([^`]+)` \| `([^`]+)` \|", re.MULTILINE)
CALLS_NEXT = {"create_ticket": "log_call", "log_call": "submit"}


def hops() -> list[tuple[int, str, str]]:
    text = (ROOT / "docs" / "trace.md").read_text("utf-8")
    return [(int(number), file, function) for number, file, function in ROW.findall(text)]


def function_in(file: str, name: str) -> ast.FunctionDef:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
    assert found, f"{file} has no function {name}"
    return found[0]


def names_called(function: ast.FunctionDef) -> set[str]:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name)} | {
        call.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(call := node.func, ast.Attribute)
    }


def test_the_trace_has_five_hops_in_order() -> None:
    assert [number for number, _, _ in hops()] == [1, 2, 3, 4, 5]


def test_each_hop_names_a_function_that_exists() -> None:
    for _, file, function in hops():
        assert function_in(file, function).name == function


def test_each_hop_before_the_commit_calls_the_next() -> None:
    functions = {name: function_in(file, name) for _, file, name in hops()}
    for name, called in CALLS_NEXT.items():
        assert called in names_called(functions[name]), f"{name} does not call {called}"


def test_submit_ends_by_waking_the_relay() -> None:
    submit = function_in("dispatch/intake.py", "submit")
    assert "_submit" in names_called(submit)
    once = function_in("dispatch/intake.py", "_submit")
    assert "ring_relay" in names_called(once)
    relay = function_in("dispatch/relay.py", "drain")
    assert {"number_batch", "ring"} <= names_called(relay)
    tail = function_in("dispatch/hub.py", "_tail")
    assert "_deliver" in names_called(tail)


def test_the_three_lines_enter_by_the_one_door() -> None:
    for file, name in (
        ("hotline/actions.py", "log_call"),
        ("grid/actions.py", "report_finding"),
        ("affairs/actions.py", "_take"),
    ):
        assert "submit" in names_called(function_in(file, name)), file
