"""The JSON API at /api/v1/: who may come in, and how every refusal looks (contract.md 3)."""

from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found, server_error
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import APIKeyCookie, HttpBearer

from accounts.actions import SignInError
from accounts.api import open_router as accounts_open_router
from accounts.arranging import ArrangementError, NotYoursToArrangeError
from accounts.deputies_api import router as deputies_router
from accounts.models import User
from accounts.pairing import PairingError
from accounts.queries import session_user, user_by_token
from affairs.actions import SignatureError, UnknownEventError
from affairs.api import open_router as affairs_open_router
from dispatch import strictjson
from dispatch.actions.duties.duty_lists import UnknownListError
from dispatch.actions.errors import (
    CaseNotFoundError,
    MoveError,
    NotAllowedError,
    StaleVersionError,
)
from dispatch.api import router as dispatch_router
from dispatch.attachments.api import router as attachments_router
from dispatch.attachments.images import AttachmentError
from dispatch.casefile import TooManyRevealsError
from dispatch.catalogue import UnknownCategoryError
from dispatch.duties.api import absences as absences_router
from dispatch.duties.api import router as duty_lists_router
from dispatch.duties.foretelling_api import router as foretelling_router
from dispatch.incidents.api import router as incidents_router
from dispatch.intake import KeyReusedError
from dispatch.oversight.api import router as oversight_router
from dispatch.queries import FilterError
from dispatch.queue.api import router as queue_router
from dispatch.strictjson import BodyError
from dispatch.voices import IntakeError
from gis.api import router as gis_router
from gis.coords import CoordinateError
from gis.words import in_words
from grid.api import router as grid_router
from hotline.api import router as hotline_router
from screen.access import NoWallError
from screen.api import DisplayAuth, displays_router
from screen.api import router as screen_router
from screen.past import MomentError
from ui.unreadable import fields_of

Handler = Callable[[HttpRequest], HttpResponse]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class StrictParser(Parser):
    """JSON only, read strictly."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The parsed body; raises BodyError."""
        if not (request.content_type or "").endswith("json"):
            raise BodyError("UNSUPPORTED_MEDIA_TYPE", 415, _("请以 application/json 提交。"))
        return strictjson.read(request.body)


class TokenAuth(HttpBearer):
    """Authorization: Bearer TOKEN."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The token's user; a read-only token (wall screen) only reads."""
        found = user_by_token(token, now=timezone.now())
        if found is None:
            return None
        user, read_only = found
        if read_only and request.method not in SAFE:
            raise NotAllowedError
        request.user = user
        return user


