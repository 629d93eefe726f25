"""Saved filters, what a person has seen, exports."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Saved filters, what a person has seen, exports."""

    atomic = False
    dependencies = [
        ("dispatch", "0009_tasks_and_alarms"),
        ("accounts", "0004_post_has_an_area"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="acknowledgement",
                        serialize=False,
                        to="dispatch.assignment",
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "format",
                    models.CharField(
                        choices=[("CSV", "CSV"), ("XLSX", "Excel"), ("GEOJSON", "GeoJSON")],
                        max_length=7,
                    ),
                ),
                ("query", models.CharField(blank=True, max_length=600)),
                ("with_bom", models.BooleanField(default=True)),
                ("language", models.CharField(max_length=10)),
                ("scope_digest", models.CharField(max_length=32)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("DIRECT", "直接下载"),
                            ("WAITING", "排队中"),
                            ("RUNNING", "生成中"),
                            ("READY", "可下载"),
                            ("FAILED", "未成功"),
                            ("GONE", "已过期"),
                        ],
                        max_length=7,
                    ),
                ),
                ("rows", models.PositiveIntegerField(default=0)),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("size", models.BigIntegerField(default=0)),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                ("alive_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="QueueSettings",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("sound", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=30)),
                ("query", models.CharField(blank=True, max_length=600)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("pinned", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SeenMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("view", models.CharField(max_length=24)),
                ("until", models.DateTimeField()),
            ],
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["district_code", "priority", "due_at", "id"],
                name="dispatch_case_queue_priority",
            ),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["district_code", "state_at"],
                name="dispatch_case_queue_unseen",
            ),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="savedfilter",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="saved_filters",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="savedfilter",
            name="unit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                to="accounts.unit",
            ),
        ),
        migrations.AddField(
            model_name="seenmark",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="export",
            index=models.Index(
                condition=models.Q(("state__in", ["WAITING", "RUNNING"])),
                fields=["state", "alive_at"],
                name="dispatch_export_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="export",
            index=models.Index(fields=["owner", "created_at"], name="dispatch_export_of_a_person"),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(("format__in", ["CSV", "XLSX", "GEOJSON"])),
                name="dispatch_export_format_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["DIRECT", "WAITING", "RUNNING", "READY", "FAILED", "GONE"])
                ),
                name="dispatch_export_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))),
                name="dispatch_export_expires_after_it_was_made",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.UniqueConstraint(
                condition=models.Q(("unit__isnull", True)),
                fields=("owner", "name"),
                name="dispatch_savedfilter_one_of_a_name_per_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.UniqueConstraint(
                condition=models.Q(("unit__isnull", False)),
                fields=("unit", "name"),
                name="dispatch_savedfilter_one_of_a_name_per_unit",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True),
                name="dispatch_savedfilter_has_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="seenmark",
            constraint=models.UniqueConstraint(
                fields=("user", "view"), name="dispatch_seenmark_one_per_person_and_view"
            ),
        ),
    ]
