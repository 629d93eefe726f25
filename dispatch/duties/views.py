"""The pages of the duty lists and of who stands in for whom."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from dispatch.actions.duties import duty_lists
from dispatch.duties import page, standing_in
from dispatch.duties.page import Asked
from dispatch.models import DutyList


@login_required
@require_GET
def duties(request: HttpRequest) -> HttpResponse:
    """One version with its items, its changes or its dry run; the newest draft first."""
    user = request.user
    if not isinstance(user, User) or not duty_lists.may_read(user):
        raise PermissionDenied
    asked = Asked.of(request.GET)
    try:
        context = page.context(asked, user, now=timezone.now())
    except DutyList.DoesNotExist as error:
        raise Http404 from error
    return render(request, "dispatch/duties/page.html", context)


@login_required
@require_GET
def standing_in_page(request: HttpRequest) -> HttpResponse:
    """Units that are away and people with a deputy: a form, what it means, and the lists."""
    user = request.user
    if not isinstance(user, User) or not standing_in.tabs_of(user):
        raise PermissionDenied
    context = standing_in.context(request.GET, user, now=timezone.now())
    return render(request, "dispatch/absences/page.html", context)
