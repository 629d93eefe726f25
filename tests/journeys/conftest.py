"""One real stack and one browser for all journeys that a worker of pytest-xdist runs."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from accounts.models import User
from accounts.views import BACKEND
from dispatch import catalogue
from gis import locator
from gis.gazetteer import NewPlace, write_places
from tests.city import A, build_city
from tests.journeys.browser import CHROMIUM, FLAGS, Visitor
from tests.journeys.profiles import Look, Motion, Profiles, clean_page
from tests.journeys.sockets import LastSeen, look_once
from tests.journeys.stack import Stack, environment_for, redis_of
from tests.kept import end_other_sessions

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
Visit = Callable[..., Visitor]
MOVING = {"test_live_queue", "test_queue_page", "test_queue_senses", "test_queue_team"}
"""Journeys of the queue, its drawer and its bell see all that moves, as most people do."""
PLACES = (
    NewPlace("秋涛路22号", "address", 119.6002, 29.9002, "云中区望江街道春晓社区", A),
    NewPlace("春晓小学", "poi", 119.6031, 29.9021, "云中区望江街道春晓社区", A),
)


@pytest.fixture(scope="session")
def stack(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> Iterator[Stack]:
    """The small city of tests/city.py in a test database of the worker's own, with processes."""
    folder = tmp_path_factory.mktemp("stack")
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False, aliases={"default": False})
        catalogue.refresh()
        locator.refresh()
        city = build_city()
        write_places(PLACES, source="test")
        tokens = {name: city.token(name, datetime.now(UTC)) for name in city.users}
        sessions = {name: _session_of(user) for name, user in city.users.items()}
        environment = environment_for(connection.settings_dict, folder / "static", folder / "data")
        environment["REDIS_URL"] = redis_of(worker_id)
    running = Stack(environment, folder, tokens=tokens, sessions=sessions)
    _collect_static(folder / "static")
    try:
        running.start("serve")
        running.start("relay")
        yield running
    finally:
        running.stop_all()
        with django_db_blocker.unblock():
            end_other_sessions()
            teardown_databases(databases, verbosity=0)


def _session_of(user: User) -> str:
    """The key of a new session, as the sign-in form makes it (test_signing_in.py uses the form)."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _collect_static(folder: Path) -> None:
    """Static files with hashed names, as a city serves them."""
    from django.test import override_settings

    storages = {"staticfiles": {"BACKEND": "ui.storage.ScreenStorage"}}
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a GPU and without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def profiles(browser: Browser) -> Iterator[Profiles]:
    """Whoever comes back finds the files that her browser has kept, and nothing else."""
    kept = Profiles(browser)
    yield kept
    kept.close()


@pytest.fixture(scope="session", autouse=True)
def last_seen(stack: Stack) -> LastSeen:
    """What a client saw whose network went when all journeys began (test_socket.py)."""
    return look_once(stack)


@pytest.fixture
def motion(request: pytest.FixtureRequest) -> Motion:
    """Most journeys ask for less motion: they read what stands still, and many windows are open."""
    return "no-preference" if request.path.stem in MOVING else "reduce"


@pytest.fixture
def visit(stack: Stack, profiles: Profiles, motion: Motion) -> Iterator[Visit]:
    """Opens windows: visit("leader1", 1440, 900); afterwards none may have complained."""
    windows: list[tuple[Look, Visitor]] = []

    def open_window(
        username: str | None = None, width: int = 1440, height: int = 900, locale: str = "zh-CN"
    ) -> Visitor:
        look = Look(username, width, height, locale, motion)
        profile = profiles.take(look)
        visitor = Visitor(clean_page(profile, stack.url), profile, stack)
        visitor.listen()
        windows.append((look, visitor))
        return visitor.enter_as(username) if username else visitor

    yield open_window
    complaints = [complaint for _, window in windows for complaint in window.unexpected()]
    for look, window in windows:
        profiles.give_back(look, window)
    assert complaints == []


@pytest.fixture(autouse=True)
def _running(stack: Stack) -> None:
    """Every journey finds the processes running."""
    for name in ("serve", "relay"):
        if name not in stack.processes:
            stack.start(name)
