"""Line 1's own record: what the operator logged (12345 工单)."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Ticket(models.Model):
    """A call or message as the hotline keeps it; the voice itself lies in the queue's intake."""

    intake_no = models.CharField(max_length=20, unique=True)
    case_no = models.CharField(max_length=24)
    call_id = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=10)
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)
    logged_at = models.DateTimeField()
    case_state = models.CharField(max_length=16, default="REGISTERED")
    case_state_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["case_no"], name="hotline_ticket_of_case"),
            models.Index(
                fields=["call_id"], condition=~Q(call_id=""), name="hotline_ticket_by_call"
            ),
        ]

    def __str__(self) -> str:
        return self.intake_no
