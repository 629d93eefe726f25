"""Pre-aggregates of the wall: how many cases went from a state to another, in five-minute buckets.

They only add up what the event log says and can be made anew from it at any time.
"""

from django.db import models
from django.db.models import Q


class Flow(models.Model):
    """So many cases of a district, line and category went from one state to another in a bucket."""

    district = models.CharField(max_length=6)
    bucket = models.DateTimeField()
    line = models.CharField(max_length=8)
    category = models.CharField(max_length=12)
    from_state = models.CharField(max_length=16, blank=True)
    to_state = models.CharField(max_length=16)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["district", "bucket", "line", "category", "from_state", "to_state"],
                name="screen_flow_one_row_each",
            ),
            models.CheckConstraint(
                condition=~Q(from_state=models.F("to_state")), name="screen_flow_goes_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.district} {self.from_state}->{self.to_state} {self.count}"


class FlowHead(models.Model):
    """Up to which number of a district's log the flows have been added up."""

    district = models.CharField(max_length=6, unique=True)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.district}@{self.seq}"


class Reading(models.Model):
    """What the due index said at a moment: the log alone cannot tell it of the past."""

    district = models.CharField(max_length=6)
    at = models.DateTimeField()
    overdue = models.PositiveIntegerField()
    due_soon = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["district", "at"], name="screen_reading_one_per_moment")
        ]

    def __str__(self) -> str:
        return f"{self.district} {self.at} {self.overdue}"
