"""Pages of the queue: list, rows, counters and points.

Each view parses, makes one domain call and answers; the shaping of the page stands below.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dispatch.counters import counters_for
from dispatch.drawer.page import case_context
from dispatch.queries import FilterError, QueueFilters, queue_for
from dispatch.queue import pages
from dispatch.viewers import viewer

MOST_IDS = 100
POINTS_PER_PAGE = 200


def _filters(request: HttpRequest, now: datetime) -> QueueFilters:
    """The filters of a page's address."""
    return pages.filters_from(request.GET, viewer(request), now)


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
    user, filters = viewer(request), _filters(request, now)
    page = queue_for(user, filters=filters, now=now)
    context = pages.list_context(user, filters, page, request.GET, now)
    if request.headers.get("HX-Request"):
        return render(request, "dispatch/_list.html", context)
    context |= pages.frame_context(user, filters, page)
    if number := request.GET.get("case"):
        context |= case_context(user, number, now)
    return render(request, "dispatch/queue.html", context)


@login_required
@require_GET
@_readable
def rows(request: HttpRequest) -> HttpResponse:
    """Rows alone: those of `ids` still in this user's queue, or the page after `cursor`."""
    now = timezone.now()
    user, filters = viewer(request), _filters(request, now)
    ids = [part for part in request.GET.get("ids", "").split(",") if part][:MOST_IDS]
    if "ids" in request.GET and not ids:
        return HttpResponse()
    page = queue_for(user, filters=replace(filters, ids=ids, limit=MOST_IDS), now=now)
    return render(request, "dispatch/_rows.html", {"page": page, "now": now})


@login_required
@require_GET
@_readable
def counters(request: HttpRequest) -> JsonResponse:
    """The counters of the tiles and lines, for the same filters as the page."""
    now = timezone.now()
    base = pages.without_tile(_filters(request, now))
    return JsonResponse(counters_for(viewer(request), filters=base, now=now))


@login_required
@require_GET
@_readable
def points(request: HttpRequest) -> JsonResponse:
    """Where the cases of the list are: [number, line, lon, lat, due (epoch seconds or null)]."""
    now = timezone.now()
    filters = replace(_filters(request, now), limit=POINTS_PER_PAGE)
    page = queue_for(viewer(request), filters=filters, now=now)
    return JsonResponse({"points": pages.points_of(page), "next": page.next})
