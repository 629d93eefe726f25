"""Pages of the wall: the wall itself, the pairing of a screen, the administrator's list."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.pairing import PairingError, ask_for_pairing, claim_pairing, displays_for
from accounts.queries import session_user
from gis import tiles
from gis.views import answer, refusal
from screen import access, version, words
from screen.access import NoWallError, viewer_of
from screen.places import WallArea

NO_WALL_FOR_HER = 403


@never_cache
@require_GET
def wall(request: HttpRequest) -> HttpResponse:
    """The command-centre wall of a city or district."""
    viewer = viewer_of(request)
    if viewer is None:
        return redirect(f"/login/?next={request.path}")
    try:
        area = viewer.area(request.GET.get("district", ""))
    except NoWallError:
        return render(request, "403.html", status=NO_WALL_FOR_HER)
    context = {
        "area": area,
        "version": version.current(),
        "is_display": viewer.display is not None,
        "words": words.for_scripts(),
    }
    return render(request, "screen/wall.html", context)


@never_cache
@ensure_csrf_cookie
@require_GET
def pair(request: HttpRequest) -> HttpResponse:
    """A screen shows its code here until an administrator has entered it."""
    if (viewer := viewer_of(request)) and viewer.display:
        return redirect("wall")
    try:
        offer = ask_for_pairing(source=request.META.get("REMOTE_ADDR", ""), now=timezone.now())
    except PairingError as error:
        response = render(request, "screen/pair.html", {"error": error}, status=error.status)
        response["Retry-After"] = "600"
        return response
    left_s = int((offer.expires_at - timezone.now()).total_seconds())
    code = f"{offer.code[:4]} {offer.code[4:]}"
    response = render(request, "screen/pair.html", {"code": code, "left_s": left_s})
    access.remember_claim(response, offer.claim, left_s)
    return response


@never_cache
@require_POST
def claim(request: HttpRequest) -> HttpResponse:
    """What became of the screen's code; with PAIRED come the display's cookies, once."""
    now = timezone.now()
    state, raw = claim_pairing(claim=request.COOKIES.get(access.PAIRING_COOKIE, ""), now=now)
    response = JsonResponse({"state": state})
    if state == "PAIRED":
        access.remember_display(response, raw)
        response.delete_cookie(access.PAIRING_COOKIE, path="/screen/pair/", samesite="Strict")
    return response


@never_cache
@require_GET
def displays(request: HttpRequest) -> HttpResponse:
    """The administrator's list of displays, and where a code is entered."""
    user = session_user(request)
    if user is None:
        return redirect(f"/login/?next={request.path}")
    posts = [post for post in user.scope().posts if post.role == "SYSADMIN"]
    if not posts:
        return render(request, "403.html", status=NO_WALL_FOR_HER)
    areas = {post.area_code for post in posts if len(post.area_code) <= 6}  # noqa: PLR2004
    choices = [WallArea(code) for code in sorted(areas)]
    choices += [WallArea(d) for area in choices if area.is_city for d in area.districts()]
    rows = [access.as_row(display) for display in displays_for(user)]
    context = {"rows": rows, "areas": choices, "page_name": "displays"}
    return render(request, "screen/displays.html", context)


@require_safe
def tile(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse:
    """A tile of the base map or of the borders, for whoever may see the wall."""
    viewer = viewer_of(request)
    if viewer is None:
        return refusal(request, 401, "NOT_SIGNED_IN", _("请先登录。"))
    if not viewer.areas:
        return refusal(request, 403, "NO_AREA", _("您没有可查看的区域。"))
    try:
        etag = tiles.etag(layer, prefixes=viewer.areas)
        kept = get_conditional_response(request, etag=etag)
        if kept is not None:
            return kept
        body = tiles.tile(layer, z, x, y, prefixes=viewer.areas)
    except tiles.TileError as error:
        return refusal(request, 404, error.code, _("没有这张地图瓦片。"))
    return answer(request, layer, body, etag)
