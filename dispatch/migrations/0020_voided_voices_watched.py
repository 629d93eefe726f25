"""Alarms know of cases made void of which several had spoken."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0019_ladder_in_workdays"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="alarm",
            name="dispatch_alarm_kind_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="alarmthreshold",
            name="dispatch_alarmthreshold_kind_is_known",
        ),
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    ("VOID_NEAR_DUE", "临期或超期作废"),
                    ("VOID_VOICES", "作废涉及多件诉求"),
                    ("REOPENED_SOON", "结案后短期重开"),
                    ("BATCH_CLOSING", "短时批量结案"),
                    ("LAST_HOUR_EXTENSIONS", "惯于最后一小时申请延期"),
                    ("SUSPENDED_NEAR_DUE", "临期挂账"),
                    ("WAITED_OFTEN", "多次等待诉求人"),
                    ("QUICK_CHECK", "核查过快"),
                    ("LONGER_CATEGORY", "改分类延长时限"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="alarmthreshold",
            name="kind",
            field=models.CharField(
                choices=[
                    ("VOID_NEAR_DUE", "临期或超期作废"),
                    ("VOID_VOICES", "作废涉及多件诉求"),
                    ("REOPENED_SOON", "结案后短期重开"),
                    ("BATCH_CLOSING", "短时批量结案"),
                    ("LAST_HOUR_EXTENSIONS", "惯于最后一小时申请延期"),
                    ("SUSPENDED_NEAR_DUE", "临期挂账"),
                    ("WAITED_OFTEN", "多次等待诉求人"),
                    ("QUICK_CHECK", "核查过快"),
                    ("LONGER_CATEGORY", "改分类延长时限"),
                ],
                max_length=20,
                unique=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "VOID_NEAR_DUE",
                            "VOID_VOICES",
                            "REOPENED_SOON",
                            "BATCH_CLOSING",
                            "LAST_HOUR_EXTENSIONS",
                            "SUSPENDED_NEAR_DUE",
                            "WAITED_OFTEN",
                            "QUICK_CHECK",
                            "LONGER_CATEGORY",
                        ],
                    )
                ),
                name="dispatch_alarm_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="alarmthreshold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "VOID_NEAR_DUE",
                            "VOID_VOICES",
                            "REOPENED_SOON",
                            "BATCH_CLOSING",
                            "LAST_HOUR_EXTENSIONS",
                            "SUSPENDED_NEAR_DUE",
                            "WAITED_OFTEN",
                            "QUICK_CHECK",
                            "LONGER_CATEGORY",
                        ],
                    )
                ),
                name="dispatch_alarmthreshold_kind_is_known",
            ),
        ),
    ]
