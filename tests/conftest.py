"""Fixtures that every test may use."""

from pathlib import Path
from unittest import mock

import pytest
from pytest_django import Settings

from dispatch import catalogue, seeding
from dispatch.board.current import board
from gis import locator
from tests.city import City, build_city


@pytest.fixture(autouse=True)
def _fast_and_clean(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def city(db: None) -> City:
    """The small city, in the test's transaction."""
    return _built()


@pytest.fixture
def real_city(transactional_db: None) -> City:
    """The small city, committed: for threads, relay and sockets."""
    return _built()


def _built() -> City:
    catalogue.refresh()
    locator.refresh()
    board.forget()
    with mock.patch.object(seeding, "FIRST_YEAR", 2025):
        return build_city()
