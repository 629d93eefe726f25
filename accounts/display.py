"""Wall screens: a display is a device, not a person; a pairing is how it comes to its token."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q


class Display(models.Model):
    """A wall screen that may show one area. Only the SHA-256 of its token is stored."""

    name = models.CharField(max_length=60)
    area_code = models.CharField(max_length=6)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        app_label = "accounts"
        constraints = [
            models.CheckConstraint(
                condition=Q(area_code__regex=r"^(\d{4}|\d{6})$"),
                name="accounts_display_shows_a_city_or_a_district",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="accounts_display_has_a_name"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="accounts_display_is_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Pairing(models.Model):
    """A short code on a screen, good once and for a few minutes.

    `code_digest` finds it for the administrator, `claim_digest` proves that the screen that shows
    the code is the one that gets the token.
    """

    code_digest = models.CharField(max_length=32, unique=True)
    claim_digest = models.CharField(max_length=64, unique=True)
    asked_from = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    name = models.CharField(max_length=60, blank=True)
    area_code = models.CharField(max_length=6, blank=True)
    approved_by = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    display = models.OneToOneField(Display, on_delete=models.CASCADE, null=True, blank=True)

    class Meta:
        app_label = "accounts"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="accounts_pairing_expires_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(display__isnull=True) | Q(approved_by__isnull=False),
                name="accounts_pairing_is_approved_before_it_is_used",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(area_code__regex=r"^(\d{4}|\d{6})$"),
                name="accounts_pairing_approved_names_an_area",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="accounts_pairing_to_forget")]

    def __str__(self) -> str:
        return f"pairing of {self.created_at:%H:%M}"

    def is_open(self, now: datetime) -> bool:
        """True while the code may still be entered or its token fetched."""
        return self.display_id is None and self.expires_at > now
