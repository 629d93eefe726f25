"""A private PostgreSQL server with PostGIS: its own folder, its own port, its own password.

It listens on 127.0.0.1 only, without unix sockets (their paths overflow in deep folders).
PostgreSQL refuses to run as root, so root runs it as the owner of its folder, which is `nobody`
where we make it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg2
from psycopg2 import sql

from ops.binaries import Binaries, find
from ops.place import Place, write_private
from ops.processes import Service, bound_to_us

OWNER = "sanxian"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
LEFTOVER_SECONDS = 60


class ClusterError(Exception):
    """The private server cannot be made; the message says what PostgreSQL said."""


class Cluster:
    """The private server of one place; `durable=False` trades safety for speed, for tests only."""

    def __init__(self, place: Place, *, durable: bool) -> None:
        self.folder = place.folder / "postgresql"
        self.data = self.folder / "data"
        self.durable = durable
        self._password = place.secret("postgresql-password")
        self._port = place.port("postgresql")
        self._log = place.folder / "log" / "postgresql.log"
        version = self.data / "PG_VERSION"
        self.binaries: Binaries = find(int(version.read_text()) if version.exists() else None)

    def url(self, database: str = OWNER) -> str:
        """The DATABASE_URL of one database."""
        return f"postgres://{OWNER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def prepare(self) -> None:
        """Make the data folder if it is not there; end a server that an earlier run left behind."""
        if not self.data.exists():
            self._initialise()
        self._end_leftover()

    def service(self) -> Service:
        """How the supervisor runs the server."""
        settings = SETTINGS | {"port": str(self._port)} | ({} if self.durable else CARELESS)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Service(
            name="postgresql",
            command=(self.binaries.program("postgres"), "-D", str(self.data), *options),
            environment=os.environ | self.binaries.environment,
            log=self._log,
            alarming=r"\b(FATAL:  (?!terminating|the database system)|PANIC)",
            stop_signal=signal.SIGINT,
            stop_seconds=60,
            run_as=self._run_as(),
        )

    def answers(self) -> bool:
        """True when the server takes connections."""
        try:
            psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def create_database(self, name: str = OWNER) -> None:
        """Create the database unless it is there."""
        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not cursor.fetchone():
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        connection.close()

    def _initialise(self) -> None:
        """Make the data folder under another name first, so that it is whole or absent."""
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        password = self.folder / "password.new"
        write_private(password, self._password)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (self.folder, draft, password):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        options = ["-U", OWNER, "--pwfile", str(password), "-A", "scram-sha-256", "-E", "UTF8"]
        options += ["--locale=C.UTF-8"] + ([] if self.durable else ["--no-sync"])
        self._call("initdb", "-D", str(draft), *options)
        password.unlink()
        draft.rename(self.data)

    def _end_leftover(self) -> None:
        """End an earlier run's server; a process that only got its number is left alone."""
        note = self.data / "postmaster.pid"
        pid = int(note.read_text("utf-8").split("\n")[0] or 0) if note.exists() else 0
        place_of_work = Path(f"/proc/{pid}/cwd")
        if not pid or not place_of_work.parent.exists():
            return
        if not place_of_work.exists() or not place_of_work.samefile(self.data):
            note.unlink()
            return
        os.kill(pid, signal.SIGINT)
        end = time.monotonic() + LEFTOVER_SECONDS
        while place_of_work.exists() and time.monotonic() < end:
            time.sleep(0.05)

    def _call(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the folder's owner. Raises ClusterError."""
        prefix = bound_to_us(signal.SIGTERM, self._run_as())
        result = subprocess.run(
            [*prefix, self.binaries.program(program), *arguments],
            env=os.environ | self.binaries.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise ClusterError(f"{program}: {result.stderr.strip() or result.stdout.strip()}")

    def _run_as(self) -> tuple[str, ...]:
        """The options of setpriv: root becomes the folder's owner, others stay who they are."""
        if os.geteuid() != 0:
            return ()
        owner = self.folder.stat()
        person = (f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups")
        reach = ["setpriv", *person, "--", "test", "-x", self.binaries.program("postgres")]
        reach += ["-a", "-w", str(self.folder)]
        if subprocess.run(reach, check=False).returncode == 0:
            return person
        # A folder above is closed to others (a clone under /root): let it walk through. The
        # securebit makes access(2), by which initdb finds its programs, count that as well.
        caps = "-all,+dac_override"
        bits = "--securebits=+no_setuid_fixup"
        return (*person, bits, f"--inh-caps={caps}", f"--ambient-caps={caps}")
