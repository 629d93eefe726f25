"""`manage.py worker`: does what the event log asks for: notices, call-backs, webhooks, sweeps."""

import logging
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from config import env
from config.celery import app
from config.waiting import wait_for_database

TASKS_PER_CHILD = 2000
CHATTY = ("celery.app.trace", "celery.worker.strategy")


class Command(BaseCommand):
    """Runs a Celery worker for every queue of settings; acks_late and prefetch stand there too."""

    help = "Run a Celery worker (start more of them for more)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many tasks at once."""
        default = env.number("WORKER_CONCURRENCY", 2)
        parser.add_argument("--concurrency", type=int, default=default)

    def handle(self, *_: object, concurrency: int, **__: object) -> None:
        """Work until SIGTERM; tasks under way are finished first."""
        wait_for_database()
        for name in CHATTY:  # two lines for each bell of each sweep, otherwise
            logging.getLogger(name).setLevel(logging.WARNING)
        app.worker_main(
            [
                "worker",
                f"--concurrency={concurrency}",
                f"--max-tasks-per-child={TASKS_PER_CHILD}",
                "--loglevel=INFO",
                "--without-gossip",
                "--without-mingle",
            ]
        )
