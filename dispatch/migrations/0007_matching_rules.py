"""Rules of matching by category, links between cases, area incidents."""

from django.db import migrations


class Migration(migrations.Migration):
    """Rules of matching by category, links between cases, area incidents."""

    dependencies = [("dispatch", "0006_duty_list_versions")]
    operations: list[object] = []
