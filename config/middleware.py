"""Around each request: a trace id, a strict CSP, and a limit on the body before it is read."""

import logging
import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.text import format_lazy
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext_lazy as _

from accounts.queries import user_of

Handler = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger("sanxian.request")

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; worker-src 'self'; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def trace_id(get_response: Handler) -> Handler:
    """Give each request a trace id; answer it as X-Trace-Id and log refusals with it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.trace_id = uuid.uuid4().hex[:16]  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Trace-Id"] = request.trace_id  # type: ignore[attr-defined]
        if response.status_code >= 400:  # noqa: PLR2004
            logger.warning(
                "trace=%s %s %s status=%s code=%s",
                request.trace_id,  # type: ignore[attr-defined]
                request.method,
                request.resolver_match.route if request.resolver_match else "-",
                response.status_code,
                getattr(response, "error_code", "-"),
            )
        return response

    return middleware


def content_security_policy(get_response: Handler) -> Handler:
    """No inline script, no eval, nothing from another origin."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Content-Security-Policy", CSP)
        response.setdefault("Permissions-Policy", "geolocation=(self), camera=(self)")
        return response

    return middleware


def clean_address(get_response: Handler) -> Handler:
    """Refuse a NUL byte in an address: no database can look for one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or "%00" in query or "\x00" in query:
            return _refusal(request, 400, "BAD_CHARACTER", _("地址中含有不可用的字符。"))
        return get_response(request)

    return middleware


def token_for_tiles(get_response: Handler) -> Handler:
    """Let a program see the map by its token, as a page does by its cookie."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/tiles/") and "Authorization" in request.headers:
            request.user = user_of(request) or AnonymousUser()
        return get_response(request)

    return middleware


def body_limit(get_response: Handler) -> Handler:
    """Refuse a body over MAX_BODY_MB by its Content-Length, before a byte of it is parsed.

    A body in chunks says no length: it is refused with 411.
    """
    limit = settings.MAX_BODY_MB * 1024 * 1024

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length and "HTTP_TRANSFER_ENCODING" in request.META:
            return _refusal(request, 411, "LENGTH_REQUIRED", _("请求须带 Content-Length。"))
        is_number = length.isascii() and length.isdigit()
        if length and (not is_number or int(length) > limit):
            message = format_lazy(_("内容不得超过 {limit} MB。"), limit=settings.MAX_BODY_MB)
            return _refusal(request, 413, "BODY_TOO_LARGE", message)
        return get_response(request)

    return middleware


def _refusal(request: HttpRequest, status: int, code: str, message: object) -> HttpResponse:
    """In the language of the request, which the middleware of languages has not seen yet."""
    trace = request.trace_id  # type: ignore[attr-defined]
    with override(get_language_from_request(request)):
        words = str(message)
    error = {"code": code, "message": words, "fields": {}, "trace_id": trace}
    response = JsonResponse({"error": error}, status=status)
    response.error_code = code  # type: ignore[attr-defined]
    return response
