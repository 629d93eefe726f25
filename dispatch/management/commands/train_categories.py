"""manage.py train_categories"""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dispatch import catalogue
from dispatch.actions.suggesting import NotBetterError, put_to_use
from dispatch.categories import suggestions, training
from dispatch.categories.classifying import Scores
from dispatch.categories.training import Labelled, TrainingDataError
from dispatch.models import CategoryModel


class Command(BaseCommand):
    """Learns to suggest categories from labelled texts; scores, keeps and activates versions."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the rows come from, and what is to be done with what was learnt."""
        parser.add_argument("file", nargs="?", type=Path, help="labelled rows, CSV or CSV.gz")
        parser.add_argument("--text-column", action="append", default=[], help="title first")
        parser.add_argument("--label-column", default="label")
        parser.add_argument("--map", type=Path, help="CSV: label,code; an empty code leaves out")
        parser.add_argument("--from-cases", action="store_true", help="the calls of closed cases")
        parser.add_argument("--from-phrases", action="store_true", help="our invented sentences")
        parser.add_argument("--dry-run", action="store_true", help="score only, keep nothing")
        parser.add_argument("--activate", action="store_true", help="use the new version")
        parser.add_argument("--use", type=int, metavar="VERSION", help="only use an old version")

    def handle(self, *args: Any, **options: Any) -> None:
        """Train and say how well; or go back to an old version."""
        try:
            if options["use"] is not None:
                self._use(options["use"])
            else:
                self._train(options)
        except TrainingDataError as error:
            raise CommandError(str(error)) from error

    def _train(self, options: dict[str, Any]) -> None:
        rows, rare = training.learnable(_gather(options))
        if rare:
            self.stdout.write(f"Left out, fewer than {training.FOLDS} rows: {', '.join(rare)}")
        if not options["dry_run"]:
            training.check_codes(rows)
        scores = training.evaluate(rows)
        self.stdout.writelines(f"{line}\n" for line in table(scores))
        self._say_what_was_followed()
        if options["dry_run"]:
            return
        version = training.learn(rows, scores, now=timezone.now()).version
        self.stdout.write(f"Version {version} is kept.")
        if options["activate"]:
            self._use(version)

    def _use(self, version: int) -> None:
        try:
            put_to_use(version=version)
        except CategoryModel.DoesNotExist as error:
            raise CommandError(f"There is no version {version}.") from error
        except NotBetterError as error:
            raise CommandError(
                f"Version {version} does not beat the majority guess; it is not put to use."
            ) from error
        self.stdout.write(f"Version {version} suggests categories from now on.")

    def _say_what_was_followed(self) -> None:
        used = suggestions.active()
        kept, first, one = suggestions.followed(used.version) if used else (0, 0, 0)
        if used and kept:
            self.stdout.write(
                f"In use: version {used.version}. Of {kept} calls logged with its suggestions, "
                f"{first} took the first and {one} one of the three."
            )


def _gather(options: dict[str, Any]) -> Labelled:
    rows = training.NOTHING
    if options["file"]:
        found = training.read_file(
            options["file"],
            text_columns=options["text_column"] or ["text"],
            label_column=options["label_column"],
        )
        meaning = options["map"] and training.read_map(options["map"])
        rows += training.mapped(found, meaning) if meaning else found
    if options["from_cases"]:
        rows += training.read_cases()
    if options["from_phrases"]:
        rows += training.read_phrases()
    if not rows.source:
        raise CommandError("Name a FILE, --from-cases or --from-phrases.")
    return rows


def table(scores: Scores) -> Iterator[str]:
    """The scores as lines of text: each label, then the whole beside the majority guess."""
    names = {code: c.name for code, c in catalogue.current().categories.items()}
    yield f"{'rows':>6} {'precision':>9} {'recall':>7} {'F1':>6}  label"
    for row in scores.by_label:
        yield (
            f"{row.rows:6} {row.precision:9.3f} {row.recall:7.3f} {row.f1:6.3f}  "
            f"{row.label} {names.get(row.label, '')}".rstrip()
        )
    yield f"{scores.rows} rows, {len(scores.by_label)} labels, {scores.folds}-fold, stratified"
    yield f"{'':16} macro-F1 accuracy among the first three"
    yield f"{'the model':16} {scores.macro_f1:8.3f} {scores.accuracy:8.3f} {scores.in_top:8.3f}"
    yield f"{'majority guess':16} {scores.majority_f1:8.3f} {scores.majority_accuracy:8.3f}"
