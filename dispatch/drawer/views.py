"""The drawer of one case, its duplicates, two cases side by side, and the case on paper."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dispatch.actions.errors import CaseNotFoundError
from dispatch.drawer.page import case_context
from dispatch.drawer.twins import beside_context, twins_context
from dispatch.viewers import viewer


@login_required
@require_GET
def drawer(request: HttpRequest, case_no: str) -> HttpResponse:
    """The drawer of one case."""
    return render(request, "dispatch/_case.html", _found(request, case_no))


@login_required
@require_GET
def sheet(request: HttpRequest, case_no: str) -> HttpResponse:
    """One case as a sheet of paper."""
    return render(request, "dispatch/sheet.html", _found(request, case_no))


@login_required
@require_GET
def twins(request: HttpRequest, case_no: str) -> HttpResponse:
    """What may be the same as the case, over all three lines."""
    try:
        context = twins_context(viewer(request), case_no, now=timezone.now())
    except CaseNotFoundError as error:
        raise Http404 from error
    return render(request, "dispatch/_twins.html", context)


@login_required
@require_GET
def beside(request: HttpRequest, case_no: str, other_no: str) -> HttpResponse:
    """Two cases side by side."""
    try:
        context = beside_context(viewer(request), case_no, other_no, now=timezone.now())
    except CaseNotFoundError as error:
        raise Http404 from error
    return render(request, "dispatch/_beside.html", context)


def _found(request: HttpRequest, case_no: str) -> dict[str, Any]:
    context = case_context(viewer(request), case_no, timezone.now())
    if context["case"] is None:
        raise Http404
    return context
