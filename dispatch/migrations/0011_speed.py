"""Indexes that keep a million cases as quick as a hundred."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes that keep a million cases as quick as a hundred."""

    atomic = False
    dependencies = [("dispatch", "0010_queue_page")]
    operations = [
        AddIndexConcurrently(
            model_name="case",
            index=django.contrib.postgres.indexes.GistIndex(
                condition=models.Q(("is_open", True)),
                fields=["family", "location", "created_at"],
                name="dispatch_case_radar_newest",
            ),
        ),
        RemoveIndexConcurrently(model_name="case", name="dispatch_case_radar"),
    ]
