"""What a deputy of a person and the absence of a unit share: a period, why, and who ended it."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Standing(models.TextChoices):
    """Where an arrangement stands at a moment."""

    CURRENT = "CURRENT", _("进行中")
    COMING = "COMING", _("未开始")
    OVER = "OVER", _("已结束")
    ENDED = "ENDED", _("提前结束")
    CALLED_OFF = "CALLED_OFF", _("已取消")


class ArrangementQuerySet(models.QuerySet[Any]):
    """Periods by the clock of the database."""

    def in_force(self) -> "ArrangementQuerySet":
        """Those that hold at this moment."""
        return self.filter(cancelled_at__isnull=True, starts_at__lte=Now(), ends_at__gt=Now())


class Arrangement(models.Model):
    """Somebody or some unit is away for a period and another stands in; the row is never deleted.

    Who ends it early is kept with the reason; one that had not begun was called off.
    """

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cancel_reason = models.CharField(max_length=200, blank=True)

    objects = ArrangementQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="%(app_label)s_%(class)s_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True, cancel_reason="")
                | (
                    Q(cancelled_at__isnull=False, cancelled_by__isnull=False) & ~Q(cancel_reason="")
                ),
                name="%(app_label)s_%(class)s_is_ended_by_somebody_with_a_reason",
            ),
        ]

    def standing(self, now: datetime) -> Standing:
        """Where the arrangement stands now."""
        if self.cancelled_at is not None:
            was_on = self.cancelled_at > self.starts_at
            return Standing.ENDED if was_on else Standing.CALLED_OFF
        if self.starts_at > now:
            return Standing.COMING
        return Standing.CURRENT if self.ends_at > now else Standing.OVER


def one_at_a_time(away: str, *more: tuple[Func, str]) -> ExclusionConstraint:
    """No two standing periods of who is away (a field) overlap; `more` expressions, each with its
    operator, say which periods of hers do not meet."""
    return ExclusionConstraint(
        name="%(app_label)s_%(class)s_one_at_a_time",
        expressions=[
            (away, RangeOperators.EQUAL),
            (Func("starts_at", "ends_at", function="TSTZRANGE"), RangeOperators.OVERLAPS),
            *more,
        ],
        condition=Q(cancelled_at__isnull=True),
    )
