"""Who of the demo's inspectors is on duty when it starts; inspector1 and 2 are left to you."""

import random
from datetime import datetime, timedelta
from typing import Final

from accounts.models import Post, Role, User
from dispatch.voices import Position
from gis.models import Area, Place
from grid.models import Duty
from grid.on_duty import end_old_duties, go_on_duty

YOURS: Final = frozenset({"inspector1", "inspector2"})
ON_DUTY: Final = 0.6
WITH_PLACE: Final = 0.75
LONGEST_AGO: Final = timedelta(minutes=150)


def put_on_duty(*, now: datetime) -> int:
    """Let more than half of the inspectors go on duty, most of them with a place; how many."""
    end_old_duties(now=now)
    there = set(Duty.objects.values_list("inspector__username", flat=True)) | YOURS
    posts = Post.objects.filter(role=Role.INSPECTOR, ended_at__isnull=True).select_related("user")
    count = 0
    for post in posts.order_by("user__username"):
        draw = random.Random(post.user.username)  # noqa: S311
        if post.user.username in there or draw.random() > ON_DUTY:
            continue
        _press(post.user, post.area_code, draw, now)
        count += 1
    return count


def _press(user: User, area: str, draw: random.Random, now: datetime) -> None:
    pressed_at = now - LONGEST_AGO * draw.random()
    position = _somewhere_in(area, draw) if draw.random() < WITH_PLACE else None
    go_on_duty(pressed_at=pressed_at, position=position, by=user, now=now)


def _somewhere_in(area: str, draw: random.Random) -> Position | None:
    shape = Area.objects.current().values("geom").filter(code=area)
    rows = Place.objects.filter(location__within=shape[:1]).order_by("pk")
    spots = list(rows.values_list("location", flat=True)[:500])
    if not spots:
        return None
    spot = draw.choice(spots)
    return Position(spot.x, spot.y, "WGS84", draw.uniform(5, 30))
