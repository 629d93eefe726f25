"""Who should do it? Returns (退单) and the rulings (裁定) that end a dispute (domain.md 4.5)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from dispatch.models.cases import Case


class ReturnDecision(models.TextChoices):
    """What became of a return."""

    PENDING = "PENDING", _("待审核")
    ACCEPTED = "ACCEPTED", _("认可")
    REFUSED = "REFUSED", _("不认可")
    RULED = "RULED", _("转入裁定")


class ReturnRequest(models.Model):
    """退单: a unit says that a case is not its duty; who was right is counted on both sides."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="returns")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    proposed_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    clause = models.CharField(max_length=200)
    reason = models.TextField()
    evidence = models.TextField()
    was_signed = models.BooleanField()
    is_late = models.BooleanField(default=False, db_default=False)
    dispatched_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decision = models.CharField(
        max_length=8, choices=ReturnDecision.choices, default=ReturnDecision.PENDING
    )
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(decision="PENDING"),
                name="dispatch_returnrequest_one_pending_per_case",
            ),
            models.CheckConstraint(
                condition=~Q(unit=models.F("proposed_unit")),
                name="dispatch_returnrequest_proposes_another_unit",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("asked_by")),
                name="dispatch_returnrequest_is_judged_by_another",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="dispatch_returnrequest_by_day")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.unit_id} {self.decision}"


class Statement(models.Model):
    """陈述意见: what a unit says to a dispute before it is decided; both sides are heard."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="statements")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case_id} {self.unit_id}"


class RulingKind(models.TextChoices):
    """How a dispute was decided (domain.md 4.5, rule 3)."""

    DESIGNATE = "DESIGNATE", _("指定主办")
    JOINT = "JOINT", _("主办加协办")
    TERRITORIAL = "TERRITORIAL", _("属地兜底")
    RAISED = "RAISED", _("提级市级")
    OUT = "OUT", _("不予受理")


class Ruling(models.Model):
    """争议裁定: the decision with its basis. A precedent routes what comes later, and is cited."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="rulings")
    kind = models.CharField(max_length=11, choices=RulingKind.choices)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    support = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    basis = models.TextField()
    legal_basis = models.TextField(blank=True, db_default="")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    category_code = models.CharField(max_length=12)
    area_code = models.CharField(max_length=15)
    is_precedent = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="OUT") | Q(unit__isnull=False),
                name="dispatch_ruling_names_a_unit",
            ),
            models.CheckConstraint(
                condition=Q(kind="JOINT", support__isnull=False) & ~Q(support=models.F("unit"))
                | ~Q(kind="JOINT") & Q(support__isnull=True),
                name="dispatch_ruling_joint_names_a_support",
            ),
        ]
        indexes = [
            models.Index(
                fields=["decided_at"],
                condition=Q(is_precedent=True),
                name="dispatch_ruling_precedents",
            )
        ]

    def __str__(self) -> str:
        return f"R-{self.pk}"
