"""The operator's desk."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from dispatch.queue.follow_ups import follow_ups_context
from dispatch.queue.pages import frame_for
from hotline.actions import OPERATORS
from ui.words import KINDS

ON_THE_PHONE = ("CONSULT", "HELP", "COMPLAINT", "REPORT", "SUGGESTION", "PRAISE")


@login_required
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """The form for one call, with map and radar."""
    user = request.user
    if not isinstance(user, User) or not user.scope().roles & OPERATORS:
        raise PermissionDenied
    kinds = [(code, KINDS[code]) for code in ON_THE_PHONE]
    now = timezone.now()
    context = {
        **frame_for(user),
        "kinds": kinds,
        "page_name": "desk",
        "now": now,
        **follow_ups_context(user, now=now),
    }
    return render(request, "hotline/desk.html", context)
