"""Line 2's own record: what inspectors found (网格巡查)."""

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Finding(models.Model):
    """A finding as the phone made it; `uid` is the phone's own, so that a repeat changes nothing.

    Capture time is the device's, received time ours; both are kept (domain.md 9.1, trap 18).
    """

    uid = models.UUIDField(unique=True)
    device = models.CharField(max_length=80)
    intake_no = models.CharField(max_length=20, unique=True)
    case_no = models.CharField(max_length=24)
    inspector = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    self_handled = models.BooleanField(default=False)
    captured_at = models.DateTimeField()
    received_at = models.DateTimeField()
    case_state = models.CharField(max_length=16, default="REGISTERED")
    case_state_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["case_no"], name="grid_finding_of_case")]

    def __str__(self) -> str:
        return str(self.uid)


class PlaceFrom(models.TextChoices):
    """Where the one place of a duty is known from."""

    PRESSED = "PRESSED", _("上岗时")
    FINDING = "FINDING", _("最近一次上报")


class Duty(models.Model):
    """An inspector who is on duty now (在岗). The row is deleted when she goes off duty.

    So nothing is kept of hours or ways: no attendance, no ranking, no track (domain.md 5.6, 6.1).
    `place` is one point that the next one overwrites: degrees, WGS84, with metres of accuracy;
    null where she did not allow it.
    """

    inspector = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="duty"
    )
    area_code = models.CharField(max_length=15)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.PointField(srid=4326, null=True)
    accuracy_m = models.FloatField(default=0.0)
    placed_at = models.DateTimeField(null=True)
    placed_from = models.CharField(max_length=7, choices=PlaceFrom.choices, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("started_at")), name="grid_duty_ends_after_its_start"
            ),
            models.CheckConstraint(
                condition=Q(area_code__regex=r"^\d{4,15}$"), name="grid_duty_has_an_area"
            ),
            models.CheckConstraint(
                condition=Q(place__isnull=True, placed_at__isnull=True, placed_from="")
                | Q(
                    place__isnull=False,
                    placed_at__isnull=False,
                    placed_from__in=PlaceFrom.values,
                ),
                name="grid_duty_place_has_a_time_and_a_source",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="grid_duty_by_its_end")]

    def __str__(self) -> str:
        return f"{self.inspector_id} on duty in {self.area_code}"
