"""What nobody needs any more is put away by the hour, and nothing else."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.actions import LOCK
from accounts.models import LoginFailure
from config.tasks import tidy_up
from dispatch.attachments.images import PART_LIFE

pytestmark = pytest.mark.django_db


def test_failed_sign_ins_go_when_they_lock_nobody_any_more() -> None:
    """The lock counts the last fifteen minutes; older rows only say who mistyped."""
    now = timezone.now()
    LoginFailure.objects.create(username="old", at=now - LOCK - timedelta(minutes=1))
    LoginFailure.objects.create(username="new", at=now - timedelta(minutes=1))

    tidy_up()

    assert list(LoginFailure.objects.values_list("username", flat=True)) == ["new"]


def test_an_upload_in_pieces_is_kept_for_a_week(tmp_path: Path, settings: Settings) -> None:
    """A phone without a network for six days still finds its half upload."""
    settings.DATA_DIR = str(tmp_path)
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for name, age in (("1-young", PART_LIFE / 2), ("1-stale", PART_LIFE * 2)):
        part = uploads / f"{name}.part"
        part.write_bytes(b"half")
        at = (timezone.now() - age).timestamp()
        os.utime(part, (at, at))

    assert tidy_up() == 1

    assert [part.name for part in uploads.iterdir()] == ["1-young.part"]
