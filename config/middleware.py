"""Around each request: a trace id, a strict CSP, and a limit on the body before it is read."""

import logging
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

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
            return _refusal(request, 400, "BAD_CHARACTER", "The address holds a NUL byte.")
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
            return _refusal(request, 411, "LENGTH_REQUIRED", "Send a Content-Length.")
        is_number = length.isascii() and length.isdigit()
        if length and (not is_number or int(length) > limit):
            message = f"The body is larger than {settings.MAX_BODY_MB} MB."
            return _refusal(request, 413, "BODY_TOO_LARGE", message)
        return get_response(request)

    return middleware


def _refusal(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    trace = request.trace_id  # type: ignore[attr-defined]
    error = {"code": code, "message": message, "fields": {}, "trace_id": trace}
    response = JsonResponse({"error": error}, status=status)
    response.error_code = code  # type: ignore[attr-defined]
    return response
