"""Who is on duty: one button, one last place, nothing kept when it is over (domain.md 5.6, 6.1)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.gis.db.models.functions import PointOnSurface
from django.contrib.gis.geos import Point
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Deputy, Post, Role, User, lent_by
from dispatch.actions.errors import CaseNotFoundError, NotAllowedError
from dispatch.intake import wgs84
from dispatch.sight import case_seen_by
from dispatch.voices import IntakeError, Position
from gis.coords import distance_m
from gis.models import Area
from grid.models import Duty, PlaceFrom

MOST_PROPOSED: Final = 3
CLOCKS_APART: Final = timedelta(minutes=10)
"""So far ahead may a phone's clock be."""


def longest() -> timedelta:
    """After so long a duty ends by itself."""
    return timedelta(hours=settings.ON_DUTY_HOURS)


@transaction.atomic
def go_on_duty(
    *, pressed_at: datetime, position: Position | None, by: User, now: datetime
) -> Duty | None:
    """Begin a duty as of the press, perhaps with the place of it; the same press twice is one.

    A press that a phone kept until its duty would be over begins none. Raises NotAllowedError and
    IntakeError.
    """
    area = _area_of(by)
    if pressed_at > now + CLOCKS_APART:
        raise IntakeError("IN_THE_FUTURE", "pressed_at", _("时间不能晚于现在。"))
    began = min(pressed_at, now)
    if began + longest() <= now:
        return None
    place = Point(*wgs84(position), srid=4326) if position else None
    values = {
        "area_code": area,
        "started_at": began,
        "ends_at": began + longest(),
        "place": place,
        "accuracy_m": position.accuracy_m if position else 0.0,
        "placed_at": began if place else None,
        "placed_from": PlaceFrom.PRESSED if place else "",
    }
    duty, is_new = Duty.objects.select_for_update().get_or_create(inspector=by, defaults=values)
    if not is_new and duty.started_at != began:
        Duty.objects.filter(pk=duty.pk).update(**values)
        duty.refresh_from_db()
    return duty


def go_off_duty(*, by: User) -> None:
    """End the duty: the row goes, and with it the place and the hours."""
    Duty.objects.filter(inspector=by).delete()


def note_place(*, by: User, position: Position, captured_at: datetime, now: datetime) -> None:
    """Overwrite the one place of a running duty with that of a finding.

    A pin set by hand has no accuracy: it says where the thing is, not where she is. What was found
    before the duty or before the place that is known changes nothing.
    """
    if position.accuracy_m <= 0:
        return
    running = Duty.objects.filter(inspector=by, ends_at__gt=now, started_at__lte=captured_at)
    newer = Q(placed_at__isnull=True) | Q(placed_at__lt=captured_at)
    running.filter(newer).update(
        place=Point(*wgs84(position), srid=4326),
        accuracy_m=position.accuracy_m,
        placed_at=min(captured_at, now),
        placed_from=PlaceFrom.FINDING,
    )


def end_old_duties(*, now: datetime) -> int:
    """Delete the duties whose time is over and those of who is no inspector any more; how many."""
    over = Duty.objects.filter(Q(ends_at__lte=now) | ~_still_inspecting())
    count, _by_model = over.delete()
    return count


def own_duty(user: User, *, now: datetime) -> dict[str, Any]:
    """What an inspector sees of her own duty: all that is kept. Raises NotAllowedError."""
    _area_of(user)
    duty = Duty.objects.filter(inspector=user, ends_at__gt=now).first()
    if duty is None:
        return {"on": False, "hours": settings.ON_DUTY_HOURS}
    return {
        "on": True,
        "hours": settings.ON_DUTY_HOURS,
        "started_at": duty.started_at.isoformat(),
        "ends_at": duty.ends_at.isoformat(),
        "placed_at": duty.placed_at.isoformat() if duty.placed_at else None,
        "placed_from": duty.placed_from,
    }


