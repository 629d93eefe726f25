"""manage.py recompute_deadlines [--dry-run]: deadlines by today's calendar, hours and ladder."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from dispatch import catalogue
from dispatch.timekeeping.recomputing import recompute_deadlines

SHOWN = 20


class Command(BaseCommand):
    """Work every open clock's due time out anew; a second run changes nothing."""

    help = "Recompute the deadlines of all open clocks from their original start."

    def add_arguments(self, parser: CommandParser) -> None:
        """--dry-run only says what would change."""
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *_: Any, **options: Any) -> None:
        """Recompute, with a line for each batch and the first changes."""
        catalogue.refresh()
        changes = recompute_deadlines(
            now=timezone.now(), dry_run=options["dry_run"], progress=self._progress
        )
        for change in changes[:SHOWN]:
            self.stdout.write(
                f"{change.case_no} {change.stage}: "
                f"{timezone.localtime(change.old):%Y-%m-%d %H:%M} -> "
                f"{timezone.localtime(change.new):%Y-%m-%d %H:%M}"
            )
        verb = "would move" if options["dry_run"] else "moved"
        self.stdout.write(f"{len(changes)} deadlines {verb}")

    def _progress(self, looked: int, changed: int) -> None:
        self.stdout.write(f"{looked} clocks looked at, {changed} to change")
