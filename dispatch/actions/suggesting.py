"""Models of suggestions are kept and put to use; what a person chose is kept beside the offer."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from dispatch import catalogue
from dispatch.categories import classifying, suggestions
from dispatch.categories.classifying import TOP, Model, Scores
from dispatch.models import CategoryChoice, CategoryModel


class NotBetterError(Exception):
    """A model that does not beat the majority guess is not put to use."""


def keep_model(*, model: Model, scores: Scores, source: str, now: datetime) -> CategoryModel:
    """A new version with its scores, not yet in use."""
    return CategoryModel.objects.create(
        trained_at=now,
        source=source,
        rows=scores.rows,
        classes=len(model.labels),
        folds=scores.folds,
        macro_f1=scores.macro_f1,
        majority_f1=scores.majority_f1,
        accuracy=scores.accuracy,
        in_top=scores.in_top,
        blob=model.dumps(),
    )


@transaction.atomic
def put_to_use(*, version: int) -> None:
    """Suggest by this version from now on; the constraint lets one version be active at a time.

    Raises CategoryModel.DoesNotExist and NotBetterError.
    """
    chosen = CategoryModel.objects.defer("blob").get(version=version)
    if chosen.macro_f1 <= chosen.majority_f1:
        raise NotBetterError
    CategoryModel.objects.filter(is_active=True).update(is_active=False)
    CategoryModel.objects.filter(version=version).update(is_active=True)
    transaction.on_commit(suggestions.refresh)


def keep_choice(
    *, intake_no: str, text: str, offered: Sequence[str], chosen: str, now: datetime
) -> None:
    """Keep what was offered, as probable as the logged text makes it, and what was chosen.

    Codes that the model in use does not know are left out; without a model nothing is kept, and
    nothing here refuses a call. No text is kept: it lies on the intake.
    """
    used = suggestions.active() if offered else None
    if used is None or used.model is None:
        return
    shares = classifying.probabilities(used.model, text)
    codes = [code for code in dict.fromkeys(offered) if code in shares][:TOP]
    if codes:
        category, _condition = catalogue.current().category(chosen)
        CategoryChoice.objects.create(
            intake_no=intake_no,
            offered=[{"code": code, "probability": round(shares[code], 4)} for code in codes],
            chosen=category.code,
            model_version=used.version,
            at=now,
        )
