"""Indexes for the command-centre wall: the log by time, endings by topic, emergencies."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Indexes for the command-centre wall."""

    atomic = False
    dependencies = [("dispatch", "0011_speed")]
    operations = [
        AddIndexConcurrently(
            "event",
            BrinIndex(
                fields=["at"], pages_per_range=32, autosummarize=True, name="dispatch_event_by_time"
            ),
        ),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["topic", "at"],
                condition=Q(topic__in=["case.closed", "case.called_back", "case.signed"]),
                name="dispatch_event_of_rates",
            ),
        ),
        AddIndexConcurrently(
            "case",
            models.Index(
                fields=["district_code", "created_at"],
                condition=Q(priority=0),
                name="dispatch_case_emergencies",
            ),
        ),
    ]
