"""Loads places and addresses from a CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gis.coords import CoordinateError, parse_crs
from gis.loading.places_file import PlaceColumns, PlaceReport, load_places
from gis.loading.reading import ImportFileError

SHOWN = 10


class Command(BaseCommand):
    """All good rows or none; a second run changes nothing."""

    help = "Load places (name, position, address, kind) from a CSV or CSV.gz file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--crs", required=True, help="WGS84, CGCS2000, GCJ02 or BD09")
        parser.add_argument("--name-field", default="name")
        parser.add_argument("--lon-field", default="lon")
        parser.add_argument("--lat-field", default="lat")
        parser.add_argument("--address-field", default="")
        parser.add_argument("--kind-field", default="")
        parser.add_argument("--encoding", default="utf-8-sig")
        parser.add_argument("--skip-refused", action="store_true", help="take the good rows")

    def handle(self, *_args: object, **options: Any) -> None:
        """Read, check, write, report."""
        columns = PlaceColumns(
            name=options["name_field"],
            lon=options["lon_field"],
            lat=options["lat_field"],
            address=options["address_field"],
            kind=options["kind_field"],
        )
        try:
            report = load_places(
                options["file"],
                columns,
                crs=parse_crs(options["crs"]),
                skip_refused=options["skip_refused"],
                encoding=options["encoding"],
                say=self.stdout.write,
            )
        except (ImportFileError, CoordinateError, LookupError) as error:
            raise CommandError(f"{error}. Nothing was written.") from error
        self._print(report)

    def _print(self, report: PlaceReport) -> None:
        good = report.rows - len(report.refused)
        self.stdout.write(f"{report.rows:,} rows: {good:,} good, {len(report.refused):,} refused.")
        for number, why in sorted(report.refused.items())[:SHOWN]:
            self.stdout.write(f"  refused row {number}: {why}")
        if len(report.refused) > SHOWN:
            self.stdout.write(f"  ... and {len(report.refused) - SHOWN:,} more.")
        if report.changes is None:
            raise CommandError(
                "Rows were refused; nothing was written. Mend them, or use --skip-refused to take"
                " the rest."
            )
        self.stdout.write(
            self.style.SUCCESS(
                f"{report.changes.added:,} places added, {report.changes.changed:,} changed,"
                f" {report.changes.unchanged:,} unchanged or double."
            )
        )
