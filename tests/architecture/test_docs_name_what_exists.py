"""The documents name files, functions and modules that exist; the index names every document."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
APPS = ("accounts", "affairs", "config", "dispatch", "gis", "grid", "hotline", "screen", "ui",
        "ops", "bench", "tests")  # fmt: skip
ENDINGS = "py html js mjs css md csv sh toml yml json svg png txt in po conf service mo".split()
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"([\w./-]+\.(?:" + "|".join(ENDINGS) + r"))(?:::(\w+))?")
MODULE = re.compile(r"(?:" + "|".join(APPS) + r")(?:\.\w+)+")
ANYWHERE = re.compile(r"(?<![\w/.-])(?:" + "|".join(APPS) + r")/[\w/-]+\.(?:py|html|css|js|csv)\b")
MADE_ELSEWHERE = ("/api/", "var/")
"""Where a running city answers, and where it keeps what it makes."""
LEFT_OUT = frozenset({"node_modules", ".venv", ".git", "var", "__pycache__", "static_collected"})


@cache
def files() -> frozenset[str]:
    """Every path of the repository, from its root."""
    found = (path for path in ROOT.rglob("*") if not LEFT_OUT & set(path.relative_to(ROOT).parts))
    return frozenset(path.relative_to(ROOT).as_posix() for path in found)


def named(page: Path) -> list[tuple[str, str]]:
    """The file names in a page's code marks with the function named behind `::`, and every path
    that begins with one of our folders."""
    text = page.read_text("utf-8")
    marked = (FILE.fullmatch(word) for word in CODE.findall(text))
    pairs = [(found[1], found[2] or "") for found in marked if found]
    pairs += [(path, "") for path in ANYWHERE.findall(text)]
    return [
        (path, name)
        for path, name in pairs
        if not path.split("/")[-1][0].isupper() and not path.startswith(MADE_ELSEWHERE)
    ]


def homes(path: str) -> list[str]:
    """The files that a page may mean by a path: from the root, or by its last parts."""
    return [one for one in files() if one == path or one.endswith(f"/{path}")]


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_file_and_function_that_a_page_names_exists(page: Path) -> None:
    missing = [path for path, _name in named(page) if not homes(path)]
    unknown = [f"{path}::{name}" for path, name in named(page)
               if name and homes(path) and not _defines(homes(path), name)]  # fmt: skip

    assert missing + unknown == []


def _defines(paths: list[str], name: str) -> bool:
    return any(f"def {name}(" in (ROOT / path).read_text("utf-8") for path in paths)


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    words = CODE.findall(page.read_text("utf-8"))
    dotted = [word for word in words if MODULE.fullmatch(word)]

    assert [word for word in dotted if not _is_known(word)] == []


def _is_known(dotted: str) -> bool:
    """A package, a module, a name that stands in the module before it, or a task of Celery."""
    if f'"{dotted}"' in _sources(dotted.split(".", maxsplit=1)[0]):
        return True
    path = dotted.replace(".", "/")
    if f"{path}.py" in files() or path in files():
        return True
    before, _dot, name = path.rpartition("/")
    sources = [one for one in (f"{before}.py", f"{before}/__init__.py", f"{before}/models.py")
               if one in files()]  # fmt: skip
    return any(name in _names(one) for one in sources)


@cache
def _sources(app: str) -> str:
    paths = (one for one in files() if one.startswith(f"{app}/") and one.endswith(".py"))
    return "".join((ROOT / one).read_text("utf-8") for one in paths)


def _names(path: str) -> set[str]:
    """Every name that the module defines or imports at its top."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_link_between_documents_leads_somewhere(page: Path) -> None:
    links = [link.split("#")[0] for link in LINK.findall(page.read_text("utf-8"))]
    ours = [link for link in links if link and ":" not in link]

    assert [link for link in ours if not (page.parent / link).exists()] == []


def test_the_index_lists_every_document() -> None:
    listed = set(LINK.findall((DOCS / "index.md").read_text("utf-8")))

    assert {page.name for page in DOCS.glob("*.md")} - {"index.md"} <= listed


def test_every_picture_is_shown_somewhere_and_small() -> None:
    told = "".join(page.read_text("utf-8") for page in PAGES)
    pictures = sorted((DOCS / "pictures").iterdir())

    assert [one.name for one in pictures if f"pictures/{one.name}" not in told] == []
    assert [one.name for one in pictures if one.stat().st_size > 300_000] == []


def test_the_glossary_names_our_identifiers_and_marks_what_is_still_to_come() -> None:
    sources = "".join(_sources(app) for app in APPS[:9])
    wrong = []
    for row in (DOCS / "glossary.md").read_text("utf-8").splitlines():
        words = {word for mark in CODE.findall(row) for word in re.findall(r"\w+", mark)}
        unknown = {word for word in words if not re.search(rf"\b{word}\b", sources)}
        is_later = "with a later issue" in row
        if words and bool(unknown) != is_later:
            wrong.append(row)

    assert wrong == []
