"""What a run needs around it: settings, and the servers that nobody else provides."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.binaries import PostgresMissingError
from ops.broker import Broker, BrokerMissingError
from ops.cluster import Cluster, ClusterError
from ops.place import Place, PlaceClosedError
from ops.processes import ROOT, Supervisor, run
from ops.steps import Steps

PATIENCE_SECONDS = 90
SHOWN_LINES = 25


class StartError(Exception):
    """A server did not come up or a step failed; the message says which and where its log is."""


CANNOT_START = (
    BrokerMissingError,
    ClusterError,
    PlaceClosedError,
    PostgresMissingError,
    StartError,
)


def base_environment(place: Place) -> dict[str, str]:
    """Our environment, completed with the settings that every run needs (docs/settings.md)."""
    kept = {
        "DATA_DIR": str(place.folder / "data"),
        "STATIC_ROOT": str(place.folder / "static"),
        "SECRET_KEY": place.secret("secret-key"),
        "PII_KEY": place.secret("pii-key"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    ours = {n: v for n, v in kept.items() if not _given(n)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, **ours, "PATH": path, "PYTHONUNBUFFERED": "1"}


def start_servers(
    place: Place, supervisor: Supervisor, steps: Steps, *, durable: bool
) -> dict[str, str]:
    """Start what DATABASE_URL and REDIS_URL do not already name; return these two settings.

    Raises StartError.
    """
    settings = {}
    if _given("DATABASE_URL"):
        with steps.step("PostgreSQL: the one of DATABASE_URL"):
            pass
    else:
        with steps.step(f"PostgreSQL: a private server in {shown(place.folder)}"):
            settings["DATABASE_URL"] = _start_cluster(place, supervisor, durable=durable)
    if _given("REDIS_URL"):
        with steps.step("Redis: the one of REDIS_URL"):
            pass
    else:
        with steps.step("Valkey (Redis): a private server"):
            settings["REDIS_URL"] = _start_broker(place, supervisor)
    return settings


def manage(environment: Mapping[str, str], *words: str, log: Path | None = None) -> None:
    """Run one command of manage.py; into a log, or else on the screen. Raises StartError."""
    code = run([sys.executable, "manage.py", *words], environment, log)
    if code:
        lines = log.read_text("utf-8", "replace").splitlines()[-SHOWN_LINES:] if log else []
        told = "\n".join(["", *lines, f"The whole log: {log}"] if log else [])
        raise StartError(f"manage.py {' '.join(words)} ended with {code}{told}")


def shown(path: Path) -> str:
    """A path as short as it can be told to a person in this folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def stop_on_signals() -> None:
    """Let SIGTERM and SIGHUP (unless run by nohup) unwind like Ctrl-C: all is stopped in order."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def stop_calmly(supervisor: Supervisor) -> None:
    """Stop everything; an impatient second Ctrl-C does not leave half of it behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    supervisor.stop()


def _given(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def _start_cluster(place: Place, supervisor: Supervisor, *, durable: bool) -> str:
    cluster = Cluster(place, durable=durable)
    cluster.prepare()
    supervisor.start(cluster.service())
    if not supervisor.wait(cluster.answers, PATIENCE_SECONDS):
        raise StartError(f"PostgreSQL did not start; see {place.folder}/log/postgresql.log")
    cluster.create_database()
    return cluster.url()


def _start_broker(place: Place, supervisor: Supervisor) -> str:
    broker = Broker(place)
    supervisor.start(broker.service())
    if not supervisor.wait(broker.answers, PATIENCE_SECONDS):
        raise StartError(f"Valkey did not start; see {place.folder}/log/valkey.log")
    return broker.url()
