"""Clocks for progress notes, for making a site safe and for the call after a hand-over."""

from django.db import migrations, models

STAGES = ["ACCEPT", "VERIFY", "FILE", "DISPATCH", "SIGN", "RESPONSE", "PROGRESS", "SAFE",
          "DISPOSAL", "CHECK", "REPLY", "CALLBACK", "FOLLOW_UP", "RETURN_REVIEW", "ARBITRATION",
          "SUPERVISE", "TASK", "RECTIFY"]  # fmt: skip


class Migration(migrations.Migration):
    """The stages that a clock may have."""

    dependencies = [("dispatch", "0013_lean_clocks")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.RemoveConstraint("timer", "dispatch_timer_stage_is_known"),
        migrations.AddConstraint("timer", models.CheckConstraint(
            condition=models.Q(("stage__in", STAGES)), name="dispatch_timer_stage_is_known")),
    ]  # fmt: skip
