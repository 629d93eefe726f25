"""Celery's part of the queue page: exports in the background. Idempotent; lost runs are made up."""

import contextlib
from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from dispatch.queue.exporting import ExportStoppedError, claim, purge, unfinished, write_export


@shared_task(name="dispatch.write_export", acks_late=True)
def write(*, export_id: str, **_: Any) -> bool:
    """Write one export; False when it was not its turn."""
    export = claim(pk=UUID(export_id), now=timezone.now())
    if export is None:
        return False
    try:
        write_export(export=export, clock=timezone.now)
    except ExportStoppedError:
        return False
    return True


@shared_task(name="dispatch.continue_exports", acks_late=True)
def continue_exports(**_: Any) -> int:
    """Wake what waits or was left by a worker that died, and delete what has expired."""
    now = timezone.now()
    purge(now=now)
    waiting = unfinished(now=now)
    for pk in waiting:
        wake(pk)
    return len(waiting)


def wake(pk: UUID) -> None:
    """Ask a worker to write an export; where the broker is away, the sweep asks again."""
    with contextlib.suppress(OperationalError):
        write.apply_async(kwargs={"export_id": str(pk)}, retry=False)
