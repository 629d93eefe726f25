"""Tasks of units below with clocks of their own, supervision threads, alarms."""

from django.db import migrations


class Migration(migrations.Migration):
    """Tasks of units below with clocks of their own, supervision threads, alarms."""

    dependencies = [("dispatch", "0008_ladder")]
    operations: list[object] = []
