"""The inspector's phone form."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from dispatch.queue.pages import frame_for


@login_required
@require_GET
def phone(request: HttpRequest) -> HttpResponse:
    """One page that reports a finding and shows what waits and what was received."""
    user = request.user
    if not isinstance(user, User) or "INSPECTOR" not in user.scope().roles:
        raise PermissionDenied
    hours = {"on_duty_hours": settings.ON_DUTY_HOURS}
    return render(request, "grid/phone.html", {**frame_for(user), **hours})
