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


def body_limit(get_response: Handler) -> Handler:
    """Refuse a body over MAX_BODY_MB by its Content-Length, before a byte of it is parsed."""
    limit = settings.MAX_BODY_MB * 1024 * 1024

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > limit:
            error = {
                "code": "BODY_TOO_LARGE",
                "message": f"The body is larger than {settings.MAX_BODY_MB} MB.",
                "fields": {},
                "trace_id": request.trace_id,  # type: ignore[attr-defined]
            }
            return JsonResponse({"error": error}, status=413)
        return get_response(request)

    return middleware
