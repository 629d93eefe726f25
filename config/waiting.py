"""Processes start in any order: each waits for its database instead of dying."""

import logging
import time

from django.db import OperationalError, connection

logger = logging.getLogger("sanxian.start")


def wait_for_database(seconds: float = 60) -> None:
    """Return as soon as the database takes connections. Raises OperationalError after that time."""
    end = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() > end:
                raise
            logger.warning("waiting for the database: %s", str(error).strip().split("\n")[0])
            time.sleep(pause)
            pause = min(pause * 2, 2)
        else:
            connection.close()
            return
