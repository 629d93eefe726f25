"""manage.py load_calendar FILE | --year 2027: bring a year of the working calendar in."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dispatch import catalogue
from dispatch.timekeeping import calendars
from dispatch.timekeeping.calendars import CalendarFileError, Day, UnknownYearError
from dispatch.timekeeping.recomputing import recompute_deadlines


class Command(BaseCommand):
    """Load days, all or none, then give the open clocks the deadlines of the new calendar."""

    help = "Load days of the working calendar (CSV: day,is_workday,name) and recompute deadlines."

    def add_arguments(self, parser: CommandParser) -> None:
        """A file, or a year that the calendar library knows."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("file", nargs="?", type=Path)
        source.add_argument("--year", type=int)

    def handle(self, *_: Any, **options: Any) -> None:
        """Load, then recompute."""
        path, year = options["file"], options["year"]
        try:
            days = self._read(path) if path else calendars.days_of_year(year)
        except UnknownYearError as error:
            raise CommandError(
                f"The calendar library does not know {year} yet; give the city's file instead."
            ) from error
        source = path.name if path else calendars.LIBRARY
        added, changed = calendars.load_days(days, source=source[:80])
        self.stdout.write(f"{added} days new, {changed} changed")
        catalogue.refresh()
        changes = recompute_deadlines(now=timezone.now())
        self.stdout.write(f"{len(changes)} deadlines moved")

    def _read(self, path: Path) -> list[Day]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return calendars.read_days(file)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        except CalendarFileError as error:
            raise CommandError("\n".join(error.errors[: calendars.MOST_ERRORS])) from error
