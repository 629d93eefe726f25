"""Wall screens paired once by a short code."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Wall screens paired once by a short code."""

    dependencies = [("accounts", "0005_deputies")]
    operations = [
        migrations.CreateModel(
            name="Display",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("area_code", models.CharField(max_length=6)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Pairing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code_digest", models.CharField(max_length=32, unique=True)),
                ("claim_digest", models.CharField(max_length=64, unique=True)),
                ("asked_from", models.CharField(max_length=32)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("name", models.CharField(blank=True, max_length=60)),
                ("area_code", models.CharField(blank=True, max_length=6)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "display",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.display",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="display",
            constraint=models.CheckConstraint(
                condition=models.Q(("area_code__regex", "^(\\d{4}|\\d{6})$")),
                name="accounts_display_shows_a_city_or_a_district",
            ),
        ),
        migrations.AddConstraint(
            model_name="display",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="accounts_display_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="display",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at__isnull", True), ("revoked_by__isnull", True)),
                    models.Q(("revoked_at__isnull", False), ("revoked_by__isnull", False)),
                    _connector="OR",
                ),
                name="accounts_display_is_revoked_by_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="pairing",
            index=models.Index(fields=["expires_at"], name="accounts_pairing_to_forget"),
        ),
        migrations.AddConstraint(
            model_name="pairing",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))),
                name="accounts_pairing_expires_after_it_began",
            ),
        ),
        migrations.AddConstraint(
            model_name="pairing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("display__isnull", True), ("approved_by__isnull", False), _connector="OR"
                ),
                name="accounts_pairing_is_approved_before_it_is_used",
            ),
        ),
        migrations.AddConstraint(
            model_name="pairing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by__isnull", True),
                    ("area_code__regex", "^(\\d{4}|\\d{6})$"),
                    _connector="OR",
                ),
                name="accounts_pairing_approved_names_an_area",
            ),
        ),
    ]
