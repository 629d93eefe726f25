"""`make backup` and `make restore`: the database and the attachments in one archive.

save            writes BACKUP_DIR/sanxian-<time>.tar with `database.dump` and `attachments/`
restore FILE    brings both back; a database that holds a city is only replaced with REPLACE=1

Works on DATABASE_URL and DATA_DIR, or else on the demo in DEMO_DIR (for restore it must not run).
The keys (SECRET_KEY, PII_KEY) are not in the archive, on purpose: without PII_KEY the personal data
in it stays unreadable, so keep a copy of that key somewhere else.
"""

import io
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath

import psycopg2

from ops.binaries import find
from ops.instance import CANNOT_START, base_environment, start_servers, stop_calmly, stop_on_signals
from ops.place import Place, PlaceTakenError
from ops.processes import Supervisor
from ops.steps import Steps, say

DUMP = "database.dump"
FILES = "attachments"


class BackupError(Exception):
    """Nothing was saved or restored; the message says why."""


def save(url: str, files: Path, archive: Path) -> None:
    """Write the database of `url` and the folder of files into a new archive, whole or not."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        dump = Path(folder) / DUMP
        _postgresql("pg_dump", "--format=custom", "--no-owner", f"--file={dump}", url)
        draft = Path(folder) / archive.name
        with tarfile.open(draft, "w") as tar:
            tar.add(dump, DUMP)
            if files.exists():
                tar.add(files, FILES)
        draft.chmod(0o600)
        draft.replace(archive)


def restore(url: str, files: Path, archive: Path, *, replace: bool) -> None:
    """Bring an archive back. Raises BackupError, also rather than lose a city without `replace`."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        try:
            _unpack(archive, Path(folder))
        except (OSError, tarfile.TarError) as error:
            raise BackupError(f"{archive} cannot be read: {error}") from error
        _make_room(url, replace=replace)
        dump = Path(folder) / DUMP
        _postgresql("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", str(dump))
        saved = Path(folder) / FILES
        for path in saved.rglob("*") if saved.exists() else ():
            if path.is_file():
                target = files / path.relative_to(saved)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the files that `save` writes; a name that leads elsewhere is refused."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts
            if member.isdir():
                continue
            if not member.isfile() or ".." in parts or parts[0] not in {DUMP, FILES}:
                raise BackupError(f"{archive} holds {member.name}, which no backup has")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with tar.extractfile(member) or io.BytesIO() as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)


def _make_room(url: str, *, replace: bool) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations')")
        (taken,) = cursor.fetchone() or (None,)
        if taken and not replace:
            raise BackupError("the database holds a city; REPLACE=1 make restore replaces it")
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def _postgresql(program: str, *arguments: str) -> None:
    binaries = find()
    result = subprocess.run(
        [binaries.program(program), *arguments],
        env=os.environ | binaries.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BackupError(f"{program}: {result.stderr.strip()[-2000:]}")


@contextmanager
def _database(place: Place, *, exclusive: bool) -> Iterator[str]:
    """The DATABASE_URL to work on; the demo's server is started when it does not run."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    place.open()
    supervisor = Supervisor(say)
    try:
        with place.locked():
            try:
                yield start_servers(place, supervisor, Steps(4, 2), durable=True)["DATABASE_URL"]
            finally:
                stop_calmly(supervisor)
    except PlaceTakenError as error:
        if exclusive:
            raise BackupError("the demo is running: stop it first") from error
        kept = (place.folder / "environment.sh").read_text("utf-8").splitlines()
        urls = [line for line in kept if line.startswith("export DATABASE_URL=")]
        yield shlex.split(urls[0])[1].partition("=")[2]


def main(words: list[str]) -> int:
    """Save or restore; return the exit code."""
    stop_on_signals()
    place = Place(Path(os.environ.get("DEMO_DIR") or "var/demo").resolve())
    folder = Path(os.environ.get("BACKUP_DIR") or "var/backup").resolve()
    try:
        with _database(place, exclusive=words[:1] != ["save"]) as url:
            files = Path(base_environment(place)["DATA_DIR"]) / FILES
            if words[:1] == ["save"]:
                archive = folder / time.strftime("sanxian-%Y%m%d-%H%M%S.tar")
                save(url, files, archive)
                say(f"Saved {archive} ({archive.stat().st_size / 1e6:.1f} MB)")
            else:
                archive = Path(words[-1]).resolve()
                restore(url, files, archive, replace=os.environ.get("REPLACE") == "1")
                say(f"Restored {archive}. Check the log with: manage.py verify_log")
    except (BackupError, *CANNOT_START) as error:
        say(f"Nothing was done. {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
