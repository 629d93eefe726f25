"""`manage.py replay`: feeds the records of another system through the door of live traffic."""

import sys
import time
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from config.replay.errors import ReplayError
from config.replay.journal import Journal, identity_of
from config.replay.mapping import RowMapping, read_mapping
from config.replay.rows import RowReader
from config.replay.running import Pace, Replay
from config.replay.screen import ProgressLine, summary
from config.replay.tables import open_table
from dispatch import bulk
from dispatch.models import Line

DEFAULT_RATE = 20.0


class Command(BaseCommand):
    """One file, one mapping; see docs/replay.md."""

    help = "Replay CSV, CSV.gz or Parquet records of other systems (docs/replay.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, how to read it, how fast, and which rows."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--map", type=Path, required=True, help="the mapping (TOML)")
        parser.add_argument("--line", choices=[name.lower() for name in Line.values], default="")
        speed = parser.add_mutually_exclusive_group()
        speed.add_argument("--rate", type=float, default=DEFAULT_RATE, help="rows a second")
        speed.add_argument("--as-fast-as-possible", action="store_true")
        parser.add_argument("--shift-to-now", action="store_true",
                            help="move all times so that the last row was opened now")  # fmt: skip
        parser.add_argument("--with-outcome", action="store_true",
                            help="close what the file says was closed")  # fmt: skip
        parser.add_argument("--limit", type=int, help="end after this many rows of the file")
        parser.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE",
                            help="only rows with this value; may be given again")  # fmt: skip

    def handle(self, *_: object, **options: Any) -> None:
        """Replay; what is wrong with file, mapping or options ends in one clear sentence."""
        if options["rate"] <= 0 or (options["limit"] is not None and options["limit"] < 1):
            raise CommandError("--rate and --limit must be more than 0")
        try:
            self._replay(options)
        except ReplayError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("stopped; run the same command again to go on") from error

    def _replay(self, options: dict[str, Any]) -> None:
        mapping = read_mapping(options["map"])
        table = open_table(options["file"], encoding=mapping.encoding, delimiter=mapping.delimiter)
        reader = RowReader(
            mapping,
            table.columns,
            line=options["line"].upper(),
            where=conditions(options["where"]),
            with_outcome=options["with_outcome"],
            now=timezone.now(),
        )
        if options["with_outcome"] and not mapping.closed:
            raise ReplayError(f"{mapping.path}: --with-outcome needs closed under [outcome]")
        journal = journal_of(options, mapping)
        line = ProgressLine(sys.stderr)
        replay = Replay(table, reader, journal, line=line, clock=timezone.now)
        with journal.held():
            if self._goes_on(journal, reader):
                return
            if options["shift_to_now"]:
                shift(replay)
            self._run(replay, options)

    def _goes_on(self, journal: Journal, reader: RowReader) -> bool:
        """Take up an earlier run; True where it had come to its end."""
        if not journal.load():
            return False
        if journal.last_key and not bulk.first_receipts([(reader.system, journal.last_key)]):
            self.stdout.write("an earlier run was into another database: starting anew")
            journal.start_anew()
            return False
        if journal.is_finished:
            self.stdout.write(
                f"this file was replayed to its end; delete {journal.path} to read it again"
                " (what is known is never doubled)"
            )
            return True
        self.stdout.write(f"going on after row {journal.done:,}")
        return False

    def _run(self, replay: Replay, options: dict[str, Any]) -> None:
        rate = 0.0 if options["as_fast_as_possible"] else options["rate"]
        started = time.monotonic()
        replay.run(Pace(rate, options["limit"]))
        table = summary(
            replay.journal,
            with_outcome=options["with_outcome"],
            rows_now=replay.rows_now,
            seconds_now=time.monotonic() - started,
        )
        self.stdout.write(table)


def conditions(where: list[str]) -> dict[str, str]:
    """{column: value} of COLUMN=VALUE. Raises ReplayError."""
    pairs = [text.partition("=") for text in where]
    for column, equals, _value in pairs:
        if not column or not equals:
            raise ReplayError(f"--where {column!r}: write COLUMN=VALUE")
    return {column: value for column, _equals, value in pairs}


def journal_of(options: dict[str, Any], mapping: RowMapping) -> Journal:
    """The journal of this file, mapping, choice of rows and database."""
    database = connection.settings_dict
    chosen = ("line", "where", "shift_to_now", "with_outcome")
    identity = identity_of(
        options["file"],
        mapping.path.read_text("utf-8"),
        *(str(database[name]) for name in ("HOST", "PORT", "NAME")),
        *(str(options[name]) for name in chosen),
    )
    return Journal(settings.DATA_DIR / "replay", options["file"].name, identity)


def shift(replay: Replay) -> None:
    """Move all times by one amount, the same after an interruption."""
    journal = replay.journal
    if journal.shift_seconds is None:
        latest = replay.last_opened()
        journal.shift_seconds = (replay.clock() - latest).total_seconds()
    replay.reader.shift = timedelta(seconds=journal.shift_seconds)
