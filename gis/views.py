"""Vector tiles over HTTP."""

import gzip
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gis import tiles

CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
BASE_MAX_AGE_S = 3600
GZIP_FROM_BYTES, GZIP_LEVEL = 1024, 3


@require_safe
def tile(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse:
    """One tile, cut to the areas of the user; 304 while neither data nor areas changed."""
    if not request.user.is_authenticated:
        return refusal(request, 401, "NOT_SIGNED_IN", _("请先登录。"))
    prefixes = request.user.area_prefixes()
    if not prefixes:
        return refusal(request, 403, "NO_AREA", _("您没有可查看的区域。"))
    try:
        etag = tiles.etag(layer, prefixes=prefixes)
        kept = get_conditional_response(request, etag=etag)
        if kept is not None:
            return _with_headers(kept, layer, etag)
        return answer(request, layer, tiles.tile(layer, z, x, y, prefixes=prefixes), etag)
    except tiles.TileError as error:
        return refusal(request, 404, error.code, _("没有这张地图瓦片。"))


def answer(request: HttpRequest, layer: str, body: bytes, etag: str) -> HttpResponse:
    """The bytes of a tile with its headers, compressed where the browser takes it."""
    response = HttpResponse(content_type=CONTENT_TYPE)
    if len(body) >= GZIP_FROM_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        response["Content-Encoding"] = "gzip"
    response.content = body
    return _with_headers(response, layer, etag)


def refusal(request: HttpRequest, status: int, code: str, message: str) -> JsonResponse:
    """An error as contract.md 3 shapes it."""
    trace_id = getattr(request, "trace_id", "")
    fields: dict[str, Sequence[str]] = {}
    error = {"code": code, "message": message, "fields": fields, "trace_id": trace_id}
    return JsonResponse({"error": error}, status=status)


def _with_headers(response: HttpResponse, layer: str, etag: str) -> HttpResponse:
    response["ETag"] = etag
    fresh = f"max-age={BASE_MAX_AGE_S}" if layer == "base" else "no-cache"
    response["Cache-Control"] = f"private, {fresh}"
    patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
    return response
