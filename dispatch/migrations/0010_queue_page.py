"""Saved filters, what a person has seen, exports."""

from django.db import migrations


class Migration(migrations.Migration):
    """Saved filters, what a person has seen, exports."""

    dependencies = [("dispatch", "0009_tasks_and_alarms")]
    operations: list[object] = []
