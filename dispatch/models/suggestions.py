"""Models that suggest a category from a text, and what the people chose instead of or with them."""

from django.db import models
from django.db.models import F, Q


class CategoryModel(models.Model):
    """One version of what was learnt, with the scores of its cross-validation (shares, 0 to 1)."""

    version = models.AutoField(primary_key=True)
    trained_at = models.DateTimeField()
    source = models.CharField(max_length=200)
    rows = models.PositiveIntegerField()
    classes = models.PositiveIntegerField()
    folds = models.PositiveSmallIntegerField()
    macro_f1 = models.FloatField()
    majority_f1 = models.FloatField()
    accuracy = models.FloatField()
    in_top = models.FloatField()
    blob = models.BinaryField()
    is_active = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=Q(is_active=True),
                name="dispatch_categorymodel_one_is_active",
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(macro_f1__gt=F("majority_f1")),
                name="dispatch_categorymodel_active_beats_the_majority_guess",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}"


class CategoryChoice(models.Model):
    """What was offered for one voice (codes with their probabilities) and what a person chose."""

    intake_no = models.CharField(max_length=20, unique=True)
    offered = models.JSONField()
    chosen = models.CharField(max_length=12)
    model_version = models.PositiveIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.intake_no} {self.chosen}"
