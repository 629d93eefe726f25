"""What the queue page keeps for people: saved filters, what was looked at, sound, exports."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from dispatch.models.assignments import Assignment


class SavedFilter(models.Model):
    """A filter of the queue under a name; with a `unit` every post of that unit has it too."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_filters")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, null=True, blank=True)
    name = models.CharField(max_length=30)
    query = models.CharField(max_length=600, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    pinned = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=Q(unit__isnull=True),
                name="dispatch_savedfilter_one_of_a_name_per_person",
            ),
            models.UniqueConstraint(
                fields=["unit", "name"],
                condition=Q(unit__isnull=False),
                name="dispatch_savedfilter_one_of_a_name_per_unit",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="dispatch_savedfilter_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SeenMark(models.Model):
    """Up to when a person has looked at a view: a tile by its name, a saved filter by `f` + id."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    view = models.CharField(max_length=24)
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "view"], name="dispatch_seenmark_one_per_person_and_view"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.view}"


class QueueSettings(models.Model):
    """How a person wants her queue: with sound for new work of her team, or without."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True)
    sound = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.user_id} sound={self.sound}"


class Acknowledgement(models.Model):
    """The first of a team to hear of new work: one per assignment, so per case and unit."""

    assignment = models.OneToOneField(
        Assignment, on_delete=models.PROTECT, primary_key=True, related_name="acknowledgement"
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.by_id}"


class ExportFormat(models.TextChoices):
    """What an export is written as."""

    CSV = "CSV", "CSV"
    XLSX = "XLSX", "Excel"
    GEOJSON = "GEOJSON", "GeoJSON"


class ExportState(models.TextChoices):
    """Where an export is: DIRECT ones are streamed when they are fetched, the others written."""

    DIRECT = "DIRECT", _("直接下载")
    WAITING = "WAITING", _("排队中")
    RUNNING = "RUNNING", _("生成中")
    READY = "READY", _("可下载")
    FAILED = "FAILED", _("未成功")
    GONE = "GONE", _("已过期")


class Export(models.Model):
    """One export of a filter, of its maker alone; the file is purged when it expires.

    `attempt` is the fence: a worker that was given up for dead and comes back finds another number.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(User, on_delete=models.PROTECT)
    format = models.CharField(max_length=7, choices=ExportFormat.choices)
    query = models.CharField(max_length=600, blank=True)
    with_bom = models.BooleanField(default=True)
    language = models.CharField(max_length=10)
    scope_digest = models.CharField(max_length=32)
    state = models.CharField(max_length=7, choices=ExportState.choices)
    rows = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    alive_at = models.DateTimeField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(format__in=ExportFormat.values), name="dispatch_export_format_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ExportState.values), name="dispatch_export_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="dispatch_export_expires_after_it_was_made",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "alive_at"],
                condition=Q(state__in=["WAITING", "RUNNING"]),
                name="dispatch_export_unfinished",
            ),
            models.Index(fields=["owner", "created_at"], name="dispatch_export_of_a_person"),
        ]

    def __str__(self) -> str:
        return str(self.id)
