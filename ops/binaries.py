"""Finds a PostgreSQL server with PostGIS: the machine's own, or the one unpacked under var/debian.

Only the standard library, because ops/up.sh asks before the virtual environment exists.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ROOT / "var" / "debian"
OLDEST_MAJOR = 14


class PostgresMissingError(Exception):
    """No PostgreSQL with PostGIS of the wanted version is here."""


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL version, and the environment they need."""

    folder: Path
    major: int
    environment: dict[str, str] = field(default_factory=dict)

    def program(self, name: str) -> str:
        """The path of initdb, postgres, pg_dump, ..."""
        return str(self.folder / name)


def find(major: int | None = None) -> Binaries:
    """The newest PostgreSQL with PostGIS (or that major version); the machine's own first.

    Raises PostgresMissingError.
    """
    for root in (Path("/"), PRIVATE):
        for found in sorted(_versions(root), reverse=True):
            if found >= OLDEST_MAJOR and major in (None, found):
                environment = {} if root == Path("/") else _private_environment()
                return Binaries(root / f"usr/lib/postgresql/{found}/bin", found, environment)
    wanted = f"PostgreSQL {major}" if major else "PostgreSQL"
    raise PostgresMissingError(f"{wanted} with PostGIS is not installed")


def _versions(root: Path) -> list[int]:
    controls = root.glob("usr/share/postgresql/*/extension/postgis.control")
    majors = [int(control.parent.parent.name) for control in controls]
    return [m for m in majors if (root / f"usr/lib/postgresql/{m}/bin/postgres").exists()]


def _private_environment() -> dict[str, str]:
    lib = "*-linux-gnu*"
    patterns = (f"usr/lib/{lib}", f"lib/{lib}", f"usr/lib/{lib}/blas", f"usr/lib/{lib}/lapack")
    folders = [path for pattern in patterns for path in PRIVATE.glob(pattern)]
    return {
        "LD_LIBRARY_PATH": ":".join(map(str, folders)),
        "PROJ_LIB": str(PRIVATE / "usr/share/proj"),
    }


if __name__ == "__main__":
    try:
        print(find().folder)
    except PostgresMissingError as error:
        sys.exit(str(error))
