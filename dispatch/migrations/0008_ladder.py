"""The ladder of escalation and the marks of clocks."""

from datetime import datetime

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
PLAN = """
UPDATE dispatch_timer
SET limit_minutes = extract(epoch FROM due_at - started_at) / 60,
    said_percent = CASE WHEN overdue_at IS NULL THEN 0 ELSE 100 END,
    next_at = CASE WHEN overdue_at IS NULL THEN due_at END
WHERE state IN ('RUNNING', 'PAUSED')
"""


class Migration(migrations.Migration):
    """The ladder of escalation and the marks of clocks."""

    dependencies = [("dispatch", "0007_matching_rules"), ("accounts", "0006_displays")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.CreateModel(
            name="LadderStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                           verbose_name="ID")),
                ("stage", models.CharField(blank=True, max_length=14)),
                ("priority", models.SmallIntegerField(blank=True, null=True)),
                ("percent", models.PositiveSmallIntegerField()),
                ("level", models.CharField(max_length=11)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["stage", "priority", "percent"],
                                            nulls_distinct=False,
                                            name="dispatch_ladderstep_one_per_percent"),
                    models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=1000),
                                           name="dispatch_ladderstep_percent_is_1_to_1000"),
                    models.CheckConstraint(
                        condition=Q(level__in=["HOLDER", "HEAD", "PARENT", "DUTY_LEADER",
                                               "COMMANDER"]),
                        name="dispatch_ladderstep_level_is_known"),
                ]
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("pk", models.CompositePrimaryKey("timer_id", "deadline_no", "percent",
                                                  blank=True, editable=False, primary_key=True,
                                                  serialize=False)),
                ("timer", models.ForeignKey(
                    db_constraint=False, db_index=False, related_name="said",
                    on_delete=django.db.models.deletion.DO_NOTHING, to="dispatch.timer")),
                ("deadline_no", models.PositiveSmallIntegerField()),
                ("percent", models.PositiveSmallIntegerField()),
                ("level", models.CharField(max_length=11)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Standstill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                           verbose_name="ID")),
                ("timer", models.ForeignKey(related_name="standstills",
                                            on_delete=django.db.models.deletion.PROTECT,
                                            to="dispatch.timer")),
                ("cause", models.CharField(
                    choices=[("SUSPENDED", "挂账"), ("CITIZEN", "等待诉求人"),
                             ("SUBMITTED", "已反馈结果"), ("MERGED", "已并案")], max_length=9)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(until__gte=F("since")),
                                           name="dispatch_standstill_ends_after_it_began"),
                    models.CheckConstraint(
                        condition=Q(cause__in=["SUSPENDED", "CITIZEN", "SUBMITTED", "MERGED"]),
                        name="dispatch_standstill_cause_is_known"),
                ]
            },
        ),
        migrations.AddField("season", "is_active",
                            models.BooleanField(db_default=True, default=True)),
        migrations.AddField("season", "unit", models.ForeignKey(
            blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
            to="accounts.unit")),
        migrations.AddConstraint("season", models.CheckConstraint(
            condition=Q(morning_from__gte=0, afternoon_to__lte=1440),
            name="dispatch_season_hours_lie_in_one_day")),
        migrations.AddConstraint("season", models.CheckConstraint(
            condition=Q(first_month__range=(1, 12), last_month__range=(1, 12),
                        first_day__range=(1, 31), last_day__range=(1, 31)),
            name="dispatch_season_days_are_days")),
        migrations.AddField("case", "near_at", models.DateTimeField(
            default=NEVER,
            db_default=NEVER)),
        migrations.AddField("timer", "hours_of", models.ForeignKey(
            blank=True, null=True, db_index=False, related_name="+",
            on_delete=django.db.models.deletion.PROTECT,
            to="accounts.unit")),
        migrations.AddField("timer", "limit_minutes",
                            models.FloatField(db_default=0, default=0)),
        migrations.AddField("timer", "deadline_no",
                            models.PositiveSmallIntegerField(db_default=1, default=1)),
        migrations.AddField("timer", "said_percent",
                            models.PositiveSmallIntegerField(db_default=0, default=0)),
        migrations.AddField("timer", "next_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("timer", "is_rework",
                            models.BooleanField(db_default=False, default=False)),
        migrations.AddField("timer", "is_capped",
                            models.BooleanField(db_default=False, default=False)),
        migrations.RunSQL(PLAN, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="timer", name="dispatch_timer_running"),
        migrations.AddIndex("timer", models.Index(
            condition=Q(next_at__isnull=False, state="RUNNING"), fields=["next_at", "id"],
            name="dispatch_timer_next_mark")),
        migrations.AddConstraint("timer", models.CheckConstraint(
            condition=~Q(state="RUNNING") | Q(overdue_at__isnull=False)
            | Q(next_at__isnull=False, next_at__lte=F("due_at")),
            name="dispatch_timer_has_a_mark_until_it_is_overdue")),
    ]  # fmt: skip
