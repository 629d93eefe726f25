"""Who may look at a wall: posts that see all cases of a city or district, and paired displays."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.display import Display
from accounts.models import User
from accounts.pairing import display_by_token
from accounts.queries import user_of
from screen.places import CITY_LENGTH, DISTRICT_LENGTH, WallArea

COOKIES = {
    "sx_display": "/screen/",
    "sx_display_api": "/api/v1/screen",
    "sx_display_ws": "/ws/v1/screen",
}
"""The display's token, once per path where it is needed: no other address ever receives it."""
PAIRING_COOKIE = "sx_pairing"
COOKIE_LIFE_S = 400 * 86400


class NoWallError(Exception):
    """The area does not exist, or is not the asker's to see (404)."""

    code = "NO_WALL"
    message = _("没有这个区域的大屏，或您无权查看。")
    status = 404


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and the area codes (4 or 6 digits) that are open to her or it."""

    areas: tuple[str, ...]
    user: User | None = None
    display: Display | None = None

    def area(self, code: str) -> WallArea:
        """The wall of a code, or the widest one for no code. Raises NoWallError."""
        code = code or (self.areas[0] if self.areas else "")
        is_code = len(code) in {CITY_LENGTH, DISTRICT_LENGTH} and code.isascii() and code.isdigit()
        area = WallArea(code)
        if not is_code or not self.areas or not code.startswith(self.areas) or not area.name:
            raise NoWallError
        return area


def viewer_of_user(user: User) -> Viewer:
    """The walls that a person's posts open: whole cities and districts only, the widest first."""
    areas = [code for code in user.scope().areas if len(code) <= DISTRICT_LENGTH]
    return Viewer(tuple(sorted(areas, key=lambda code: (len(code), code))), user=user)


def viewer_of_display(display: Display) -> Viewer:
    """The one wall of a display."""
    return Viewer((display.area_code,), display=display)


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Who asks for a page of the wall: a display by its cookie, else a person; None for nobody."""
    display = display_by_token(request.COOKIES.get("sx_display", ""))
    if display:
        return viewer_of_display(display)
    user = user_of(request)
    return viewer_of_user(user) if user else None


def remember_display(response: HttpResponse, raw: str) -> None:
    """Put the display's token into its cookies: not for scripts, not for other sites."""
    for name, path in COOKIES.items():
        _set(response, name, raw, path, COOKIE_LIFE_S)


def forget_display(response: HttpResponse) -> None:
    """Take the display's cookies away."""
    for name, path in COOKIES.items():
        response.delete_cookie(name, path=path, samesite="Strict")


def remember_claim(response: HttpResponse, claim: str, life_s: int) -> None:
    """Put the claim of a pairing into the screen's cookie."""
    _set(response, PAIRING_COOKIE, claim, "/screen/pair/", life_s)


def _set(response: HttpResponse, name: str, value: str, path: str, life_s: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=life_s,
        path=path,
        httponly=True,
        secure=bool(settings.HTTPS),
        samesite="Strict",
    )


def as_row(display: Display) -> dict[str, Any]:
    """A display as the administrator's list shows it."""
    return {
        "id": display.pk,
        "name": display.name,
        "area": display.area_code,
        "area_name": WallArea(display.area_code).name,
        "created_at": display.created_at,
        "created_by": str(display.created_by),
        "seen_at": display.seen_at,
        "revoked_at": display.revoked_at,
        "is_alive": bool(
            display.seen_at and (timezone.now() - display.seen_at).total_seconds() < 180  # noqa: PLR2004
        ),
    }
