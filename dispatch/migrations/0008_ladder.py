"""The ladder of escalation and the marks of clocks."""

from django.db import migrations


class Migration(migrations.Migration):
    """The ladder of escalation and the marks of clocks."""

    dependencies = [("dispatch", "0007_matching_rules")]
    operations: list[object] = []
