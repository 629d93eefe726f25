"""Deputies of absent people."""

from django.db import migrations


class Migration(migrations.Migration):
    """Deputies of absent people."""

    dependencies = [("accounts", "0004_post_has_an_area")]
    operations: list[object] = []
