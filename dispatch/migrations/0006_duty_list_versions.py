"""Duty lists in versions, absences of units, rules that file and dispatch by category."""

from django.db import migrations


class Migration(migrations.Migration):
    """Duty lists in versions, absences of units, rules that file and dispatch by category."""

    dependencies = [("dispatch", "0005_category_suggestions")]
    operations: list[object] = []
