"""Wall screens paired once by a short code."""

from django.db import migrations


class Migration(migrations.Migration):
    """Wall screens paired once by a short code."""

    dependencies = [("accounts", "0005_deputies")]
    operations: list[object] = []
