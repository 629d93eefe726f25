"""Which answers given at once are asked about afterwards (domain.md 7.2, T2)."""

from django.db import models
from django.db.models import Q


class SampleRate(models.Model):
    """Of the requests of a kind that were answered at once, `percent` are called back by chance.

    `kind` empty stands for every kind without a row of its own; without any row nobody is called.
    """

    kind = models.CharField(max_length=10, blank=True, unique=True)
    percent = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__lte=100), name="dispatch_samplerate_is_at_most_all"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind or '*'} {self.percent} %"
