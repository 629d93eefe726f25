"""A place: the folder that holds everything one demo or test run keeps (DEMO_DIR)."""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class PlaceTakenError(Exception):
    """Another run works in this folder; the message says which process."""


class PlaceClosedError(Exception):
    """The folder cannot be written; the message says why."""


@dataclass(frozen=True)
class Place:
    """One folder with its secrets, its ports and its lock."""

    folder: Path

    def open(self) -> None:
        """Make the folder. Raises PlaceClosedError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "log").mkdir(exist_ok=True)
        except OSError as error:
            raise PlaceClosedError(f"{self.folder} cannot be used: {error.strerror}") from error
        if not os.access(self.folder, os.W_OK):
            owner = self.folder.owner()
            raise PlaceClosedError(f"{self.folder} belongs to {owner}; run as {owner}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process. The lock vanishes with the process, however it ends.

        Raises PlaceTakenError.
        """
        with (self.folder / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise PlaceTakenError(file.read().strip()) from error
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "port": os.environ.get("PORT", "8000")}))
            file.flush()
            yield

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
        """The secret of that name, made on first use and kept in a file of mode 0600."""
        path = self.folder / "secrets" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists() or not path.read_text("utf-8"):
            write_private(path, make())
        return path.read_text("utf-8").strip()

    def port(self, name: str) -> int:
        """A free loopback port, the same as last time where it is still free."""
        path = self.folder / f"{name}.port"
        kept = path.read_text("utf-8") if path.exists() else ""
        port = int(kept) if kept.isdigit() and port_is_free(int(kept)) else _any_free_port()
        path.write_text(str(port), "utf-8")
        return port


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True when a server could listen on that port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
