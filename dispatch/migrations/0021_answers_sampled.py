"""Answers given at once are asked about by sample; what waits beside the queue has an index."""

from django.db import migrations, models

STAGES = ["ACCEPT", "VERIFY", "FILE", "DISPATCH", "SIGN", "RESPONSE", "PROGRESS", "SAFE",
          "DISPOSAL", "CHECK", "REPLY", "CALLBACK", "FOLLOW_UP", "SAMPLE", "RETURN_REVIEW",
          "ARBITRATION", "SUPERVISE", "TASK", "RECTIFY"]  # fmt: skip


class Migration(migrations.Migration):
    """A stage, its rates, and an index of the clocks that run beside the states of the cases."""

    dependencies = [("dispatch", "0020_voided_voices_watched")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.CreateModel("SampleRate", [
            ("id", models.BigAutoField(
                auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("kind", models.CharField(blank=True, max_length=10, unique=True)),
            ("percent", models.PositiveSmallIntegerField()),
        ]),
        migrations.AddConstraint("samplerate", models.CheckConstraint(
            condition=models.Q(("percent__lte", 100)),
            name="dispatch_samplerate_is_at_most_all")),
        migrations.RemoveConstraint("timer", "dispatch_timer_stage_is_known"),
        migrations.AddConstraint("timer", models.CheckConstraint(
            condition=models.Q(("stage__in", STAGES)), name="dispatch_timer_stage_is_known")),
        migrations.RemoveIndex("timer", "dispatch_timer_follow_ups"),
        migrations.AddIndex("timer", models.Index(
            condition=models.Q(
                ("stage__in", ["FOLLOW_UP", "SAMPLE", "VERIFY", "FILE"]), ("state", "RUNNING")),
            fields=["due_at", "id"], name="dispatch_timer_beside")),
    ]  # fmt: skip
