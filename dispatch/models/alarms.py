"""Alarms (预警): what looks like an abuse of a move, found in the log by a subscriber."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User

ALARM_ROLES = frozenset({"SUPERVISOR", "EVALUATOR", "AUDITOR"})
"""Who reads and notes alarms: never those who are measured by them (domain.md 7.3.1)."""


class AlarmKind(models.TextChoices):
    """What looks wrong."""

    VOID_NEAR_DUE = "VOID_NEAR_DUE", _("临期或超期作废")
    VOID_VOICES = "VOID_VOICES", _("作废涉及多件诉求")
    REOPENED_SOON = "REOPENED_SOON", _("结案后短期重开")
    BATCH_CLOSING = "BATCH_CLOSING", _("短时批量结案")
    LAST_HOUR_EXTENSIONS = "LAST_HOUR_EXTENSIONS", _("惯于最后一小时申请延期")
    SUSPENDED_NEAR_DUE = "SUSPENDED_NEAR_DUE", _("临期挂账")
    WAITED_OFTEN = "WAITED_OFTEN", _("多次等待诉求人")
    QUICK_CHECK = "QUICK_CHECK", _("核查过快")
    LONGER_CATEGORY = "LONGER_CATEGORY", _("改分类延长时限")


class AlarmQuerySet(models.QuerySet["Alarm"]):
    """Alarms as a user may see them."""

    def visible_to(self, user: User) -> "AlarmQuerySet":
        """Those of the areas in which the user supervises, evaluates or audits; else none."""
        condition = Q(pk__in=[])
        for post in user.scope().posts:
            if post.role in ALARM_ROLES:
                condition |= Q(area_code__startswith=post.area_code)
        return self.filter(condition)


class Alarm(models.Model):
    """One alarm about one event; `facts` holds codes, numbers and ISO times only."""

    kind = models.CharField(max_length=20, choices=AlarmKind.choices)
    event_id = models.BigIntegerField()
    case_id = models.BigIntegerField()
    case_no = models.CharField(max_length=24)
    district = models.CharField(max_length=6)
    area_code = models.CharField(max_length=15)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    noted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    noted_at = models.DateTimeField(null=True)

    objects: ClassVar[AlarmQuerySet] = AlarmQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "event_id"], name="dispatch_alarm_once_per_kind_and_event"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=AlarmKind.values), name="dispatch_alarm_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(noted_by__isnull=True)
                | Q(actor__isnull=True)
                | ~Q(noted_by=models.F("actor")),
                name="dispatch_alarm_is_noted_by_another",
            ),
            models.CheckConstraint(
                condition=Q(noted_by__isnull=True, noted_at__isnull=True, note="")
                | Q(noted_by__isnull=False, noted_at__isnull=False) & ~Q(note=""),
                name="dispatch_alarm_note_has_words_and_a_writer",
            ),
        ]
        indexes = [
            models.Index(fields=["district", "at", "id"], name="dispatch_alarm_by_district"),
            models.Index(fields=["actor", "kind", "at"], name="dispatch_alarm_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.case_no}"


class AlarmThreshold(models.Model):
    """From when on an alarm is raised, as a row a city may change; `count` things in `seconds`."""

    kind = models.CharField(max_length=20, choices=AlarmKind.choices, unique=True)
    seconds = models.PositiveIntegerField()
    count = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=AlarmKind.values), name="dispatch_alarmthreshold_kind_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.count} in {self.seconds}s"
