"""Celery's part of the queue page: exports in the background. Idempotent; lost runs are made up."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

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
        write.delay(export_id=str(pk))
    return len(waiting)
