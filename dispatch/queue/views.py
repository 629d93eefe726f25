"""Pages of the queue: list, rows, drawer, counters, points and the printable sheet.

Each view parses, makes one domain call and answers; the shaping of the page stands below.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from dispatch.actions.errors import CaseNotFoundError
from dispatch.casefile import case_for
from dispatch.queries import FilterError, QueueFilters, counters_for, queue_for
from dispatch.queue import pages

MOST_IDS = 100
POINTS_PER_PAGE = 200


def _viewer(request: HttpRequest) -> User:
    """The signed-in user. Raises PermissionDenied where no post of hers opens any case."""
    user = request.user
    if isinstance(user, User):
        scope = user.scope()
        if scope.areas or scope.patrol_areas or scope.unit_ids:
            return user
    raise PermissionDenied


def _filters(request: HttpRequest, now: datetime) -> QueueFilters:
    """The filters of a page's address."""
    return pages.filters_from(request.GET, _viewer(request), now)


View = Callable[[HttpRequest], HttpResponse]


def _readable(view: View) -> View:
    """A page with filters that cannot be read is a page that does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except FilterError as error:
            raise Http404 from error

    return guarded


@login_required
@require_GET
@_readable
def queue(request: HttpRequest) -> HttpResponse:
    """The queue page; for htmx the list alone."""
    now = timezone.now()
    user, filters = _viewer(request), _filters(request, now)
    page = queue_for(user, filters=filters, now=now)
    context = pages.list_context(user, filters, page, request.GET, now)
    if request.headers.get("HX-Request"):
        return render(request, "dispatch/_list.html", context)
    context |= pages.frame_context(user, filters, page)
    if number := request.GET.get("case"):
        context |= _case_context(user, number, now)
    return render(request, "dispatch/queue.html", context)


@login_required
@require_GET
@_readable
def rows(request: HttpRequest) -> HttpResponse:
    """Rows alone: those of `ids` still in this user's queue, or the page after `cursor`."""
    now = timezone.now()
    user, filters = _viewer(request), _filters(request, now)
    ids = [part for part in request.GET.get("ids", "").split(",") if part][:MOST_IDS]
    if "ids" in request.GET and not ids:
        return HttpResponse()
    page = queue_for(user, filters=replace(filters, ids=ids, limit=MOST_IDS), now=now)
    return render(request, "dispatch/_rows.html", {"page": page, "now": now})


@login_required
@require_GET
def drawer(request: HttpRequest, case_no: str) -> HttpResponse:
    """The drawer of one case."""
    context = _case_context(_viewer(request), case_no, timezone.now())
    if context["case"] is None:
        raise Http404
    return render(request, "dispatch/_case.html", context)


@login_required
@require_GET
@_readable
def counters(request: HttpRequest) -> JsonResponse:
    """The counters of the tiles and lines, for the same filters as the page."""
    now = timezone.now()
    base = pages.without_tile(_filters(request, now))
    return JsonResponse(counters_for(_viewer(request), filters=base, now=now))


@login_required
@require_GET
@_readable
def points(request: HttpRequest) -> JsonResponse:
    """Where the cases of the list are: [number, line, lon, lat, due (epoch seconds or null)]."""
    now = timezone.now()
    filters = replace(_filters(request, now), limit=POINTS_PER_PAGE)
    page = queue_for(_viewer(request), filters=filters, now=now)
    return JsonResponse({"points": pages.points_of(page), "next": page.next})


@login_required
@require_GET
def sheet(request: HttpRequest, case_no: str) -> HttpResponse:
    """One case as a sheet of paper."""
    context = _case_context(_viewer(request), case_no, timezone.now())
    if context["case"] is None:
        raise Http404
    return render(request, "dispatch/sheet.html", context)


def _case_context(user: User, case_no: str, now: datetime) -> dict[str, Any]:
    try:
        case = case_for(user, case_no, now=now)
    except CaseNotFoundError:
        return {"case": None, "now": now}
    return {"case": case, "now": now, **pages.choices_for(case)}
