"""Signing in and out, and the way to the home of the signed-in post."""

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actions import SignInError, sign_in
from accounts.models import User

HOMES = (
    ("OPERATOR", "/desk/"),
    ("INSPECTOR", "/m/"),
    ("SYSADMIN", "/screen/displays/"),
    ("EVALUATOR", "/alarms/"),
    ("AUDITOR", "/alarms/"),
)
BACKEND = "django.contrib.auth.backends.ModelBackend"


def home_of(user: User) -> str:
    """Where a user's day begins: the desk, the phone form ..., else the queue."""
    roles = user.scope().roles
    return next((path for role, path in HOMES if role in roles), "/queue/")


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the home of the signed-in post, or to the sign-in page."""
    return redirect(home_of(request.user) if isinstance(request.user, User) else "/login/")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """The sign-in form; a good one opens a new session and leads on."""
    if request.method == "GET":
        return render(request, "accounts/login.html", {"next": request.GET.get("next", "")})
    try:
        user = sign_in(
            username=request.POST.get("username", ""),
            password=request.POST.get("password", ""),
            now=timezone.now(),
        )
    except SignInError as error:
        context = {"error": error, "username": request.POST.get("username", "")}
        return render(request, "accounts/login.html", context, status=403)
    login(request, user, backend=BACKEND)
    return redirect(_next(request) or home_of(user))


def _next(request: HttpRequest) -> str:
    """The page that asked for the sign-in, when it is one of ours."""
    target = request.POST.get("next", "")
    hosts = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(target, hosts, require_https=request.is_secure())
    return target if is_ours else ""


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("/login/")
