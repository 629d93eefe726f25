"""The working calendar as rows: holidays, make-up workdays, seasonal hours (domain.md 4.7)."""

from django.db import models
from django.db.models import Q

from accounts.models import Unit


class WorkCalendarDay(models.Model):
    """One day that differs from Monday to Friday, or confirms it."""

    day = models.DateField(unique=True)
    is_workday = models.BooleanField()
    name = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return f"{self.day} {'on' if self.is_workday else 'off'}"


class Season(models.Model):
    """Working hours between two days of the year, both included; minutes after midnight.

    `unit` None means the whole city; a unit's own hours come before the city's. The season that
    `is_active` and was added first counts.
    """

    name = models.CharField(max_length=40, unique=True)
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_active = models.BooleanField(default=True, db_default=True)
    first_month = models.SmallIntegerField()
    first_day = models.SmallIntegerField()
    last_month = models.SmallIntegerField()
    last_day = models.SmallIntegerField()
    morning_from = models.SmallIntegerField(default=480)
    morning_to = models.SmallIntegerField(default=720)
    afternoon_from = models.SmallIntegerField(default=840)
    afternoon_to = models.SmallIntegerField(default=1080)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(morning_from__lt=models.F("morning_to"))
                & Q(morning_to__lte=models.F("afternoon_from"))
                & Q(afternoon_from__lt=models.F("afternoon_to")),
                name="dispatch_season_hours_follow_each_other",
            ),
            models.CheckConstraint(
                condition=Q(morning_from__gte=0, afternoon_to__lte=24 * 60),
                name="dispatch_season_hours_lie_in_one_day",
            ),
            models.CheckConstraint(
                condition=Q(
                    first_month__range=(1, 12),
                    last_month__range=(1, 12),
                    first_day__range=(1, 31),
                    last_day__range=(1, 31),
                ),
                name="dispatch_season_days_are_days",
            ),
        ]

    def __str__(self) -> str:
        return self.name
