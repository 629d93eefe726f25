"""GET /tiles/cases/{z}/{x}/{y}.mvt"""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.queries import user_of
from dispatch.board.tiles import NotReadyError, TileError, cases_tile, etag

MVT = "application/vnd.mapbox-vector-tile"


def cases(request: HttpRequest, z: int, x: int, y: int) -> HttpResponse:
    """One tile of the open cases that the signed-in user may see."""
    user = user_of(request)
    if user is None:
        return HttpResponse(status=401)
    tag = f'"{etag(user, z, x, y)}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    try:
        body = cases_tile(user, z, x, y, now=timezone.now())
    except TileError:
        return HttpResponse(status=404)
    except NotReadyError:
        return HttpResponse(status=503, headers={"Retry-After": "2"})
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    return HttpResponse(body, content_type=MVT, headers=headers)
