"""Loads districts, streets, communities or unit grids from a file."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from gis.areas import LaterVersionError
from gis.coords import CoordinateError
from gis.loading.areas_file import ImportStoppedError, Report, Wish, load_areas
from gis.loading.reading import FORMATS, Columns, ImportFileError, read_rows
from gis.loading.reproject import parse_source_crs
from gis.models import CODE_LENGTHS, Level

LEVELS = {level.lower(): level for level in (*CODE_LENGTHS,) if level != Level.CITY}
SHOWN = 10


class Command(BaseCommand):
    """Reads any GeoJSON, Shapefile, GeoPackage or GeoParquet; all or nothing; repeatable."""

    help = "Load areas from a file; prints what it took, repaired and refused, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument("file", type=Path, help=FORMATS)
        parser.add_argument("--level", required=True, choices=sorted(LEVELS))
        codes = parser.add_mutually_exclusive_group(required=True)
        codes.add_argument("--code-field", default="", help="the column with the codes")
        codes.add_argument("--number-from", default="", help="no codes: count from this one")
        codes.add_argument(
            "--number-within-parents",
            action="store_true",
            help="no codes: number within the area above that covers most of each",
        )
        parser.add_argument("--name-field", required=True)
        parser.add_argument("--parent-field", default="")
        parser.add_argument("--crs", required=True, help="WGS84, CGCS2000, GCJ02, BD09 or EPSG:n")
        parser.add_argument("--valid-from", type=date.fromisoformat, default=None)
        parser.add_argument("--layer", default="", help="of a file with several layers")
        parser.add_argument("--encoding", default="", help="of a Shapefile, e.g. GBK")
        parser.add_argument("--swap-axes", action="store_true", help="latitude comes first")
        parser.add_argument("--skip-refused", action="store_true", help="take the good rows")
        parser.add_argument("--yes", action="store_true", help="load despite doubts")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, *_args: object, **options: Any) -> None:
        """Read, check, write, report."""
        wish = self._wish(options)
        columns = Columns(options["name_field"], options["code_field"], options["parent_field"])
        try:
            self.stdout.write(f"Reading {options['file'].name} ...")
            rows = read_rows(
                options["file"], columns, layer=options["layer"], encoding=options["encoding"]
            )
            keep = settings.DATA_DIR / "refused"
            report = load_areas(rows, wish, say=self.stdout.write, keep=keep)
        except (ImportFileError, LaterVersionError) as error:
            raise CommandError(f"{error}. Nothing was written.") from error
        except ImportStoppedError as error:
            self._print(error.report)
            raise CommandError(_why_stopped(error)) from error
        self._print(report)
        self._print_changes(report)

    def _wish(self, options: dict[str, Any]) -> Wish:
        try:
            crs = parse_source_crs(options["crs"])
        except CoordinateError as error:
            raise CommandError(f"{error}. Nothing was written.") from error
        level, start = LEVELS[options["level"]], options["number_from"]
        if start and not (start.isdigit() and len(start) in CODE_LENGTHS[level]):
            wanted = " or ".join(map(str, CODE_LENGTHS[level]))
            raise CommandError(f"--number-from takes a code of {wanted} digits for a {level}")
        return Wish(
            level=level,
            crs=crs,
            valid_from=options["valid_from"] or timezone.localdate(),
            source=options["file"].name[:200],
            swap_axes=options["swap_axes"],
            number_from=start,
            within_parents=options["number_within_parents"],
            skip_refused=options["skip_refused"],
            despite_doubts=options["yes"],
            dry_run=options["dry_run"],
        )

    def _print(self, report: Report) -> None:
        taken = report.rows - len(report.refused)
        self.stdout.write(
            f"{report.rows:,} rows: {taken:,} good, {len(report.repaired):,} repaired,"
            f" {len(report.refused):,} refused."
        )
        for note in report.notes:
            self.stdout.write(f"  note: {note}")
        for row, texts in sorted(report.repaired.items())[:SHOWN]:
            self.stdout.write(f"  repaired row {row + 1}: {'; '.join(texts)}")
        for row, refusal in sorted(report.refused.items())[:SHOWN]:
            label = report.labels.get(row, "")
            self.stdout.write(f"  refused row {row + 1} {label}: {refusal.text} [{refusal.code}]")
        more = max(len(report.repaired), len(report.refused)) - SHOWN
        if more > 0:
            self.stdout.write("  ... and more of the same kind.")
        if report.refused_file:
            self.stdout.write(f"  The refused rows are kept in {report.refused_file}")
        for doubt in report.doubts:
            self.stdout.write(self.style.WARNING(f"  Doubt: {doubt.text}"))

    def _print_changes(self, report: Report) -> None:
        changes = report.changes
        if changes is None:
            self.stdout.write("Dry run: nothing was written.")
        elif changes.added == changes.changed == 0:
            self.stdout.write(f"Nothing changed: all {changes.unchanged:,} areas are as they were.")
        else:
            self.stdout.write(
                self.style.SUCCESS(
                    f"{changes.added:,} areas added, {changes.changed:,} got a new version,"
                    f" {changes.unchanged:,} unchanged."
                )
            )


def _why_stopped(error: ImportStoppedError) -> str:
    if error.code == "DOUBTFUL":
        return "Stopped in doubt; nothing was written. Answer as said above, or use --yes."
    return (
        "Rows were refused; nothing was written. Mend them, or use --skip-refused to take the rest."
    )
