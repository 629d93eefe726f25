"""A ladder may count in workdays once the due time has passed (domain.md 2.5)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Every row there is keeps its percent."""

    dependencies = [("dispatch", "0018_waits_watched")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.RemoveConstraint("ladderstep", "dispatch_ladderstep_one_per_percent"),
        migrations.AddField(
            "ladderstep", "workdays", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AlterField(
            "ladderstep", "percent", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddConstraint("ladderstep", models.UniqueConstraint(
            fields=["stage", "priority", "percent", "workdays"], nulls_distinct=False,
            name="dispatch_ladderstep_one_per_mark")),
        migrations.AddConstraint("ladderstep", models.CheckConstraint(
            condition=models.Q(("percent__isnull", True), ("workdays__isnull", False),
                               ("workdays__range", (1, 200)))
            | models.Q(("percent__isnull", False), ("workdays__isnull", True)),
            name="dispatch_ladderstep_counts_in_percent_or_workdays")),
    ]  # fmt: skip
