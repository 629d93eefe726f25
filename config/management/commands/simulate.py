"""`manage.py simulate`: a synthetic city's day through the real doors of a running demo."""

import random
import secrets
from argparse import ArgumentParser
from datetime import UTC, datetime

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts import identity
from affairs.models import UpstreamSystem
from config import env
from config.demo.hall import CODE
from config.demo.spots import read_spots
from config.demo.stories import StoryTeller
from config.demo.today.day import Day, Wishes
from config.demo.today.doors import Doors, SignInRefusedError
from config.demo.today.voices import Voices
from config.demo.today.work import Work
from config.waiting import wait_for_database
from dispatch import catalogue


class Command(BaseCommand):
    """Reads places and catalogue once, then speaks and works over HTTP only."""

    help = "Let an invented city speak and work over HTTP (only with the setting DEMO)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much, how long, where and as whom."""
        parser.add_argument("--rate", type=float, default=6.0, help="voices a minute")
        parser.add_argument("--minutes", type=float, default=60.0)
        parser.add_argument("--seed", type=int, default=0, help="default: another day each time")
        parser.add_argument("--base-url", default="", help="default: http://127.0.0.1:PORT")
        parser.add_argument("--password", default="", help="default: DEMO_PASSWORD")
        parser.add_argument("--shape", action="store_true", help="follow the hours of the day")
        parser.add_argument("--incident", action="store_true", help="now and then a main bursts")

    def handle(self, *_: object, **options: object) -> None:
        """Run until the minutes are over or Ctrl-C."""
        if not settings.DEMO:
            raise CommandError("simulate invents reports. It runs only where DEMO is on (DEMO=1).")
        password = str(options["password"] or env.text("DEMO_PASSWORD", ""))
        if not password:
            raise CommandError("Whose password? Give --password or set DEMO_PASSWORD.")
        wishes = Wishes(
            rate=float(str(options["rate"])),
            minutes=float(str(options["minutes"])),
            by_the_hour=bool(options["shape"]),
            incidents=bool(options["incident"]),
        )
        if wishes.rate <= 0 or wishes.minutes <= 0:
            raise CommandError("--rate and --minutes must be more than 0.")
        base_url = str(options["base_url"] or f"http://127.0.0.1:{env.number('PORT', 8000)}")
        doors = Doors(base_url, password)
        try:
            self._day(doors, wishes, int(str(options["seed"]))).run()
        except SignInRefusedError as error:
            raise CommandError(f"The password does not fit ({error}).") from error
        except KeyboardInterrupt:
            self._say("Stopped.")
        finally:
            doors.close()

    def _day(self, doors: Doors, wishes: Wishes, seed: int) -> Day:
        wait_for_database()
        system = UpstreamSystem.objects.filter(code=CODE).first()
        if system is None:
            raise CommandError("There is no demo city here; load it first: manage.py load_demo")
        draw = random.Random(seed or secrets.randbits(64))  # noqa: S311 an invented day
        voices = Voices(doors, StoryTeller(read_spots(), draw), identity.unseal(system.secret))
        book, began = catalogue.current(), datetime.now(UTC)
        connection.close()
        work = Work(doors, book, draw, rate=wishes.rate, began=began)
        return Day(voices, work, wishes, say=self._say)

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()
