"""Who ends a deputyship early says why; a reveal under a lent post names whose post it was."""

from django.db import migrations, models
from django.conf import settings


OLD_ONES = """
UPDATE accounts_deputy SET cancel_reason = '（当时未写事由）',
  cancelled_by_id = coalesce(cancelled_by_id, by_id)
WHERE cancelled_at IS NOT NULL
"""
"""Those that ended early before a reason was asked for."""


class Migration(migrations.Migration):
    """Reasons of endings, and the lender in the access log."""

    dependencies = [("accounts", "0006_displays")]
    operations = [
        migrations.AddField(
            model_name="deputy",
            name="cancel_reason",
            field=models.CharField(blank=True, max_length=200, default=""),
            preserve_default=False,
        ),
        migrations.RunSQL(OLD_ONES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="deputy",
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
                name="accounts_deputy_is_ended_by_somebody_with_a_reason",
            ),
        ),
        migrations.AddField(
            model_name="accesslog",
            name="on_behalf_of",
            field=models.ForeignKey(
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
