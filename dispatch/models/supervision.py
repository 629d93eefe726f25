"""Watching over the work: supervision threads (督办) and alarms of abuse (domain.md 2.9, 7.2)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.models.cases import Case


class SupervisionKind(models.TextChoices):
    """How sternly (domain.md 2.9), the mildest first."""

    PHONE = "PHONE", _("电话督办")
    WRITTEN = "WRITTEN", _("书面督办")
    NOTICE = "NOTICE", _("工作提醒函")
    LISTED = "LISTED", _("挂牌督办")
    INTERVIEW = "INTERVIEW", _("约谈督办")


class SupervisionCause(models.TextChoices):
    """What opened it: a person, or a rule of T34."""

    PERSON = "PERSON", _("人工发起")
    REWORKS = "REWORKS", _("多次返工")
    TRANSFERS = "TRANSFERS", _("多次转派")


class SupervisionLevel(models.TextChoices):
    """Who looks at it: the district, or (提级) the city."""

    DISTRICT = "DISTRICT", _("区级")
    CITY = "CITY", _("市级")


class Supervision(models.Model):
    """督办: a demand on the unit that leads, with a clock (SUPERVISE) until it answers."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="supervisions")
    kind = models.CharField(max_length=9, choices=SupervisionKind.choices)
    cause = models.CharField(max_length=9, choices=SupervisionCause.choices)
    level = models.CharField(max_length=8, choices=SupervisionLevel.choices)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(ended_at__isnull=True),
                name="dispatch_supervision_one_open_per_case",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=SupervisionKind.values),
                name="dispatch_supervision_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(cause=SupervisionCause.PERSON.value, opened_by__isnull=False)
                | Q(
                    cause__in=[SupervisionCause.REWORKS.value, SupervisionCause.TRANSFERS.value],
                    opened_by__isnull=True,
                ),
                name="dispatch_supervision_is_opened_by_a_person_or_a_rule",
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True) | Q(ended_at__isnull=False),
                name="dispatch_supervision_ended_when_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind}"


class Side(models.TextChoices):
    """Who speaks in a supervision."""

    SUPERVISOR = "SUPERVISOR", _("督办方")
    UNIT = "UNIT", _("承办单位")
    SYSTEM = "SYSTEM", _("系统")


class SupervisionMessage(models.Model):
    """One word of a supervision thread: a demand, an answer, the end."""

    supervision = models.ForeignKey(Supervision, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField(max_length=10, choices=Side.choices)
    text = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(side=Side.SYSTEM.value, by__isnull=True)
                | Q(side__in=[Side.SUPERVISOR.value, Side.UNIT.value], by__isnull=False),
                name="dispatch_supervisionmessage_has_a_speaker",
            )
        ]

    def __str__(self) -> str:
        return f"{self.supervision_id} {self.side}"
