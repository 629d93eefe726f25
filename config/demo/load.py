"""Loads the demo city in steps, each of them whole or not there; a second run adds nothing."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from config.demo import hall, on_duty, people, units
from config.demo.past import history
from config.demo.past.history import Extent, Say
from dispatch import catalogue
from dispatch.categories import training
from dispatch.seeding import load_catalogue
from gis.demo.hierarchy import CITY_CODE
from gis.demo.load import load_demo_city

OPENED_BEFORE = timedelta(days=60)
"""The city's posts and duties are older than its oldest case."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller of load_demo wants; an empty password or secret is made up and printed."""

    password: str
    secret: str
    days: int
    cases: int


def load_demo(wishes: Wishes, *, now: datetime, say: Say) -> None:
    """Load what is missing of the demo city and say so, step by step."""
    opened = now - OPENED_BEFORE - timedelta(days=wishes.days)
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("Map, areas and addresses", lambda: _city(now, say)),
        ("Catalogue, limits and calendar", _catalogue),
        ("Units and the duty list", lambda: _units(opened)),
        ("Accounts", lambda: _people(wishes, opened)),
        ("The service hall", lambda: _hall(wishes)),
        ("Weeks of history", lambda: _history(wishes, now, say)),
        ("Numbers for the event log", lambda: _numbers(now, say)),
        ("The next duty list, to be tried out", lambda: _next_duties(now)),
        ("Inspectors on duty", lambda: _added(on_duty.put_on_duty(now=now), "of them")),
        ("Category suggestions", lambda: training.train_from_phrases(now=now)),
    )
    for number, (words, load) in enumerate(steps, start=1):
        say(f"  {number} of {len(steps)}  {words}")
        say(f"      {load()}")


def _city(now: datetime, say: Say) -> str:
    load_demo_city(now=now, say=lambda words: say(f"      {words}"))
    return f"City {CITY_CODE} is there."


def _catalogue() -> str:
    return _added(sum(load_catalogue().values()), "rows")


def _units(opened: datetime) -> str:
    added = units.load_units()
    items = units.load_duties(opened=opened)
    return f"{_added(added, 'units')} {_added(items, 'items of the duty list')}"


def _next_duties(now: datetime) -> str:
    return _added(units.load_next_duties(now=now), "new items of a draft")


def _people(wishes: Wishes, opened: datetime) -> str:
    password = wishes.password or secrets.token_urlsafe(12)
    added = people.load_people(city=CITY_CODE, password=password, now=opened)
    if added and not wishes.password:
        return f"{added} accounts added. Password of every account: {password}"
    if not added and wishes.password and people.set_password(password=password):
        return "All accounts were there; they have the new password now."
    return _added(added, "accounts")


def _hall(wishes: Wishes) -> str:
    secret = wishes.secret or f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    added = hall.load_hall(secret=secret, district=people.FIRST)
    if added and not wishes.secret:
        return f"{added} rows added. Webhook secret of the system {hall.CODE}: {secret}"
    if not added and wishes.secret and hall.set_secret(secret):
        return f"The system {hall.CODE} was there; it has the new webhook secret now."
    return _added(added, "rows")


def _history(wishes: Wishes, now: datetime, say: Say) -> str:
    if history.is_whole():
        return "The history is already there."
    catalogue.refresh()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    steps = history.load_history(Extent(now, wishes.days, wishes.cases), say=say)
    return f"{steps:,} steps written."


def _numbers(now: datetime, say: Say) -> str:
    batches = history.number_events(now=now, say=say)
    return f"{batches} batches numbered." if batches else "Nothing was left to number."


def _added(count: int, what: str) -> str:
    return f"{count:,} {what} added." if count else f"All {what} were already there."
