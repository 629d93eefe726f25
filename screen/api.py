"""The wall by JSON: its state now, the past, and the displays that may show it."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from ninja.security import APIKeyCookie

from accounts.display import Display
from accounts.models import User
from accounts.moments import moment
from accounts.pairing import (
    PairingError,
    approve_pairing,
    display_by_token,
    displays_for,
    revoke_display,
)
from screen import past, version
from screen.access import Viewer, as_row, viewer_of_display, viewer_of_user
from screen.board import board_of
from screen.places import WallArea

router = Router(tags=["screen"])
displays_router = Router(tags=["screen"])


class DisplayAuth(APIKeyCookie):
    """The cookie of a paired wall screen: it opens the wall's data and nothing else."""

    param_name = "sx_display_api"

    def authenticate(self, request: HttpRequest, key: str | None) -> Display | None:
        """The display of the cookie."""
        return display_by_token(key or "")


class PairingIn(Schema):
    """The code on the screen, what to call it, and the area that it shows."""

    code: str
    name: str
    area: str


def _viewer(request: HttpRequest) -> Viewer:
    found = request.auth  # type: ignore[attr-defined]
    if isinstance(found, Display):
        return viewer_of_display(found)
    return viewer_of_user(cast(User, found))


def _area(request: HttpRequest, district: str) -> WallArea:
    return _viewer(request).area(district)


@router.get("/state")
def state(request: HttpRequest, district: str = "") -> dict[str, Any]:
    """All that a wall shows at this moment."""
    area = _area(request, district)
    board = board_of(area)
    return {
        "area": {
            "code": area.code,
            "name": area.name,
            "is_city": area.is_city,
            "box": area.box(),
            "parts": [[p.code, p.name, p.lon, p.lat] for p in area.parts()],
        },
        **board.pulse(),
        **board.map(),
        "panels": board.panels(),
    }


@router.get("/panels")
def panels(request: HttpRequest, district: str = "") -> dict[str, Any]:
    """The slow part: trend, issues, rates, ranking, and how full each area of the map is."""
    board = board_of(_area(request, district))
    return {"version": version.current(), "panels": board.panels(), **board.map()}


@router.get("/shapes")
def shapes(request: HttpRequest, response: HttpResponse, district: str = "") -> dict[str, Any]:
    """GeoJSON of the areas that the map shades."""
    response["Cache-Control"] = "private, max-age=3600"
    return _area(request, district).shapes()


@router.get("/at")
def at_moment(request: HttpRequest, at: datetime, district: str = "") -> dict[str, Any]:
    """Counters, map and queue as they were at a moment of the last days."""
    return past.moment(_area(request, district), at=moment(at), now=timezone.now())


@router.get("/steps")
def steps(
    request: HttpRequest, since: datetime, until: datetime, district: str = "", after: int = 0
) -> dict[str, Any]:
    """What happened after `since` up to `until`, in order of time; `next` continues."""
    return past.steps(
        _area(request, district),
        since=moment(since),
        after_id=max(0, after),
        until=moment(until),
        now=timezone.now(),
    )


@displays_router.get("/displays")
def displays(request: HttpRequest) -> dict[str, Any]:
    """The displays of the administrator's areas."""
    user = _administrator(request)
    return {"items": [as_row(display) for display in displays_for(user)]}


@displays_router.post("/displays")
def approve(request: HttpRequest, payload: PairingIn) -> dict[str, Any]:
    """Let the screen that shows this code show an area."""
    pairing = approve_pairing(
        code=payload.code,
        name=payload.name,
        area_code=payload.area,
        by=cast(User, request.user),
        now=timezone.now(),
    )
    return {"name": pairing.name, "area": pairing.area_code}


@displays_router.post("/displays/{display_id}/revoke")
def revoke(request: HttpRequest, display_id: int) -> dict[str, Any]:
    """End a display's token."""
    _administrator(request)
    by = cast(User, request.user)
    return as_row(revoke_display(display_id=display_id, by=by, now=timezone.now()))


def _administrator(request: HttpRequest) -> User:
    user = cast(User, request.user)
    if "SYSADMIN" not in user.scope().roles:
        raise PairingError("NOT_ALLOWED")
    return user
