"""A deadline is a row (domain.md 0.1 rule 4, 7.2 SlaTimer)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dispatch.lifecycle import Stage
from dispatch.models.cases import Case, Intake


class TimerState(models.TextChoices):
    """The states of a clock."""

    RUNNING = "RUNNING", _("计时中")
    PAUSED = "PAUSED", _("暂停")
    MET = "MET", _("按时")
    MISSED = "MISSED", _("超时")
    CANCELLED = "CANCELLED", _("取消")


class Timer(models.Model):
    """One clock of a case, or (REPLY) of one voice. The limit stands on it as it was started."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="timers")
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, null=True, blank=True)
    stage = models.CharField(max_length=14)
    state = models.CharField(max_length=9, choices=TimerState.choices, default=TimerState.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    limit_amount = models.PositiveSmallIntegerField()
    limit_unit = models.CharField(max_length=3)
    limit_counting = models.CharField(max_length=12)
    overdue_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "stage"],
                condition=Q(intake__isnull=True, state__in=["RUNNING", "PAUSED"]),
                name="dispatch_timer_one_open_per_stage",
            ),
            models.UniqueConstraint(
                fields=["intake", "stage"],
                condition=Q(intake__isnull=False, state__in=["RUNNING", "PAUSED"]),
                name="dispatch_timer_one_open_per_voice_and_stage",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=[s.value for s in Stage]),
                name="dispatch_timer_stage_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=TimerState.values), name="dispatch_timer_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, state__in=["RUNNING", "PAUSED"])
                | Q(ended_at__isnull=False, state__in=["MET", "MISSED", "CANCELLED"]),
                name="dispatch_timer_has_an_end_when_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(state="PAUSED", paused_at__isnull=False)
                | ~Q(state="PAUSED") & Q(paused_at__isnull=True),
                name="dispatch_timer_paused_since_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state="RUNNING", overdue_at__isnull=True),
                name="dispatch_timer_running",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.stage} {self.state}"
