"""The calls after a hand-over are found without reading other clocks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index of the few clocks that they are."""

    dependencies = [("dispatch", "0016_lists_withdrawn")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.AddIndex("timer", models.Index(
            condition=models.Q(("stage", "FOLLOW_UP"), ("state", "RUNNING")),
            fields=["due_at", "id"], name="dispatch_timer_follow_ups")),
    ]  # fmt: skip
