"""The event log: outbox, audit trail and replay tape in one (architecture.md 5)."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q


class Event(models.Model):
    """One thing that happened to one case; append-only by a database trigger.

    `payload` holds ids, codes and ISO times only: never a name, phone, address or free text.
    `seq` (gapless within the district) and `digest` are set once, by the relay.
    """

    case_id = models.BigIntegerField()
    case_no = models.CharField(max_length=24)
    topic = models.CharField(max_length=32)
    actor_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    from_state = models.CharField(max_length=16, blank=True)
    to_state = models.CharField(max_length=16)
    line = models.CharField(max_length=8)
    category = models.CharField(max_length=12)
    priority = models.SmallIntegerField()
    district = models.CharField(max_length=6)
    payload = models.JSONField(default=dict)
    seq = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["district", "seq"],
                condition=Q(seq__isnull=False),
                name="dispatch_event_number_is_used_once",
            ),
            models.CheckConstraint(
                condition=Q(seq__isnull=True, digest="") | Q(seq__gte=1) & ~Q(digest=""),
                name="dispatch_event_numbered_means_chained",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(seq__isnull=True), name="dispatch_event_unnumbered"
            ),
            models.Index(fields=["case_id", "id"], name="dispatch_event_of_case"),
            BrinIndex(
                fields=["at"], pages_per_range=32, autosummarize=True, name="dispatch_event_by_time"
            ),
            models.Index(
                fields=["topic", "at"],
                condition=Q(topic__in=["case.closed", "case.called_back", "case.signed"]),
                name="dispatch_event_of_rates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.district}/{self.seq} {self.topic} {self.case_no}"


class FeedHead(models.Model):
    """The last number and digest of a district's log."""

    district = models.CharField(max_length=6, unique=True)
    seq = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.district}@{self.seq}"


class Tally(models.Model):
    """How many cases per district, line, category and state; true for FeedHead.seq."""

    district = models.CharField(max_length=6)
    line = models.CharField(max_length=8)
    category = models.CharField(max_length=12)
    state = models.CharField(max_length=16)
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["district", "line", "category", "state"], name="dispatch_tally_one_row_each"
            ),
            models.CheckConstraint(
                condition=Q(count__gte=0), name="dispatch_tally_is_never_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.district} {self.line} {self.state} {self.count}"


class Cursor(models.Model):
    """How far a subscriber has come in a district; moved in the transaction of its effect."""

    subscriber = models.CharField(max_length=40)
    district = models.CharField(max_length=6)
    seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "district"], name="dispatch_cursor_one_per_district"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} {self.district}@{self.seq}"
