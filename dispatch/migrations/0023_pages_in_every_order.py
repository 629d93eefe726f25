"""A page of the queue is found by an index in every order, also among cases that have ended."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

OPEN, ENDED = models.Q(is_open=True), models.Q(is_open=False)
CLOSED = models.Q(state="CLOSED")
INDEXES = {
    "open_priority": (["priority", "due_at", "id"], OPEN),
    "open_created": (["created_at", "id"], OPEN),
    "ended_due": (["state", "due_at", "id"], ENDED),
    "ended_priority": (["state", "priority", "due_at", "id"], ENDED),
    "ended_created": (["state", "created_at", "id"], ENDED),
    "to_be_archived": (["closed_at", "id"], CLOSED),
}


class Migration(migrations.Migration):
    """A page of the queue is found by an index in every order."""

    atomic = False
    dependencies = [("dispatch", "0022_fewer_indexes")]
    operations = [
        AddIndexConcurrently(
            "case", models.Index(fields=fields, condition=which, name=f"dispatch_case_{name}")
        )
        for name, (fields, which) in INDEXES.items()
    ]
