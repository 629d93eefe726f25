"""Line 2's own record: what inspectors found (网格巡查)."""

from django.conf import settings
from django.db import models


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
