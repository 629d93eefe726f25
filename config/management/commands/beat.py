"""`manage.py beat`: rings for the sweeps at their times."""

import logging

from django.conf import settings
from django.core.management.base import BaseCommand

from config.celery import app
from config.waiting import wait_for_database


class Command(BaseCommand):
    """Runs Celery beat. Run one; a second one only rings twice, and sweeps do no work twice."""

    help = "Run the clock of the periodic tasks (one process)."

    def handle(self, *_: object, **__: object) -> None:
        """Ring until SIGTERM. Its file only remembers the last bells and may be lost."""
        wait_for_database()
        logging.getLogger("celery.beat").setLevel(logging.WARNING)
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        schedule = settings.DATA_DIR / "beat-schedule"
        app.start(["beat", f"--schedule={schedule}", "--pidfile=", "--loglevel=INFO"])
