"""The Celery application: workers are only the hands that wake the work (architecture.md 5)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("sanxian")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
