"""Labelled texts to learn categories from: files, our own cases, the phrases that come with us."""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dispatch import catalogue
from dispatch.actions.suggesting import keep_model, put_to_use
from dispatch.categories.classifying import Scores, cross_validate, fit
from dispatch.categories.suggestions import UNCLASSIFIED
from dispatch.lifecycle import State
from dispatch.models import CategoryModel, Intake, Line

PHRASES = Path(__file__).resolve().parents[1] / "seed" / "category_phrases.csv"
FOLDS, SEED = 5, 20261121
MOST_CASES = 20_000
SETTLED = (State.CLOSED.value, State.ARCHIVED.value)
ENCODINGS = ("utf-8-sig", "gb18030")
SHOWN = 5


class TrainingDataError(Exception):
    """The rows cannot be learnt from; the text says why."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts (title, line break, content), the label of each, and where they came from."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    source: str

    def __add__(self, other: "Labelled") -> "Labelled":
        source = " + ".join(part for part in (self.source, other.source) if part)
        return Labelled(self.texts + other.texts, self.labels + other.labels, source)


NOTHING = Labelled((), (), "")


def _table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV or CSV.gz file in UTF-8 or GB 18030."""
    try:
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise TrainingDataError(f"{path.name} cannot be read: {error}") from error
    for encoding in ENCODINGS:
        try:
            lines = raw.decode(encoding).splitlines(keepends=True)
            return list(csv.DictReader(lines, restval="", strict=True))
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise TrainingDataError(f"{path.name} is no CSV file: {error}") from error
    raise TrainingDataError(f"{path.name} is neither UTF-8 nor GB 18030.")


def _check_columns(path: Path, rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> None:
    if not rows:
        raise TrainingDataError(f"{path.name} has no rows.")
    missing = [name for name in columns if name not in rows[0]]
    if missing:
        there = ", ".join(map(str, rows[0]))
        raise TrainingDataError(f"{path.name} has no column {', '.join(missing)}; it has: {there}.")


def read_file(path: Path, *, text_columns: Sequence[str], label_column: str) -> Labelled:
    """The rows of a file that have a text and a label; the first text column is the title."""
    rows = _table(path)
    _check_columns(path, rows, (*text_columns, label_column))
    pairs = [
        ("\n".join(row[name].strip() for name in text_columns).strip(), row[label_column].strip())
        for row in rows
    ]
    return _labelled([pair for pair in pairs if all(pair)], path.name)


def _labelled(pairs: Sequence[tuple[str, str]], source: str) -> Labelled:
    return Labelled(tuple(text for text, _ in pairs), tuple(label for _, label in pairs), source)


def read_map(path: Path) -> dict[str, str]:
    """What a file's labels mean in our catalogue: columns label and code; no code leaves out."""
    rows = _table(path)
    _check_columns(path, rows, ("label", "code"))
    return {row["label"].strip(): row["code"].strip() for row in rows}


def read_phrases() -> Labelled:
    """The invented sentences that come with the program."""
    rows = _table(PHRASES)
    return _labelled([(row["phrase"], row["code"]) for row in rows], "phrases")


def read_cases() -> Labelled:
    """Calls of closed cases, the newest MOST_CASES, with the category that people settled on.

    Confidential calls are never learnt from, nor those whose words were shredded.
    """
    voices = (
        Intake.objects.filter(line=Line.HOTLINE.value, case__state__in=SETTLED, confidential=False)
        .exclude(case__category_code=UNCLASSIFIED)
        .order_by("-pk")
        .values_list("title", "content", "case__category_code")[:MOST_CASES]
    )
    pairs = [(f"{title}\n{content}".strip(), code) for title, content, code in voices]
    return _labelled([pair for pair in pairs if pair[0]], "cases")


def mapped(rows: Labelled, meaning: Mapping[str, str]) -> Labelled:
    """The rows with their labels exchanged; rows whose label means nothing are left out."""
    unknown = sorted(set(rows.labels) - set(meaning))
    if unknown:
        raise TrainingDataError(f"The map lacks these labels: {_some(unknown)}.")
    pairs = [(t, meaning[n]) for t, n in zip(rows.texts, rows.labels, strict=True) if meaning[n]]
    return _labelled(pairs, rows.source)


def learnable(rows: Labelled) -> tuple[Labelled, list[str]]:
    """The rows of labels with at least FOLDS rows, and the labels that were left out."""
    counts = Counter(rows.labels)
    rare = sorted(label for label, count in counts.items() if count < FOLDS)
    if len(counts) - len(rare) < 2:  # noqa: PLR2004
        raise TrainingDataError(
            f"Too little to learn from: {len(rows.texts)} rows, of {len(counts)} labels; at least "
            f"two labels must have {FOLDS} rows or more."
        )
    pairs = [(t, n) for t, n in zip(rows.texts, rows.labels, strict=True) if n not in rare]
    return _labelled(pairs, rows.source), rare


def evaluate(rows: Labelled) -> Scores:
    """The scores of cross-validation, always over the same folds."""
    return cross_validate(rows.texts, rows.labels, folds=FOLDS, seed=SEED)


def check_codes(rows: Labelled) -> None:
    """Refuse labels that are no selectable category: nobody could choose them."""
    book = catalogue.current()
    known = {code for code, category in book.categories.items() if category.selectable}
    unknown = sorted(set(rows.labels) - known)
    if unknown:
        raise TrainingDataError(
            f"These labels are no categories of the catalogue: {_some(unknown)}. "
            "Name their codes with --map, or score them with --dry-run."
        )


def learn(rows: Labelled, scores: Scores, *, now: datetime) -> CategoryModel:
    """A new version that learnt from all rows, kept with the scores. Raises TrainingDataError."""
    check_codes(rows)
    model = fit(rows.texts, rows.labels, sharpness=scores.sharpness)
    return keep_model(model=model, scores=scores, source=rows.source[:200], now=now)


def train_from_phrases(*, now: datetime) -> str:
    """Put a first model to use, learnt from our phrases, where none is in use; says what it did."""
    if CategoryModel.objects.filter(is_active=True).exists():
        return "A model suggests categories already."
    rows, _rare = learnable(read_phrases())
    scores = evaluate(rows)
    version = learn(rows, scores, now=now).version
    put_to_use(version=version)
    return (
        f"Version {version} learnt {len(set(rows.labels))} categories from {scores.rows} phrases "
        f"(macro-F1 {scores.macro_f1:.2f}, majority guess {scores.majority_f1:.2f})."
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" * (len(names) > SHOWN))
