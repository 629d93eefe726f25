"""Why it takes longer: extensions (延期), suspensions (挂账), waiting for the citizen."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.models.cases import Case


class Approval(models.TextChoices):
    """What became of a request."""

    PENDING = "PENDING", _("待批")
    APPROVED = "APPROVED", _("同意")
    REFUSED = "REFUSED", _("不同意")


class Extension(models.Model):
    """延期申请: asked before expiry, with a reason; the old deadline is kept for reporting."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="extensions")
    reason = models.TextField()
    days = models.PositiveSmallIntegerField()
    old_due_at = models.DateTimeField()
    new_due_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decision = models.CharField(
        max_length=8, choices=Approval.choices, default=Approval.PENDING.value
    )
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(decision="PENDING"),
                name="dispatch_extension_one_pending_per_case",
            ),
            models.CheckConstraint(
                condition=Q(days__gte=1, days__lte=60), name="dispatch_extension_of_1_to_60_days"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("asked_by")),
                name="dispatch_extension_is_judged_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} +{self.days} {self.decision}"


class SuspensionCause(models.TextChoices):
    """Why a case may stand still (domain.md 7.2, T25)."""

    SEASON = "SEASON", _("季节原因")
    ENGINEERING = "ENGINEERING", _("工程原因")
    CONDITION = "CONDITION", _("条件不具备")


class Suspension(models.Model):
    """挂账申请: asked by the unit with cause and plan, judged by another, reviewed every month."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="suspensions")
    cause = models.CharField(max_length=11, choices=SuspensionCause.choices)
    plan = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decision = models.CharField(
        max_length=8, choices=Approval.choices, default=Approval.PENDING.value
    )
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    review_due_at = models.DateTimeField(null=True)
    review_marked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(ended_at__isnull=True, decision__in=["PENDING", "APPROVED"]),
                name="dispatch_suspension_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(cause__in=SuspensionCause.values),
                name="dispatch_suspension_cause_is_known",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("asked_by")),
                name="dispatch_suspension_is_judged_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(decision="APPROVED")
                | Q(until__isnull=False, review_due_at__isnull=False),
                name="dispatch_suspension_approved_to_a_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["review_due_at"],
                condition=Q(
                    decision="APPROVED", ended_at__isnull=True, review_marked_at__isnull=True
                ),
                name="dispatch_suspension_to_review",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.cause} {self.decision}"


class PauseKind(models.TextChoices):
    """Why the clocks stand still."""

    SUSPENDED = "SUSPENDED", _("挂账")
    CITIZEN = "CITIZEN", _("等待诉求人")


class Pause(models.Model):
    """A time in which the running clocks of a case stood still, with its cause."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pauses")
    kind = models.CharField(max_length=9, choices=PauseKind.choices)
    reason = models.TextField()
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(ended_at__isnull=True),
                name="dispatch_pause_one_at_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["ends_at"],
                condition=Q(ended_at__isnull=True),
                name="dispatch_pause_to_end",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind}"