class SessionAuth(APIKeyCookie):
    """The session cookie of a signed-in page, with CSRF for what is not safe."""

    param_name = "sessionid"

    def _get_key(self, request: HttpRequest) -> str | None:
        """The cookie; without one nobody is signed in, and there is nothing to forge."""
        if self.param_name not in request.COOKIES:
            return None
        return super()._get_key(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """The session's user."""
        return session_user(request)


api = NinjaAPI(
    title="SanXian 三线",
    version="1.0.0",
    auth=[TokenAuth(), SessionAuth()],
    parser=StrictParser(),
    docs_url=None,
    urls_namespace="api-1",
)
# Django tries addresses in this order: the busiest first, cases/batch before cases/{case_no}.
api.add_router("/hotline", hotline_router)
api.add_router("/grid", grid_router)
api.add_router("/affairs", affairs_open_router, auth=None)
api.add_router("", queue_router)
api.add_router("", dispatch_router)
api.add_router("/auth", accounts_open_router, auth=None)
api.add_router("/deputies", deputies_router)
api.add_router("/attachments", attachments_router)
api.add_router("/duty-lists", duty_lists_router)
api.add_router("/unit-absences", absences_router)
api.add_router("", foretelling_router)
api.add_router("/screen", displays_router)
api.add_router("/screen", screen_router, auth=[DisplayAuth(), TokenAuth(), SessionAuth()])
api.add_router("", gis_router)
api.add_router("", oversight_router)
api.add_router("", incidents_router)


def refusal(
    request: HttpRequest,
    status: int,
    code: str,
    message: object,
    fields: dict[str, list[str]] | None = None,
    **headers: str,
) -> HttpResponse:
    """The one shape of every error."""
    error = {
        "code": code,
        "message": str(message),
        "fields": fields or {},
        "trace_id": getattr(request, "trace_id", ""),
    }
    response = api.create_response(request, {"error": error}, status=status)
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    response.error_code = code  # type: ignore[attr-defined]
    return response


STATUS: dict[type[Exception], int] = {
    CaseNotFoundError: 404,
    NotAllowedError: 403,
    StaleVersionError: 409,
    TooManyRevealsError: 429,
    MoveError: 422,
    IntakeError: 422,
    KeyReusedError: 409,
    FilterError: 400,
    AttachmentError: 422,
    UnknownEventError: 422,
    SignatureError: 401,
    NoWallError: 404,
    MomentError: 422,
    PairingError: 422,
    ArrangementError: 422,
    UnknownListError: 404,
    NotYoursToArrangeError: 403,
}


def _refuse_known(request: HttpRequest, error: Any) -> HttpResponse:
    status = getattr(error, "status", 0) or next(
        STATUS[kind] for kind in type(error).__mro__ if kind in STATUS
    )
    headers = {"Retry_After": "3600"} if status == 429 else {}  # noqa: PLR2004
    fields = dict(getattr(error, "fields", {}))
    if isinstance(error, StaleVersionError):
        fields["version"] = [str(error.version)]
    return refusal(request, status, error.code, error.message, fields, **headers)


for kind in STATUS:
    api.add_exception_handler(kind, _refuse_known)


@api.exception_handler(BodyError)
def _body(request: HttpRequest, error: BodyError) -> HttpResponse:
    return refusal(request, error.status, error.code, error.message, error.fields)


@api.exception_handler(UnknownCategoryError)
def _category(request: HttpRequest, error: UnknownCategoryError) -> HttpResponse:
    return refusal(request, 422, error.code, error.message, {"category": [str(error.message)]})


@api.exception_handler(CoordinateError)
def _coordinates(request: HttpRequest, error: CoordinateError) -> HttpResponse:
    why = in_words(error)
    return refusal(request, 422, error.code, why, {"location": [why]})


@api.exception_handler(SignInError)
def _sign_in(request: HttpRequest, error: SignInError) -> HttpResponse:
    if error.code == "LOCKED":
        return refusal(
            request, 429, error.code, error.message, Retry_After=str(error.retry_after_s)
        )
    return refusal(request, 401, error.code, error.message)


@api.exception_handler(AuthenticationError)
def _not_signed_in(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return refusal(request, 401, "NOT_SIGNED_IN", _("请先登录。"))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = fields_of(
        ({**problem, "loc": problem["loc"][1:]} for problem in error.errors), skip=SCHEMA_PARTS
    )
    if all(problem["loc"][0] == "query" for problem in error.errors):
        return refusal(request, 400, FilterError.code, FilterError.message, fields)
    return refusal(request, 422, "FIELDS", _("有字段缺失或类型不对。"), fields)


SCHEMA_PARTS = frozenset({"payload", "body"})


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, BodyError):
        return _body(request, error.__cause__)
    if error.status_code == 403:  # noqa: PLR2004
        return refusal(request, 403, "CSRF", _("页面已过期，请刷新后重试。"))
    return refusal(request, error.status_code, "REFUSED", error)


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def _database_away(request: HttpRequest, _error: Exception) -> HttpResponse:
    message = _("数据库暂时无法连接，请稍后重试；已提交的内容不会丢失。")
    return refusal(request, 503, "DATABASE_AWAY", message, Retry_After="5")


CODES = {
    400: "MALFORMED_BODY",
    401: "NOT_SIGNED_IN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    503: "NOT_READY",
}
PROGRAMS = ("/api/", "/tiles/")
"""Addresses that programs ask: whatever they are refused is JSON."""
KEPT_HEADERS = ("Allow", "Retry-After")


def in_one_shape(get_response: Handler) -> Handler:
    """Middleware: what Django or Ninja refuse by themselves looks like every other refusal."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_ours = response.headers.get("Content-Type", "").startswith("application/json")
        if response.status_code < 400 or is_ours or not request.path.startswith(PROGRAMS):  # noqa: PLR2004
            return response
        code = getattr(response, "error_code", CODES.get(response.status_code, "REFUSED"))
        shaped = refusal(request, response.status_code, code, response.reason_phrase)
        for name in KEPT_HEADERS:
            if name in response:
                shaped[name] = response[name]
        shaped["Content-Length"] = str(len(shaped.content))
        return shaped

    return middleware


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that does not exist: JSON for programs, a page for people."""
    if request.path.startswith(PROGRAMS):
        return refusal(request, 404, "NOT_FOUND", _("没有这个地址。"))
    return page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """Something of ours broke: the trace id finds it in the log."""
    if request.path.startswith(PROGRAMS):
        return refusal(
            request, 500, "BROKEN", _("系统出错，请稍后重试；若重复出现，请报告追踪号。")
        )
    return server_error(request)