def on_duty_for(user: User, *, district: str, now: datetime) -> dict[str, Any]:
    """The inspectors on duty in the areas that a user sends work to, by area and name.

    Each has a name, an area and one point; `exact` false is the middle of her area. Raises
    NotAllowedError where no post of the user sends work to inspectors.
    """
    areas = user.scope().on_duty_areas
    if not areas:
        raise NotAllowedError
    seen = [*(a for a in areas if a.startswith(district)),
            *(district for a in areas if district.startswith(a) and a != district)]  # fmt: skip
    items = _items(_running(now).filter(_within(seen))) if seen else []
    return {"n": len(items), "items": items, "as_of": now.isoformat()}


def nearest_to(user: User, case_no: str, *, now: datetime) -> list[dict[str, Any]]:
    """The inspectors on duty who may go to a case, nearest first, with metres (straight line).

    A proposal and no order: the task stays open to every inspector of its area, so it is not lost
    when somebody goes off duty (domain.md 7.2, T6). Raises CaseNotFoundError, NotAllowedError.
    """
    case = case_seen_by(user, case_no)
    if case is None:
        raise CaseNotFoundError
    areas = user.scope().on_duty_areas
    if not any(case.area_code.startswith(area) for area in areas):
        raise NotAllowedError
    if case.sensitive or case.location is None:
        return []
    above = [case.area_code[:length] for length in range(4, len(case.area_code) + 1)]
    items = _items(_running(now).filter(_within(areas), area_code__in=above))
    for item in items:
        away = distance_m(item["lon"], item["lat"], case.location.x, case.location.y)
        item["distance_m"] = round(away)
    return sorted(items, key=lambda item: (item["distance_m"], item["name"]))[:MOST_PROPOSED]


def _area_of(user: User) -> str:
    """The area that she inspects, her own before one that is lent. Raises NotAllowedError."""
    scope = user.scope()
    areas = scope.of(None).patrol_areas or scope.patrol_areas
    if not areas:
        raise NotAllowedError
    return areas[0]


def _still_inspecting() -> Exists:
    """True of a duty whose inspector still is one, by a post of her own or a lent one."""
    posts = Post.objects.filter(role=Role.INSPECTOR, ended_at__isnull=True)
    lenders = Deputy.objects.in_force().filter(
        deputy=OuterRef(OuterRef("inspector")), absent__is_active=True
    )
    held = Q(user=OuterRef("inspector")) | lent_by(lenders)
    return Exists(posts.filter(held))


def _running(now: datetime) -> QuerySet[Duty]:
    """The duties of this moment, whether or not the sweep has been there."""
    return Duty.objects.filter(_still_inspecting(), ends_at__gt=now, inspector__is_active=True)


def _within(areas: Sequence[str]) -> Q:
    found = Q(pk__in=())
    for area in areas:
        found |= Q(area_code__startswith=area)
    return found


def _items(duties: QuerySet[Duty]) -> list[dict[str, Any]]:
    rows = list(duties.select_related("inspector").defer("inspector__password"))
    areas = _areas_of({duty.area_code for duty in rows})
    items = [_item(duty, *areas[duty.area_code]) for duty in rows if duty.area_code in areas]
    return sorted(items, key=lambda item: (item["area_code"], item["name"]))


def _areas_of(codes: set[str]) -> dict[str, tuple[str, Point]]:
    """Name and a point inside of each area, by its code."""
    areas = Area.objects.current().filter(code__in=codes).annotate(middle=PointOnSurface("geom"))
    return {
        code: (name, middle) for code, name, middle in areas.values_list("code", "name", "middle")
    }


def _item(duty: Duty, area_name: str, middle: Point) -> dict[str, Any]:
    place = duty.place or middle
    return {
        "name": str(duty.inspector),
        "area": area_name,
        "area_code": duty.area_code,
        "lon": round(place.x, 6),
        "lat": round(place.y, 6),
        "exact": duty.place is not None,
        "placed_at": duty.placed_at.isoformat() if duty.placed_at else None,
        "placed_from": duty.placed_from,
    }
