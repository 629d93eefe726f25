"""Rules of matching by category, links between cases, area incidents."""

import django.contrib.gis.db.models.fields
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

RULES = """
UPDATE dispatch_duplicaterule r SET window_hours = n.open_h, closed_hours = n.closed_h,
  same_road = n.road, same_place = n.place, time_band = n.band,
  incident_count = n.many, incident_minutes = n.span
FROM (VALUES
  ('MANHOLE', NULL::int, 168, false, false, false, 0, 0), ('LAMP', NULL, 168, false, false, false, 0, 0),
  ('SIGNAL', NULL, 168, false, false, false, 0, 0), ('TREE', NULL, 168, false, false, false, 0, 0),
  ('COMPONENT', NULL, 168, false, false, false, 0, 0), ('ROAD', NULL, 168, true, false, false, 0, 0),
  ('WATER', NULL, 168, true, false, false, 5, 30), ('APPEARANCE', 72, 24, false, false, false, 0, 0),
  ('GARBAGE', 24, 24, false, false, false, 0, 0), ('ADVERT', 24, 24, false, false, false, 0, 0),
  ('NOISE', 72, 360, false, true, true, 0, 0), ('ESTATE', NULL, 72, false, true, false, 5, 30),
  ('UTILITY', NULL, 72, false, true, false, 5, 30), ('LIFT', 72, 72, false, true, false, 0, 0),
  ('SERVICE', NULL, 0, false, false, false, 0, 0), ('SURVEY', NULL, 0, false, false, false, 0, 0)
) AS n(family, open_h, closed_h, road, place, band, many, span)
WHERE r.family = n.family
"""
NEVER = """
UPDATE dispatch_category SET never_merge = n.why
FROM (VALUES ('S0001', 'REVIEW'), ('S0003', 'STAFF'), ('S0006', 'LEGAL')) AS n(code, why)
WHERE dispatch_category.code = n.code
"""


class Migration(migrations.Migration):
    """Rules of matching by category, links between cases, area incidents."""

    atomic = False
    dependencies = [
        ("dispatch", "0006_duty_list_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("district_code", models.CharField(max_length=6)),
                ("family", models.CharField(max_length=20)),
                ("spot", models.CharField(max_length=60)),
                ("place", models.CharField(blank=True, max_length=80)),
                ("centre", django.contrib.gis.db.models.fields.PointField(null=True, srid=4326)),
                ("radius_m", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OFFERED", "待确认"),
                            ("ACCEPTED", "已确认"),
                            ("DISMISSED", "已否决"),
                            ("CLOSED", "已结束"),
                        ],
                        max_length=9,
                    ),
                ),
                ("voices", models.PositiveIntegerField()),
                ("since", models.DateTimeField()),
                ("offered_at", models.DateTimeField()),
                ("answer", models.CharField(blank=True, max_length=500)),
                ("auto_join", models.BooleanField(default=False)),
                ("reason", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "primary",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="dispatch.case",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IncidentMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("left_out", models.CharField(blank=True, default="", max_length=20)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="dispatch.case",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="dispatch.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("RELATED", "相关"), ("JOINT", "跨区联办"), ("SPLIT", "拆出")],
                        max_length=7,
                    ),
                ),
                ("joint", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="dispatch.case",
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="dispatch.case",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="case",
            name="match_keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="category",
            name="never_merge",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "可以并案"),
                    ("REVIEW", "不同申请人的差评逐件整改"),
                    ("STAFF", "对工作人员的投诉逐件办理"),
                    ("LEGAL", "有法定文书期限的逐件办理"),
                ],
                db_default="",
                default="",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="attach_confidential",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="auto_merge",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="caller_days",
            field=models.PositiveSmallIntegerField(db_default=30, default=30),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="category_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=12),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="closed_hours",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="incident_count",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="incident_minutes",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="same_place",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="same_road",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="duplicaterule",
            name="time_band",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="intake",
            name="match_keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="carried",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="merge",
            name="own_priority",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="merge",
            name="shortened",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AlterField(
            model_name="duplicaterule",
            name="family",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name="duplicaterule",
            name="window_hours",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=django.contrib.postgres.indexes.GistIndex(
                condition=models.Q(("state", "CLOSED")),
                fields=["family", "location", "closed_at"],
                name="dispatch_case_closed_places",
            ),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("is_open", True), models.Q(("match_keys", []), _negated=True)),
                fastupdate=False,
                fields=["match_keys"],
                name="dispatch_case_match_keys",
            ),
        ),
        AddIndexConcurrently(
            model_name="intake",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=["received_at"],
                name="dispatch_intake_by_arrival",
                pages_per_range=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.CheckConstraint(
                condition=models.Q(("never_merge__in", ["", "REVIEW", "STAFF", "LEGAL"])),
                name="dispatch_category_never_merge_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicaterule",
            constraint=models.UniqueConstraint(
                fields=("family", "category_code"),
                name="dispatch_duplicaterule_one_per_family_or_category",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicaterule",
            constraint=models.CheckConstraint(
                condition=models.Q(("family", ""), ("category_code", ""), _connector="OR"),
                name="dispatch_duplicaterule_is_of_a_family_or_of_a_category",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicaterule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("incident_count", 0),
                    models.Q(("incident_count__gte", 2), ("incident_minutes__gte", 1)),
                    _connector="OR",
                ),
                name="dispatch_duplicaterule_incident_has_count_and_span",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["OFFERED", "ACCEPTED"])),
                fields=("district_code", "family", "spot"),
                name="dispatch_incident_one_live_per_spot",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["OFFERED", "ACCEPTED", "DISMISSED", "CLOSED"])),
                name="dispatch_incident_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["ACCEPTED", "DISMISSED"]), _negated=True),
                    ("decided_at__isnull", False),
                    _connector="OR",
                ),
                name="dispatch_incident_decided_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentmember",
            constraint=models.UniqueConstraint(
                fields=("incident", "case"), name="dispatch_incidentmember_is_named_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("first", "second"),
                name="dispatch_link_stands_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))),
                name="dispatch_link_has_one_direction",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "JOINT"), _negated=True),
                    models.Q(("joint", ""), _negated=True),
                    _connector="OR",
                ),
                name="dispatch_link_joint_says_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["RELATED", "JOINT", "SPLIT"])),
                name="dispatch_link_kind_is_known",
            ),
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
        migrations.RunSQL(NEVER, migrations.RunSQL.noop),
    ]
