"""A backup brings the same city back: rows, digests of the log, attachments."""

import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pytest
from django.db import connection

from ops.backup import BackupError, restore, save
from ops.binaries import PostgresMissingError, find

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = """SELECT string_agg(format('%s %s', relname, (xpath('/row/n/text()', query_to_xml(
    format('SELECT count(*) AS n FROM %I', relname), false, true, '')))[1]), ',' ORDER BY relname)
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""


def url(database: str) -> str:
    """The address of a database on the server of the tests."""
    s = connection.settings_dict
    who = f"{quote(s['USER'])}:{quote(s['PASSWORD'])}"
    return f"postgres://{who}@{s['HOST']}:{s['PORT']}/{database}"


def ask(database: str, query: str) -> object:
    """The first value of a query, outside Django."""
    with closing(psycopg2.connect(url(database))) as other, other, other.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


@pytest.fixture
def empty() -> Iterator[str]:
    """A new, empty database."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A saved archive of the database of the tests and one attachment."""
    try:
        find()
    except PostgresMissingError:
        pytest.skip("no pg_dump on this machine")
    (tmp_path / "files" / "ab").mkdir(parents=True)
    (tmp_path / "files" / "ab" / "photo.jpg").write_bytes(b"a photo")
    path = tmp_path / "backup" / "sanxian.tar"
    save(url(connection.settings_dict["NAME"]), tmp_path / "files", path)
    return path


def test_what_was_saved_comes_back_row_by_row(archive: Path, empty: str, tmp_path: Path) -> None:
    restore(url(empty), tmp_path / "other", archive, replace=False)

    assert ask(empty, COUNT) == ask(connection.settings_dict["NAME"], COUNT)
    assert (tmp_path / "other" / "ab" / "photo.jpg").read_bytes() == b"a photo"


def test_a_database_that_holds_a_city_is_only_replaced_when_told_so(
    archive: Path, empty: str, tmp_path: Path
) -> None:
    restore(url(empty), tmp_path / "other", archive, replace=False)
    ask(empty, "CREATE TABLE only_here (x int)")

    with pytest.raises(BackupError, match="REPLACE=1"):
        restore(url(empty), tmp_path / "other", archive, replace=False)
    assert ask(empty, "SELECT to_regclass('only_here')") == "only_here"

    restore(url(empty), tmp_path / "other", archive, replace=True)
    assert ask(empty, "SELECT to_regclass('only_here')") is None


def test_an_archive_is_readable_by_its_owner_only_and_holds_no_key(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        names = tar.getnames()

    assert archive.stat().st_mode & 0o077 == 0
    assert {name.split("/")[0] for name in names} == {"database.dump", "attachments"}


def test_a_failed_backup_leaves_no_archive(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="pg_dump"):
        save(url("there_is_no_such_database"), tmp_path / "files", tmp_path / "x.tar")

    assert list(tmp_path.iterdir()) == []
