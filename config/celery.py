"""The Celery application: workers are only the hands that wake the work (architecture.md 5)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("sanxian")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["dispatch", "dispatch.queue", "hotline", "grid", "affairs", "screen", "config"]
)
app.conf.beat_schedule = {
    "end pauses": {"task": "dispatch.end_pauses", "schedule": 60.0, "options": {"expires": 60}},
    "mark reviews": {
        "task": "dispatch.mark_reviews",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "archive": {
        "task": "dispatch.archive_old_cases",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "continue exports": {
        "task": "dispatch.continue_exports",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "end old duties": {
        "task": "grid.end_old_duties",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "tidy up": {"task": "config.tidy_up", "schedule": 3600.0, "options": {"expires": 3600}},
    "add up the wall": {"task": "screen.fold", "schedule": 10.0, "options": {"expires": 10}},
    "read the wall": {
        "task": "screen.take_readings",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "watch calendar": {
        "task": "dispatch.watch_calendar",
        "schedule": 86400.0,
        "options": {"expires": 3600},
    },
    "wake subscribers": {
        "task": "config.wake_subscribers",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
}
