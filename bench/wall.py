"""The wall in the long run: `python -m bench.wall soak` and `python -m bench.wall past`.

soak  opens the wall of a running city in Chromium, writes events at a steady rate into its log and
      says how much the heap grew and how long the longest task was (--events 1000 --seconds 60).
past  times the time machine on the database of DATABASE_URL: an hour, a day and seven days back.
"""

import argparse
import os
import statistics
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.db import connection
from django.utils import timezone

MB = 1024 * 1024
CASES = 10
LEAN, WHOLE = "/usr/bin/chromium-headless-shell", "/usr/bin/chromium"
CHROMIUM = LEAN if Path(LEAN).exists() else WHOLE
FLAGS = ["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--use-gl=angle",
         "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # fmt: skip
WATCH = (
    "() => { window.slow = []; new PerformanceObserver((list) => window.slow.push("
    "...list.getEntries().map((e) => Math.round(e.duration)))).observe({type: 'longtask'}); }"
)


def to_and_fro(events: int, seconds: float) -> None:
    """Write events at a steady rate: cases go to a state and back, so all counters stay true."""
    from dispatch.models import Case, Event
    from dispatch.outbox import CHANNEL

    cases = list(Case.objects.filter(state="REGISTERED").order_by("-pk")[:CASES])
    began = time.monotonic()
    for start in range(0, events, len(cases) * 2):
        now = timezone.now()
        ways = (("REGISTERED", "PENDING_FILING"), ("PENDING_FILING", "REGISTERED"))
        Event.objects.bulk_create(
            Event(
                case_id=case.pk,
                case_no=case.case_no,
                topic="case.accepted",
                at=now,
                from_state=before,
                to_state=after,
                line=case.line,
                category=case.category_code,
                priority=case.priority,
                district=case.district_code,
            )
            for before, after in ways
            for case in cases
        )
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
        time.sleep(max(0.0, began + seconds * start / events - time.monotonic()))
    connection.close()


def heap(devtools: Any) -> float:
    """Bytes in use by JavaScript after a collection of garbage."""
    devtools.send("HeapProfiler.collectGarbage")
    return float(devtools.send("Runtime.getHeapUsage")["usedSize"])


def soak(options: argparse.Namespace) -> None:
    """Open the wall, write the events, print what it cost the page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{options.url}/login/")
        page.fill("#username", "commander1")
        page.fill("#password", os.environ["DEMO_PASSWORD"])
        page.click(".login-card .btn.pri")
        page.goto(f"{options.url}/screen/?{options.query}")
        while not page.evaluate("document.body.dataset.ready === '1'"):
            page.wait_for_timeout(200)
        devtools = page.context.new_cdp_session(page)
        page.evaluate(WATCH)
        before = heap(devtools)
        writer = threading.Thread(target=to_and_fro, args=(options.events, options.seconds))
        writer.start()
        while writer.is_alive():
            page.wait_for_timeout(500)
        page.wait_for_timeout(3000)
        grown = heap(devtools) - before
        slow = sorted(page.evaluate("window.slow"))
        print(
            f"{options.events} events in {options.seconds:.0f} s: heap {grown / MB:+.1f} MB, "
            f"long tasks over 200 ms: {sum(one > 200 for one in slow)}, longest {slow[-1:]}"
        )
        chromium.close()


def past(options: argparse.Namespace) -> None:
    """Time a moment an hour, a day and seven days ago, of the city and of its first district."""
    from dispatch.models import Case, Event
    from screen import flows, past
    from screen.places import WallArea

    print(f"{Case.objects.count():,} cases, {Event.objects.count():,} events")
    began = time.monotonic()
    print(f"added up {flows.fold():,} events in {time.monotonic() - began:.1f} s")
    city = WallArea(options.city)
    for area in (city, WallArea(city.districts()[0])):
        for back in (timedelta(hours=1), timedelta(days=1), timedelta(days=7)):
            taken = []
            for _ in range(5):
                now, began = timezone.now(), time.monotonic()
                past.moment(area, at=now - back, now=now)
                taken.append(time.monotonic() - began)
            print(f"{area.code} {back}: median {statistics.median(taken) * 1000:.0f} ms")


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["soak", "past"])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--query", default="")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--city", default="3399")
    options = parser.parse_args()
    django.setup()
    {"soak": soak, "past": past}[options.what](options)


if __name__ == "__main__":
    main()
