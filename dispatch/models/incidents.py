"""区域性事件: many voices about one outage, offered as one (domain.md 4.2)."""

from django.contrib.gis.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.models.cases import Case


class IncidentState(models.TextChoices):
    """What became of an incident."""

    OFFERED = "OFFERED", _("待确认")
    ACCEPTED = "ACCEPTED", _("已确认")
    DISMISSED = "DISMISSED", _("已否决")
    CLOSED = "CLOSED", _("已结束")


class Incident(models.Model):
    """One outage. `spot` names where: P:estate or C:community; `radius_m` metres around `centre`.

    `answer` is what callers are told from now on; with `auto_join` new voices join by themselves.
    """

    district_code = models.CharField(max_length=6)
    family = models.CharField(max_length=20)
    spot = models.CharField(max_length=60)
    place = models.CharField(max_length=80, blank=True)
    centre = models.PointField(srid=4326, null=True)
    radius_m = models.PositiveIntegerField()
    primary = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="incidents")
    state = models.CharField(max_length=9, choices=IncidentState.choices)
    voices = models.PositiveIntegerField()
    since = models.DateTimeField()
    offered_at = models.DateTimeField()
    answer = models.CharField(max_length=500, blank=True)
    auto_join = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["district_code", "family", "spot"],
                condition=Q(state__in=["OFFERED", "ACCEPTED"]),
                name="dispatch_incident_one_live_per_spot",
            ),
            models.CheckConstraint(
                condition=Q(state__in=IncidentState.values), name="dispatch_incident_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ACCEPTED", "DISMISSED"]) | Q(decided_at__isnull=False),
                name="dispatch_incident_decided_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.district_code} {self.family} {self.spot} {self.state}"


class IncidentMember(models.Model):
    """A case that speaks of an incident, with why it was left out of the merge (a code)."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="members")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    left_out = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "case"], name="dispatch_incidentmember_is_named_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.case_id}"
