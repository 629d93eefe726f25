"""GET /healthz (alive), /readyz (database, broker, relay lag), /metrics (Prometheus)."""

import os
import threading
from datetime import date, datetime
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from dispatch import catalogue
from dispatch.hub import hub
from dispatch.models import Event, FeedHead, Tally, Timer

LAG_LIMIT_S = 30.0
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def alive(_: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(_: HttpRequest) -> HttpResponse:
    """All parts work: 200; else 503 and which part does not, in plain words.

    A missing year of the calendar is named, and does not make the city unready.
    """
    parts = {"database": _database(), "broker": _broker()}
    warnings = {}
    if parts["database"] == "ok":
        parts["relay"] = _relay(timezone.now())
        warnings["calendar"] = _calendar(timezone.localdate())
    is_ready = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {"status": "ok" if is_ready else "not ready", **parts, **warnings},
        status=200 if is_ready else 503,
    )


def _database() -> str:
    try:
        return "ok" if _is_migrated() else "migrations are missing"
    except DatabaseError:
        return "no connection"


_migrated = threading.Event()


def _is_migrated() -> bool:
    """True once no migration is missing; looked at until it is so, then only the connection."""
    if _migrated.is_set():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        _migrated.set()
    return _migrated.is_set()


def _broker() -> str:
    try:
        redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5
        ).ping()
    except redis.RedisError:
        return "no connection: screens poll once a second, background tasks wait"
    return "ok"


def relay_lag_s(now: datetime) -> float:
    """Age in seconds of the oldest event without a number; 0 when all have one."""
    oldest = Event.objects.filter(seq__isnull=True).order_by("id").values_list("at", flat=True)
    first = oldest.first()
    return max(0.0, (now - first).total_seconds()) if first else 0.0


def _relay(now: datetime) -> str:
    lag = relay_lag_s(now)
    return "ok" if lag < LAG_LIMIT_S else f"stands still: oldest event waits {lag:.0f} s"


def _calendar(today: date) -> str:
    gaps = catalogue.calendar_gaps(today)
    return f"{_years(gaps)} missing: deadlines count Monday to Friday" if gaps else "ok"


def _years(gaps: list[int]) -> str:
    return ", ".join(str(year) for year in gaps)


def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges for Prometheus; no personal data. From this machine, or with METRICS_TOKEN.

    Sockets are those of the web process that happens to answer; the rest is the city's.
    """
    if not _may_scrape(request):
        return HttpResponse(status=403)
    now = timezone.now()
    lines = [
        *_gauge("sanxian_relay_lag_seconds", [("", relay_lag_s(now))]),
        *_gauge(
            "sanxian_feed_head",
            [
                (f'district="{district}"', seq)
                for district, seq in FeedHead.objects.values_list("district", "seq")
            ],
        ),
        *_gauge(
            "sanxian_sockets",
            [
                (f'district="{district}",process="{os.getpid()}"', count)
                for district, count in hub.sockets().items()
            ],
        ),
        *_gauge("sanxian_cases", _cases_by_state()),
        *_gauge(
            "sanxian_timers_overdue",
            [("", Timer.objects.filter(state="RUNNING", due_at__lte=now).count())],
        ),
        *_gauge(
            "sanxian_calendar_years_missing",
            [("", len(catalogue.calendar_gaps(timezone.localdate(now))))],
        ),
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type=METRICS_TYPE)


def _cases_by_state() -> list[tuple[str, float]]:
    counts: dict[tuple[str, str], int] = {}
    for line, state, count in Tally.objects.values_list("line", "state", "count"):
        counts[(line, state)] = counts.get((line, state), 0) + count
    return [
        (f'line="{line}",state="{state}"', count) for (line, state), count in sorted(counts.items())
    ]


def _gauge(name: str, values: list[tuple[str, Any]]) -> list[str]:
    labelled = [
        f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for labels, value in values
    ]
    return [f"# TYPE {name} gauge", *labelled]


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if token:
        return request.headers.get("Authorization", "") == f"Bearer {token}"
    return request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
