"""The stage: a private city with all its processes under a supervisor, made to be killed."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from psycopg2 import sql

from ops.broker import Broker
from ops.cluster import OWNER, Cluster
from ops.instance import StartError, base_environment
from ops.place import Place
from ops.processes import Running, Service, Supervisor

WEBS = ("web-1", "web-2")
PAIRED = "web-2"
"""Runs two processes on its port."""
RELAYS = ("relay-1", "relay-2")
PATIENCE_S = 60.0


class Keeper(Supervisor):
    """A supervisor for a run that kills much more often than a city dies: its pauses never grow."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(say)
        self._held: dict[str, float] = {}

    def hold(self, name: str, seconds: float) -> None:
        """Leave a process dead for so long once it has died."""
        self._held[name] = time.monotonic() + seconds

    def _look_after(self, running: Running) -> None:
        running.failures = 0
        if time.monotonic() >= self._held.get(running.service.name, 0.0):
            super()._look_after(running)


@dataclass
class Stage:
    """Where everything is: the folder, the servers, the processes."""

    place: Place
    cluster: Cluster
    broker: Broker
    keeper: Keeper
    ports: dict[str, int] = field(default_factory=dict)

    def connect(self) -> "psycopg2.extensions.connection":
        """A connection to the city's database that is told apart from the city's own."""
        return psycopg2.connect(
            self.cluster.url(), connect_timeout=2, application_name="faults", client_encoding="utf8"
        )


def set_up(folder: Path) -> Stage:
    """A private cluster, broker and ports in a folder, nothing running yet."""
    place = Place(folder.resolve())
    place.open()
    log = (place.folder / "log" / "supervisor.log").open("a", encoding="utf-8", buffering=1)
    keeper = Keeper(lambda words: print(f"{time.time():.2f} {words}", file=log))
    stage = Stage(place, Cluster(place, durable=True), Broker(place), keeper)
    stage.ports = {name: place.port(name) for name in WEBS}
    return stage


def start_servers(stage: Stage) -> None:
    """Start PostgreSQL and Valkey, make the database anew, empty."""
    stage.cluster.prepare()
    stage.keeper.start(stage.cluster.service())
    stage.keeper.start(stage.broker.service())
    if not stage.keeper.wait(
        lambda: stage.cluster.answers() and stage.broker.answers(), PATIENCE_S
    ):
        raise StartError(f"PostgreSQL or Valkey did not start; see {stage.place.folder}/log")
    _fresh_database(stage)


def start_processes(stage: Stage) -> None:
    """Start the processes of the Procfile: two webs and two relays of them."""
    for service in _services(stage, environment(stage)):
        stage.keeper.start(service)


def environment(stage: Stage) -> dict[str, str]:
    """The settings of the city's processes."""
    ours = {"DATABASE_URL": stage.cluster.url(), "REDIS_URL": stage.broker.url()}
    kept = base_environment(stage.place)
    for name in ("DATABASE_URL_FILE", "REDIS_URL_FILE"):
        kept.pop(name, None)
    folder = stage.place.folder
    fixed = {"DATA_DIR": str(folder / "data"), "STATIC_ROOT": str(folder / "static")}
    return {**kept, **ours, **fixed, "ALLOWED_HOSTS": "127.0.0.1", "HTTPS": "0"}


def _fresh_database(stage: Stage) -> None:
    connection = psycopg2.connect(stage.cluster.url("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(OWNER)))
    connection.close()
    stage.cluster.create_database()


def _services(stage: Stage, settings: Mapping[str, str]) -> list[Service]:
    processes = {name: "2" if name == PAIRED else "1" for name in WEBS}
    commands = {
        name: ("serve", "--port", str(stage.ports[name]), "--processes", processes[name])
        for name in WEBS
    }
    others = {"relay-1": ("relay",), "relay-2": ("relay",), "worker": ("worker",)}
    return [
        Service(
            name=name,
            command=(sys.executable, "manage.py", *words),
            environment=settings,
            log=stage.place.folder / "log" / f"{name}.log",
        )
        for name, words in {**commands, **others, "beat": ("beat",)}.items()
    ]
