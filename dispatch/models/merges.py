"""并案 and 关联: what was joined how, so that it can be undone (domain.md 4.3)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.models.cases import Case


class Merge(models.Model):
    """One merge of a case into a primary one; `intakes` are the voices that moved.

    `shortened` says which clocks of the primary got an earlier end: {timer: [its end before,
    whether it was capped]}; `carried` what came along: {"clocks": ids, "tasks": ids};
    `own_priority` is what the primary's was before.
    """

    merged = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="merges")
    primary = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="absorbed")
    from_state = models.CharField(max_length=16)
    intakes = models.JSONField(default=list)
    timers = models.JSONField(default=list)
    shortened = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    carried = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    own_priority = models.SmallIntegerField(null=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merged"],
                condition=Q(undone_at__isnull=True),
                name="dispatch_merge_one_primary_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(merged=models.F("primary")),
                name="dispatch_merge_never_into_itself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} -> {self.primary_id}"


class LinkKind(models.TextChoices):
    """Why two cases stand side by side."""

    RELATED = "RELATED", _("相关")
    JOINT = "JOINT", _("跨区联办")
    SPLIT = "SPLIT", _("拆出")


class Link(models.Model):
    """关联: two cases that belong together and stay two. `joint` is what both districts read.

    `first` is the elder of the two rows, so that a pair has one direction.
    """

    first = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=7, choices=LinkKind.choices)
    joint = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"],
                condition=Q(ended_at__isnull=True),
                name="dispatch_link_stands_once",
            ),
            models.CheckConstraint(
                condition=Q(first__lt=models.F("second")), name="dispatch_link_has_one_direction"
            ),
            models.CheckConstraint(
                condition=~Q(kind="JOINT") | ~Q(joint=""), name="dispatch_link_joint_says_what"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=LinkKind.values), name="dispatch_link_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} ~ {self.second_id}"
