"""Fixtures that every test may use."""

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from django.db import transaction
from django.test import TransactionTestCase, override_settings
from hypothesis import settings as examples
from pytest_django import DjangoDbBlocker, Settings

from dispatch import catalogue
from dispatch.board.current import board
from gis import locator
from tests.city import City
from tests.kept import KeptCity, empty_tables, end_other_sessions, keep_city
from tests.template import copy_from_template

LONGEST = (
    *("test_faults", "test_demo", "test_demo_day", "test_queue_exports", "test_outsiders"),
    *("test_real_data", "test_board", "test_powers", "test_wall_numbers", "test_wall_panels"),
)
"""Files that take long begin first, so that no worker of pytest-xdist goes on alone at the end."""
examples.register_profile("at any speed", deadline=None)
examples.load_profile("at any speed")
FAST_HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; all others keep their places."""
    place = {name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(autouse=True)
def _fast_and_clean(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = [FAST_HASHER]
    settings.WHITENOISE_AUTOREFRESH = True  # else each new Client reads 700 static files first
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Each worker of pytest-xdist has a database of its own, copied where that is possible."""
    copy_from_template()


@pytest.fixture(scope="session")
def kept_city(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[KeptCity]:
    """The small city, built once for all tests of a worker; the last to leave its database."""
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=[FAST_HASHER]):
        kept = keep_city()
    yield kept
    with django_db_blocker.unblock():
        end_other_sessions()


@pytest.fixture(scope="session", autouse=True)
def _empty_quickly() -> Iterator[None]:
    """How tests that commit leave the tables."""
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", empty_tables):
        yield


@pytest.fixture
def city(db: None, kept_city: KeptCity) -> City:
    """The small city, in the test's transaction."""
    return _laid_down(kept_city)


@pytest.fixture
def real_city(transactional_db: None, kept_city: KeptCity) -> City:
    """The small city, committed: for threads, relay and sockets."""
    return _laid_down(kept_city)


@pytest.fixture(scope="module")
def city_of_module(kept_city: KeptCity, django_db_blocker: DjangoDbBlocker) -> Iterator[City]:
    """The small city for all tests of a module, with what its fixtures add; each test is undone.

    A test of such a module needs `django_db` and takes no other city.
    """
    with django_db_blocker.unblock():
        with transaction.atomic():
            yield _laid_down(kept_city)
            transaction.set_rollback(True)
        catalogue.refresh()
        locator.refresh()


def _laid_down(kept: KeptCity) -> City:
    city = kept.lay_down()
    catalogue.refresh()
    locator.refresh()
    board.forget()
    return city
