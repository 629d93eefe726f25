"""Duty lists as the rules of assignment.py ask them: read from the rows, indexed by category."""

from datetime import date, datetime

from django.db.models import QuerySet

from dispatch.assignment import Duty, Hours, Roster
from dispatch.models import DutyItem, DutyList, Ruling, UnitAbsence
from dispatch.models.duties import ListState

Away = tuple[int, int, datetime, datetime]
"""A unit, its deputy unit, from when, to when."""


def list_in_force(day: date) -> DutyList | None:
    """The published list with the latest date that is not after the day; None before the first."""
    published = standing_lists().filter(valid_from__lte=day)
    return published.order_by("-valid_from", "-number").first()


def newest_published() -> DutyList | None:
    """The list that holds once every published one has come into force."""
    return standing_lists().order_by("-valid_from", "-number").first()


def standing_lists() -> QuerySet[DutyList]:
    """The published lists that were not withdrawn."""
    return DutyList.objects.filter(state=ListState.PUBLISHED, withdrawal__isnull=True)


def roster_of(duty_list: DutyList | None) -> Roster:
    """The items of a list by the code of their category; one query."""
    if duty_list is None:
        return Roster()
    duties: dict[str, tuple[Duty, ...]] = {}
    rows = DutyItem.objects.filter(duty_list=duty_list).order_by("item_no")
    for item_no, category, area, condition, hours, unit_id, unit_code in rows.values_list(
        "item_no", "category__code", "area_code", "condition_code", "hours", "unit_id", "unit__code"
    ):
        key = category or ""
        duty = Duty(item_no, key, area, unit_id, condition, Hours(hours), unit_code)
        duties[key] = (*duties.get(key, ()), duty)
    return Roster(duty_list.number, duties)


def roster_on(day: date) -> Roster:
    """The list in force on a day; two queries."""
    return roster_of(list_in_force(day))


def precedents() -> dict[str, tuple[Duty, ...]]:
    """The rulings that route what comes later, by category, newest first."""
    found: dict[str, tuple[Duty, ...]] = {}
    rulings = Ruling.objects.filter(is_precedent=True, unit__isnull=False)
    for ruling in rulings.order_by("-decided_at", "-id"):
        code = ruling.category_code
        duty = Duty(str(ruling), code, ruling.area_code, ruling.unit_id or 0)
        found[code] = (*found.get(code, ()), duty)
    return found


def absences() -> tuple[Away, ...]:
    """Every absence that was not called off: a city has a few dozen in a year."""
    rows = UnitAbsence.objects.filter(cancelled_at__isnull=True)
    fields = ("unit_id", "deputy_unit_id", "starts_at", "ends_at")
    return tuple(rows.order_by("pk").values_list(*fields))


def deputies_at(absences: tuple[Away, ...], at: datetime) -> dict[int, int]:
    """Unit to deputy unit, for the units that are away at that moment."""
    return {unit: deputy for unit, deputy, starts, ends in absences if starts <= at < ends}
