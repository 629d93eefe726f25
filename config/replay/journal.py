"""What a replay remembers: how far it came, what it counted, which rows were refused and why."""

import csv
import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from config.replay.errors import ReplayError
from dispatch.voices import IntakeError, Receipt

REFUSED_HEADER = ("row", "id", "code", "field", "message")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
CHUNK = 1 << 20


@dataclass(slots=True)
class Counts:
    """What became of the rows."""

    rows: int = 0
    cases: int = 0
    joined: int = 0
    known: int = 0
    with_candidate: int = 0
    closed: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """As the checkpoint keeps it."""
        kept = {one.name: getattr(self, one.name) for one in fields(self)}
        return kept | {"refused": dict(self.refused)}

    def add(self, answer: Receipt | IntakeError) -> None:
        """Count one answer of the door."""
        self.rows += 1
        if isinstance(answer, IntakeError):
            self.refused[answer.code] += 1
        elif not answer.is_first:
            self.known += 1
        elif answer.body.get("created"):
            self.cases += 1
            self.with_candidate += bool(answer.body["duplicates"])
        else:
            self.joined += 1


class Journal:
    """The checkpoint and the list of refused rows of one file, mapping, choice of rows and
    database; both lie under DATA_DIR/replay/.

    A run that was killed is taken up at the last checkpoint. Rows after it that had been taken in
    are known by their natural keys, so nothing is doubled.
    """

    def __init__(self, folder: Path, name: str, identity: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}-{identity}.json"
        self.refused_path = folder / f"{name}-{identity}.refused.csv"
        self.start_anew()

    def start_anew(self) -> None:
        """Know nothing of an earlier run."""
        self.done = 0
        self.last_key = ""
        self.shift_seconds: float | None = None
        self.is_finished = False
        self.counts = Counts()
        self._refused_bytes = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs of the same replay out meanwhile. Raises ReplayError."""
        with self.path.with_suffix(".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ReplayError(
                    "the same replay is running in another process; wait for it or stop it"
                ) from error
            yield

    def load(self) -> bool:
        """Take up what an earlier run left; False where there is nothing that can be read."""
        try:
            kept = json.loads(self.path.read_text("utf-8"))
            counts = Counts(**{**kept["counts"], "refused": Counter(kept["counts"]["refused"])})
            self.done, self.last_key = kept["done"], kept["last_key"]
            self.shift_seconds, self.is_finished = kept["shift_seconds"], kept["is_finished"]
            self._refused_bytes = kept["refused_bytes"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return False
        self.counts = counts
        return True

    def save(self) -> None:
        """Write the checkpoint; it is whole or the old one."""
        content = {
            "done": self.done,
            "last_key": self.last_key,
            "shift_seconds": self.shift_seconds,
            "is_finished": self.is_finished,
            "refused_bytes": self._refused_bytes,
            "counts": self.counts.as_dict(),
        }
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(content), "utf-8")
        draft.replace(self.path)

    def refuse(self, refused: Sequence[tuple[int, str, IntakeError]]) -> None:
        """Add refused rows to their list; what stands after the checkpoint is written over."""
        if not refused:
            return
        with self.refused_path.open("r+" if self.refused_path.exists() else "w+", newline="",
                                    encoding="utf-8") as file:  # fmt: skip
            file.seek(self._refused_bytes)
            file.truncate()
            writer = csv.writer(file)
            if not self._refused_bytes:
                writer.writerow(REFUSED_HEADER)
            for number, key, error in refused:
                for path, reasons in error.fields.items():
                    row = (number, key, error.code, path, " ".join(reasons))
                    writer.writerow([harmless(cell) for cell in row])
            file.flush()
            os.fsync(file.fileno())
            self._refused_bytes = file.tell()


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a quote stands before what looks like one."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def identity_of(path: Path, *parts: str) -> str:
    """What tells one replay from another: the bytes of the file and what it is replayed as."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    for part in parts:
        digest.update(f"\n{len(part)}:{part}".encode())
    return digest.hexdigest()[:16]
