"""The page of alarms."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from dispatch.actions.errors import NotAllowedError
from dispatch.models import AlarmKind
from dispatch.oversight.alarms import AlarmFilters, alarms_for
from dispatch.oversight.wording import worded
from dispatch.queries import FilterError

FORBIDDEN = 403
MOST_DIGITS = 18


@login_required
@require_GET
def alarms_page(request: HttpRequest) -> HttpResponse:
    """Counts per kind, the newest alarms, and a note under each."""
    before = request.GET.get("before", "")
    is_open = request.GET.get("noted") == "no"
    filters = AlarmFilters(
        kind=request.GET.get("kind", ""),
        noted=False if is_open else None,
        before=_number(before),
    )
    try:
        page = alarms_for(cast(User, request.user), filters)
    except NotAllowedError:
        return render(request, "403.html", status=FORBIDDEN)
    except FilterError as error:
        raise Http404 from error
    kinds = [
        {"kind": kind.value, "label": kind.label, "count": page["counts"][kind.value]}
        for kind in AlarmKind
    ]
    context = {
        "page": page,
        "alarms": list(zip(page["items"], worded(i["facts"] for i in page["items"]), strict=True)),
        "kinds": kinds,
        "every": sum(page["counts"].values()),
        "kind": filters.kind,
        "is_open": is_open,
        "page_name": "alarms",
        "now": timezone.now(),
    }
    return render(request, "dispatch/alarms.html", context)


def _number(text: str) -> int:
    """The id of an alarm; 0 for what is none."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else 0
