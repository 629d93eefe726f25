"""The style guide and the English words for the scripts."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET
from django.views.i18n import JavaScriptCatalog

from ui import words
from ui.templatetags.ui import RINGS

WORDS_FOR_S = 3600


@require_GET
@cache_control(max_age=WORDS_FOR_S)
def messages(request: HttpRequest, language: str) -> HttpResponse:
    """The words that the scripts show, in a language."""
    with translation.override(language):
        return JavaScriptCatalog.as_view(domain="djangojs", packages=None)(request)


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in all its states, on one page."""
    now = timezone.now()
    hours = {"ok": 30, "warn": 1, "over": -0.6}
    dues = [
        {"stage": "DISPOSAL", "due_at": now + timedelta(hours=h), "started_at": now - timedelta(hours=3)}
        for h in hours.values()
    ]
    paused = {"stage": "DISPOSAL", "due_at": now, "state": "PAUSED"}
    context = {
        "now": now,
        "dues": [*dues, paused, None],
        "states": list(RINGS),
        "lines": ["HOTLINE", "GRID", "AFFAIRS"],
        "priorities": [0, 1, 2, 3],
        "steps": words.steps_of("PROCESSING"),
        "page_name": "styleguide",
    }
    return render(request, "ui/styleguide.html", context)
