"""并案: which voices went from which case to which, so that it can be undone (domain.md 4.3)."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from dispatch.models.cases import Case


class Merge(models.Model):
    """One merge of a case into a primary one; `intakes` are the voices that moved."""

    merged = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="merges")
    primary = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="absorbed")
    from_state = models.CharField(max_length=16)
    intakes = models.JSONField(default=list)
    timers = models.JSONField(default=list)
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
