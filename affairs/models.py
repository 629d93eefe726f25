"""Line 3's own records: upstream systems, service items, events (政务服务)."""

from django.db import models


class UpstreamSystem(models.Model):
    """A service hall's system that sends events; its secret is sealed.

    `satisfaction_map` says what its numbers mean: in one standard 1 is best, in another worst
    (domain.md 9.1, trap 1).
    """

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    secret = models.BinaryField()
    area_code = models.CharField(max_length=6)
    satisfaction_map = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code


class ServiceItem(models.Model):
    """事项: one service of the hall, with the department that answers for it."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=300)
    department = models.CharField(max_length=80, blank=True)
    kind_code = models.CharField(max_length=10, blank=True)

    def __str__(self) -> str:
        return self.name


class ServiceEvent(models.Model):
    """One CloudEvent as it arrived. `source` + `event_id` arrive once; personal data is sealed."""

    system = models.ForeignKey(UpstreamSystem, on_delete=models.PROTECT)
    source = models.CharField(max_length=120)
    event_id = models.CharField(max_length=120)
    type = models.CharField(max_length=80)
    project_no = models.CharField(max_length=64, blank=True)
    item_code = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    intake_no = models.CharField(max_length=20, blank=True)
    case_no = models.CharField(max_length=24, blank=True)
    receipt = models.JSONField()
    sealed_data = models.BinaryField(null=True)
    case_state = models.CharField(max_length=16, blank=True)
    case_state_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "event_id"], name="affairs_serviceevent_arrives_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["case_no"],
                condition=~models.Q(case_no=""),
                name="affairs_event_of_case",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"
