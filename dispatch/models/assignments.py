"""派遣: one unit's part of a case (domain.md 7.3)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from dispatch.models.cases import Case
from dispatch.undertaking import GONE, NEEDS_SIGNATURE, OVER


class AssignmentRole(models.TextChoices):
    """主办 / 协办 / 下级承办."""

    LEAD = "LEAD", _("主办")
    SUPPORT = "SUPPORT", _("协办")
    SUB = "SUB", _("下级承办")


class WorkState(models.TextChoices):
    """The states of dispatch.undertaking, with their words."""

    PENDING_SIGN = "PENDING_SIGN", _("待签收")
    SIGNED = "SIGNED", _("已签收")
    CONTACTED = "CONTACTED", _("已联系")
    IN_PROGRESS = "IN_PROGRESS", _("处置中")
    SUBMITTED = "SUBMITTED", _("已反馈")
    ACCEPTED = "ACCEPTED", _("已认可")
    REWORK = "REWORK", _("返工")
    RETURN_REQUESTED = "RETURN_REQUESTED", _("申请退单")
    RETURNED = "RETURNED", _("已退回")
    REFUSED = "REFUSED", _("退单未准")
    RECALLED = "RECALLED", _("已收回")
    CANCELLED = "CANCELLED", _("已终止")


_GONE = sorted(work.value for work in GONE)
_OVER = sorted(work.value for work in OVER)
_SIGNED = sorted(work.value for work in NEEDS_SIGNATURE)


class Assignment(models.Model):
    """派遣: one unit's work on a case; a lead, its supports, tasks of its lower units (7.3).

    A task (SUPPORT or SUB) belongs to its `parent` and may have a clock of its own, that never ends
    later than the parent's.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="assignments")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)
    role = models.CharField(max_length=7, choices=AssignmentRole.choices)
    state = models.CharField(
        max_length=16,
        choices=WorkState.choices,
        default=WorkState.PENDING_SIGN,
        db_default=WorkState.PENDING_SIGN.value,
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="tasks"
    )
    task = models.TextField(blank=True, db_default="")
    why = models.CharField(max_length=120, blank=True)
    why_codes = models.JSONField(default=dict, db_default={}, blank=True)
    dispatched_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)
    contacted_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    dispatched_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    judged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(role=AssignmentRole.LEAD.value, ended_at__isnull=True),
                name="dispatch_assignment_one_lead_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["case", "unit"],
                condition=Q(ended_at__isnull=True),
                name="dispatch_assignment_a_unit_has_one_part_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=WorkState.values), name="dispatch_assignment_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(role__in=AssignmentRole.values),
                name="dispatch_assignment_role_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(role=AssignmentRole.LEAD.value, parent__isnull=False)
                & ~Q(role=AssignmentRole.SUB.value, parent__isnull=True),
                name="dispatch_assignment_a_lower_unit_has_a_parent",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) & ~Q(state__in=_GONE)
                | Q(ended_at__isnull=False, state__in=_OVER),
                name="dispatch_assignment_ended_says_what_the_state_says",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_SIGNED) | Q(signed_at__isnull=False),
                name="dispatch_assignment_work_follows_a_signature",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["SUBMITTED", "ACCEPTED"]) | Q(submitted_at__isnull=False),
                name="dispatch_assignment_accepted_follows_a_result",
            ),
            models.CheckConstraint(
                condition=Q(judged_by__isnull=True)
                | (Q(signed_by__isnull=True) | ~Q(judged_by=models.F("signed_by")))
                & (Q(submitted_by__isnull=True) | ~Q(judged_by=models.F("submitted_by"))),
                name="dispatch_assignment_is_judged_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.unit_id} {self.role}"
