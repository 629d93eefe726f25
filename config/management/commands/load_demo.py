"""`manage.py load_demo`: the demo city with its people, duties and weeks of history."""

import time
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config import env
from config.demo.load import Wishes, load_demo
from config.waiting import wait_for_database

DAYS, CASES = 21, 1800


class Command(BaseCommand):
    """Loads the demo; a second run adds nothing, a run that was cut off is gone on with."""

    help = "Load the demo city (only with the setting DEMO)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The password of all accounts, and how much history there shall be."""
        parser.add_argument("--password", default="", help="default: DEMO_PASSWORD, else made up")
        parser.add_argument("--days", type=int, default=DAYS, help="days of history")
        parser.add_argument("--cases", type=int, default=CASES, help="cases in all")

    def handle(self, *_: object, password: str, days: int, cases: int, **__: object) -> None:
        """Load what is missing, in plain words."""
        if not settings.DEMO:
            raise CommandError(
                "load_demo fills a city with invented cases and accounts that share a password. "
                "It runs only where the setting DEMO is on (DEMO=1)."
            )
        if days < 1 or cases < 1:
            raise CommandError("--days and --cases must be at least 1.")
        wait_for_database()
        wishes = Wishes(
            password=password or env.text("DEMO_PASSWORD", ""),
            secret=env.text("DEMO_WEBHOOK_SECRET", ""),
            days=days,
            cases=cases,
        )
        began = time.monotonic()
        load_demo(wishes, now=timezone.now(), say=self._say)
        self._say(f"The demo city is there ({time.monotonic() - began:.0f} s).")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()
