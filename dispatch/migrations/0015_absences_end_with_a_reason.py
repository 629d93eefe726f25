"""Who ends the absence of a unit early says why."""

from django.db import migrations, models

OLD_ONES = """
UPDATE dispatch_unitabsence SET cancel_reason = '（当时未写事由）',
  cancelled_by_id = coalesce(cancelled_by_id, by_id)
WHERE cancelled_at IS NOT NULL
"""
"""Those that ended early before a reason was asked for."""


class Migration(migrations.Migration):
    """Reasons of endings."""

    dependencies = [("dispatch", "0014_promises_kept")]
    operations = [
        migrations.AddField(
            model_name="unitabsence",
            name="cancel_reason",
            field=models.CharField(blank=True, max_length=200, default=""),
            preserve_default=False,
        ),
        migrations.RunSQL(OLD_ONES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="unitabsence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cancel_reason", ""),
                        ("cancelled_at__isnull", True),
                        ("cancelled_by__isnull", True),
                    ),
                    models.Q(
                        ("cancelled_at__isnull", False),
                        ("cancelled_by__isnull", False),
                        models.Q(("cancel_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="dispatch_unitabsence_is_ended_by_somebody_with_a_reason",
            ),
        ),
    ]
