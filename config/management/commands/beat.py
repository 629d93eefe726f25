"""`manage.py beat`: says what has run out, and rings for the sweeps at their times."""

import logging
import time
from threading import Event, Thread

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from config.celery import app
from config.waiting import wait_for_database
from dispatch.timekeeping.sweeping import sweep_due

EVERY_S = 0.5
logger = logging.getLogger("sanxian.beat")


class Command(BaseCommand):
    """Runs Celery beat, and beside it the sweep of the deadlines, which waits for no worker.

    Run one; a second one only rings twice, and sweeps do no work twice.
    """

    help = "Run the clock of the deadlines and of the periodic tasks (one process)."

    def handle(self, *_: object, **__: object) -> None:
        """Run until SIGTERM. The file only remembers the last bells and may be lost."""
        wait_for_database()
        logging.getLogger("celery.beat").setLevel(logging.WARNING)
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        Thread(target=keep_sweeping, args=[Event()], name="sweeper", daemon=True).start()
        schedule = settings.DATA_DIR / "beat-schedule"
        app.start(["beat", f"--schedule={schedule}", "--pidfile=", "--loglevel=INFO"])


def keep_sweeping(stop: Event) -> None:
    """Say twice a second which clocks have run out, until `stop` is set; nothing else ends it.

    Here and not in a worker: workers may be busy for minutes, and Redis may be away, while a
    deadline is said within two seconds (quality.md).
    """
    while not stop.is_set():
        began = time.monotonic()
        try:
            sweep_due(now=timezone.now(), sweepers=settings.SWEEPERS)
        except Exception as error:
            logger.warning("the deadlines could not be swept: %s", error)
            connection.close()
        stop.wait(EVERY_S - (time.monotonic() - began))
    connection.close()
