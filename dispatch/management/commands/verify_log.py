"""manage.py verify_log [--district CODE]"""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dispatch.verifying import districts, verify


class Command(BaseCommand):
    """Re-computes the digests of the event log; exit 1 and the first bad row if it was altered."""

    help = __doc__ or ""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take one district, or all."""
        parser.add_argument("--district", help="six-digit code; all districts without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and say what was found."""
        known = districts()
        wanted = [options["district"]] if options["district"] else known
        if not set(wanted) <= set(known):
            raise CommandError(f"no log of district {wanted[0]}; there are: {', '.join(known)}")
        for code in wanted:
            verdict = verify(code)
            if verdict.fault:
                raise CommandError(f"{code}: ALTERED: {verdict.fault}")
            self.stdout.write(f"{code}: {verdict.checked:,} events as written")
