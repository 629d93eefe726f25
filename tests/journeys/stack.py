"""The real stack for the journeys: web process and relay as the city runs them, on a free port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ops.processes import bound_to_us

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 120.0
STOP_WITHIN_S = 15.0
DATABASES_OF_REDIS = 16


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Stack:
    """Processes of one city, their address and the tokens of its people."""

    environment: dict[str, str]
    log_dir: Path
    port: int = field(default_factory=free_port)
    tokens: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the city answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        """Start `serve` or `relay`, never to outlive us; the web process is awaited."""
        command = [*bound_to_us(signal.SIGKILL), sys.executable, "manage.py", name]
        if name == "serve":
            command += ["--port", str(self.port)]
        with (self.log_dir / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        if name == "serve":
            self._wait_until_ready()

    def stop(self, name: str) -> None:
        """End a process that start() began."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self) -> None:
        """End them all."""
        for name in list(self.processes):
            self.stop(name)

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):  # noqa: S310
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError((self.log_dir / "serve.log").read_text("utf-8")[-3000:])

    def call(self, username: str, method: str, path: str, body: object = None) -> Any:
        """One call of the JSON API as one of the people; raises on anything but 2xx."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {self.tokens[username]}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code} {error.read().decode()}") from error

    def log_call(self, username: str = "operator1", **changes: object) -> dict[str, Any]:
        """Log a call about litter in district A, unless the changes say otherwise."""
        body = {
            "kind": "COMPLAINT",
            "title": "垃圾散落一地",
            "content": "春晓社区门口垃圾散落，要求清理",
            "category": "E0104",
            "caller": {"phone": "13800138000", "name": "王小明"},
            "location": {"lon": 119.6001, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 8},
            **changes,
        }
        receipt: dict[str, Any] = self.call(username, "POST", "hotline/tickets", body)
        return receipt

    def move(self, username: str, case_no: str, move: str, **fields: object) -> dict[str, Any]:
        """Make a move on a case at the version it has now."""
        seen = self.call(username, "GET", f"cases/{case_no}")
        body = {"move": move, "version": seen["version"], **fields}
        answer: dict[str, Any] = self.call(username, "POST", f"cases/{case_no}/moves", body)
        return answer


def environment_for(database: dict[str, Any], static_root: Path, data_dir: Path) -> dict[str, str]:
    """The environment of the processes: this one's, pointed at the test database."""
    host, port = database["HOST"], database["PORT"]
    login = f"{database['USER']}:{database['PASSWORD']}"
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://{login}@{host}:{port}/{database['NAME']}",
        "STATIC_ROOT": str(static_root),
        "DATA_DIR": str(data_dir),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DEMO": "1",
        "DEBUG": "0",
    }


def redis_of(worker: str) -> str:
    """The REDIS_URL of a worker of pytest-xdist: database 1, 2, ... beside the run's own."""
    parts = urlsplit(os.environ["REDIS_URL"])
    own = int(parts.path.strip("/") or 0)
    beside = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    return urlunsplit(parts._replace(path=f"/{(own + beside) % DATABASES_OF_REDIS}"))
