"""The catalogue in memory: read anew where a row of it has changed, and only there."""

import pytest
from django.db import models, transaction

from accounts.models import Unit
from dispatch import catalogue
from dispatch.models import (
    Category,
    DuplicateRule,
    FilingCondition,
    LadderStep,
    StageLimit,
    WorkCalendarDay,
)
from tests.city import City


@pytest.fixture(autouse=True)
def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "FRESH_FOR_S", -1.0)
    catalogue.refresh()


def test_the_snapshot_is_kept_as_long_as_no_row_of_it_changes(city: City) -> None:
    first = catalogue.current()

    with transaction.atomic():
        city["handler1"].save(force_update=True)

    assert catalogue.current() is first


@pytest.mark.parametrize(
    "model",
    [Category, DuplicateRule, FilingCondition, LadderStep, StageLimit, Unit, WorkCalendarDay],
)  # fmt: skip
def test_a_row_that_is_written_anew_is_read_anew(city: City, model: type[models.Model]) -> None:
    first = catalogue.current()
    row = model._default_manager.order_by("pk")[0]

    with transaction.atomic():
        row.save(force_update=True)

    assert catalogue.current() is not first
    assert catalogue.current() is catalogue.current()


def test_a_row_that_is_taken_away_is_gone(city: City) -> None:
    limit = StageLimit.objects.order_by("pk")[0]
    assert (limit.stage, limit.priority) in catalogue.current().limits

    limit.delete()

    assert (limit.stage, limit.priority) not in catalogue.current().limits
