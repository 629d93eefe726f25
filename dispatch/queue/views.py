"""Pages of the queue: list, rows, counters and the map's clusters.

Each view parses, makes one domain call and answers; the shaping of the page stands beside.
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

from dispatch.drawer.page import case_context
from dispatch.queries import FilterError, QueueFilters, queue_for
from dispatch.queue import clusters as squares
from dispatch.queue import pages
from dispatch.queue.filters import filters_from
from dispatch.viewers import viewer

MOST_IDS = 100


def _filters(request: HttpRequest, now: datetime) -> QueueFilters:
    """The filters of a page's address."""
    return filters_from(request.GET, viewer(request), now)


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
    ids: list[str] = []
    if "ids" in request.GET:
        ids = [part for part in request.GET["ids"].split(",") if part][:MOST_IDS]
        ids = [number for number in ids if not filters.ids or number in filters.ids]
        if not ids:
            return HttpResponse()
        filters = replace(filters, ids=ids)
    page = queue_for(user, filters=replace(filters, limit=MOST_IDS), now=now)
    context = {
        "page": pages.with_reasons(page),
        "gone": pages.gone_of(user, ids, page),
        "now": now,
    }
    return render(request, "dispatch/_rows.html", context)


@login_required
@require_GET
@_readable
def counters(request: HttpRequest) -> JsonResponse:
    """The counters of the tiles and lines for the page's filters, and what is unseen by view."""
    return JsonResponse(pages.counted(viewer(request), request.GET, timezone.now()))


@login_required
@require_GET
@_readable
def clusters(request: HttpRequest) -> JsonResponse:
    """The filter's cases on the map: `box` by squares of `size` metres, all in all, or `lasso`."""
    now = timezone.now()
    user, filters = viewer(request), _filters(request, now)
    if lasso := request.GET.get("lasso"):
        return JsonResponse({"items": squares.inside(user, filters=filters, lasso=lasso)})
    answer = squares.extent_of(user, filters=filters)
    if text := request.GET.get("box"):
        box, size = squares.read_box(text), squares.read_size(request.GET.get("size", ""))
        answer["items"] = squares.squares_of(user, filters=filters, box=box, size=size, now=now)
    return JsonResponse(answer)
