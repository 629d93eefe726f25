"""Indexes of clocks only where there is something to find: a clock of the case is in neither."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Each mark that the sweep says writes a clock anew, with an entry in every index."""

    dependencies = [("dispatch", "0012_wall")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.AlterField("timer", "intake", models.ForeignKey(
            blank=True, null=True, db_index=False, to="dispatch.intake",
            on_delete=django.db.models.deletion.PROTECT)),
        migrations.AlterField("timer", "assignment", models.ForeignKey(
            blank=True, null=True, db_index=False, to="dispatch.assignment",
            on_delete=django.db.models.deletion.PROTECT)),
        migrations.AddIndex("timer", models.Index(
            condition=Q(intake__isnull=False), fields=["intake"],
            name="dispatch_timer_of_voice")),
        migrations.AddIndex("timer", models.Index(
            condition=Q(assignment__isnull=False), fields=["assignment"],
            name="dispatch_timer_of_task")),
    ]  # fmt: skip
