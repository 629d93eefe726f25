"""Cuts communities into unit grids of about the same size."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from gis.gridding.cells import MAX_CELLS
from gis.gridding.load import GridReport, GridWish, load_cells
from gis.models import Area, Level

SHOWN = 10
SMALLEST_M, LARGEST_M = 20, 5000


class Command(BaseCommand):
    """For cities that have no surveyed grids yet; the grids are marked synthetic."""

    help = "Cut communities into unit grids, coded west to east and north to south."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument("--from-communities", action="store_true", required=True)
        parser.add_argument(
            "--from-streets",
            action="store_true",
            help="give each street without communities one that covers all of it",
        )
        parser.add_argument("--size", type=float, default=100, help="metres, 100 by default")
        parser.add_argument("--within", default="", help="only codes that begin so")
        parser.add_argument("--valid-from", type=date.fromisoformat, default=None)
        parser.add_argument("--replace", action="store_true", help="cut synthetic grids anew")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, *_args: object, **options: Any) -> None:
        """Cut, write, report."""
        if not SMALLEST_M <= options["size"] <= LARGEST_M:
            raise CommandError(f"--size must lie between {SMALLEST_M} and {LARGEST_M} metres")
        wanted = [Level.COMMUNITY, *([Level.STREET] if options["from_streets"] else [])]
        areas = Area.objects.current().filter(level__in=wanted)
        if not areas.filter(code__startswith=options["within"]).exists():
            raise CommandError(
                "There are no communities to cut. Load them with load_areas --level community,"
                " or use --from-streets where a city has only streets."
            )
        wish = GridWish(
            size_m=options["size"],
            valid_from=options["valid_from"] or timezone.localdate(),
            prefix=options["within"],
            from_streets=options["from_streets"],
            replace=options["replace"],
            dry_run=options["dry_run"],
        )
        self._print(load_cells(wish, say=self.stdout.write), wish)

    def _print(self, report: GridReport, wish: GridWish) -> None:
        self.stdout.write(
            f"{report.cut:,} communities cut into {report.cells:,} grids of about"
            f" {wish.size_m:g} m; {report.kept:,} have synthetic grids already,"
            f" {report.surveyed:,} have surveyed ones and were left alone."
        )
        if report.stand_ins:
            self.stdout.write(
                f"{report.stand_ins:,} streets have no communities: each got one with the number"
                " 999 that covers all of it."
            )
        for label, size in report.enlarged[:SHOWN]:
            self.stdout.write(
                f"  {label} would need more than {MAX_CELLS} grids: they measure {size:.0f} m there"
            )
        if len(report.enlarged) > SHOWN:
            self.stdout.write(f"  ... and {len(report.enlarged) - SHOWN:,} more.")
        for code in report.full:
            self.stdout.write(
                self.style.WARNING(
                    f"  {code} has no {MAX_CELLS} numbers left for new grids; a closed code is"
                    " never used again. Its grids stay; give the community a new code first."
                )
            )
        self._print_changes(report, wish)

    def _print_changes(self, report: GridReport, wish: GridWish) -> None:
        if wish.dry_run:
            self.stdout.write("Dry run: nothing was written.")
        elif report.changes is None:
            self.stdout.write("Nothing changed.")
        else:
            self.stdout.write(self.style.SUCCESS(f"{report.changes.added:,} areas added."))
