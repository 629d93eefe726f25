"""The English words are complete: the sources, the .po files and the .mo files agree."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = ROOT / "locale" / "en" / "LC_MESSAGES"
APPS = "accounts affairs config dispatch gis grid hotline opendata screen supervision ui".split()
CONTEXT = "\x04"
PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
WITH_CONTEXT = {"pgettext", "pgettext_lazy"}
QUOTED = r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')"""
TRANSLATE = re.compile(r"\{% trans(?:late)? " + QUOTED)
UNDERSCORE = re.compile(r"_\(" + QUOTED + r"\)")
BLOCK = re.compile(r"\{% blocktrans(?:late)?[^%]*%\}(.*?)\{% endblocktrans(?:late)? %\}", re.DOTALL)
VARIABLE = re.compile(r"\{\{ (\w+) \}\}")
SCRIPT = re.compile(r"\bn?gettext\(" + QUOTED)


def _texts(pattern: re.Pattern[str], source: str) -> Iterator[str]:
    for found in pattern.finditer(source):
        yield re.sub(r"\\(.)", r"\1", found.group(1) or found.group(2) or "")


def _python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        texts = [
            a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
        ]
        if node.func.id in PLAIN and texts:
            yield texts[0]
        elif node.func.id in WITH_CONTEXT and len(texts) > 1:
            yield f"{texts[0]}{CONTEXT}{texts[1]}"


def _template(path: Path) -> Iterator[str]:
    source = path.read_text("utf-8")
    yield from _texts(TRANSLATE, source)
    yield from _texts(UNDERSCORE, source)
    for block in BLOCK.finditer(source):
        yield VARIABLE.sub(r"%(\1)s", block.group(1))


def _sources(domain: str) -> Iterator[tuple[str, str]]:
    """Each text that a person may see, with the file it stands in."""
    for path in (p for app in APPS for p in sorted((ROOT / app).rglob("*"))):
        name = str(path.relative_to(ROOT))
        if "vendor" in name or "migrations" in name:
            continue
        if domain == "djangojs" and path.suffix == ".js":
            yield from ((text, name) for text in _texts(SCRIPT, path.read_text("utf-8")))
        elif domain == "django" and path.suffix == ".py":
            yield from ((text, name) for text in _python(path))
        elif domain == "django" and path.suffix == ".html":
            yield from ((text, name) for text in _template(path))


def _po(domain: str) -> dict[str, str]:
    """msgid -> msgstr of a .po file, contexts joined as gettext joins them."""
    entries: dict[str, str] = {}
    for block in (ENGLISH / f"{domain}.po").read_text("utf-8").split("\n\n")[1:]:
        parts = {
            key: ast.literal_eval("(" + words + ")")
            for key, words in re.findall(
                r'^(msg\w+(?:\[\d\])?) ((?:".*"\n?)+)', block, re.MULTILINE
            )
        }
        if "msgid" in parts:
            context = parts.get("msgctxt", "")
            entries[(context + CONTEXT if context else "") + parts["msgid"]] = parts["msgstr"]
    return entries


def _mo(domain: str) -> dict[str, str]:
    with (ENGLISH / f"{domain}.mo").open("rb") as file:
        catalog = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key: text for key, text in catalog.items() if key}


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_every_text_of_the_sources_has_english_words(domain: str) -> None:
    english = _po(domain)
    missing = {text: file for text, file in _sources(domain) if text and not english.get(text)}
    assert missing == {}, "run makemessages and fill the .po (docs/screens.md)"


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_the_compiled_words_are_in_step_with_the_written_ones(domain: str) -> None:
    assert _mo(domain) == {key: text for key, text in _po(domain).items() if text}


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_english_keeps_every_variable_of_the_text(domain: str) -> None:
    variables = re.compile(r"%\(\w+\)\w|%[sd]")
    wrong = [
        key
        for key, text in _po(domain).items()
        if text and sorted(variables.findall(key)) != sorted(variables.findall(text))
    ]
    assert wrong == []
