"""`manage.py load_service_items`: the service hall's items (政务服务事项) from a CSV file."""

import csv
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import CharField

from affairs.models import ServiceItem

FIELDS = {"code": "item_code", "name": "name", "department": "department", "kind_code": "kind"}
"""Our field: the column that it is read from unless an option says otherwise."""
NEEDED = ("code", "name")
SHOWN = 20
LONGEST = {
    field.name: field.max_length or 0
    for field in ServiceItem._meta.fields
    if isinstance(field, CharField)
}


class ItemError(Exception):
    """A row cannot be a service item; `code` is the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many items were new, changed or as they were."""

    added: int
    changed: int
    unchanged: int


class Command(BaseCommand):
    """A second run changes nothing; items that the file does not name stay."""

    help = "Load service items from CSV: new ones are added, known codes are brought up to date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and its columns."""
        parser.add_argument("file", type=Path)
        for field, column in FIELDS.items():
            option = f"--{field.replace('_', '-')}-field"
            parser.add_argument(option, default=column, help=f"column of the {field}")
        parser.add_argument("--encoding", default="utf-8-sig", help="or gb18030")

    def handle(self, *_: object, **options: Any) -> None:
        """Load; print what was taken and what was refused, and why."""
        columns = {field: options[f"{field}_field"] for field in FIELDS}
        items: dict[str, ServiceItem] = {}
        refused: list[tuple[int, ItemError]] = []
        for number, row in enumerate(rows(options["file"], columns, options["encoding"]), 1):
            try:
                item = item_of(row)
                keep(items, item)
            except ItemError as error:
                refused.append((number, error))
        if not items and not refused:
            raise CommandError(f"{options['file']}: there are no rows below the header")
        loaded = write_items(list(items.values()))
        self.stdout.write(
            f"added {loaded.added:,}, changed {loaded.changed:,},"
            f" unchanged {loaded.unchanged:,}, refused {len(refused):,}"
        )
        self._say_refused(refused)

    def _say_refused(self, refused: Sequence[tuple[int, ItemError]]) -> None:
        for code, count in Counter(error.code for _, error in refused).most_common():
            self.stdout.write(f"  {code} {count:,}")
        for number, error in refused[:SHOWN]:
            self.stdout.write(f"  row {number}: {error}")
        if len(refused) > SHOWN:
            self.stdout.write(f"  and {len(refused) - SHOWN:,} more")


def rows(file: Path, columns: dict[str, str], encoding: str) -> Iterator[dict[str, str]]:
    """Each row as {our field: text}. Raises CommandError for a file that cannot be read."""
    try:
        with file.open(encoding=encoding, newline="") as text:
            reader = csv.DictReader(text)
            there = reader.fieldnames or []
            wanted = {f: c for f, c in columns.items() if c in there or f in NEEDED}
            missing = [column for column in wanted.values() if column not in there]
            if missing:
                raise CommandError(
                    f"{file}: no column {', '.join(map(repr, missing))};"
                    f" its columns are: {', '.join(there) or 'none, the file is empty'}"
                    " (say --code-field, --name-field)"
                )
            for row in reader:
                yield {field: (row[column] or "").strip() for field, column in wanted.items()}
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    except (UnicodeDecodeError, LookupError) as error:
        raise CommandError(f"{file}: not {encoding}; say --encoding gb18030") from error
    except csv.Error as error:
        raise CommandError(f"{file}: {error}") from error


def item_of(row: dict[str, str]) -> ServiceItem:
    """The item of a row. Raises ItemError."""
    for field, text in row.items():
        longest = LONGEST[field]
        if not text and field in NEEDED:
            raise ItemError("REQUIRED", f"the {field} is empty")
        if len(text) > longest:
            raise ItemError("TOO_LONG", f"the {field} has {len(text)} letters, {longest} at most")
        if "\x00" in text:
            raise ItemError("BAD_CHARACTER", f"the {field} holds a NUL")
    return ServiceItem(**row)


def keep(items: dict[str, ServiceItem], item: ServiceItem) -> None:
    """Add an item to those of the file. Raises ItemError where its code means something else."""
    first = items.setdefault(item.code, item)
    if content(first) != content(item):
        raise ItemError("CODE_TWICE", f"code {item.code} stands above with another content")


def content(item: ServiceItem) -> tuple[str, ...]:
    """What a second run compares."""
    return item.name, item.department, item.kind_code


@transaction.atomic
def write_items(items: Sequence[ServiceItem]) -> Loaded:
    """Add and bring up to date by code."""
    held = ServiceItem.objects.select_for_update().in_bulk(
        [item.code for item in items], field_name="code"
    )
    new = [item for item in items if item.code not in held]
    changed = [
        item for item in items if item.code in held and content(held[item.code]) != content(item)
    ]
    ServiceItem.objects.bulk_create(
        [*new, *changed],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "department", "kind_code"],
        batch_size=1000,
    )
    return Loaded(len(new), len(changed), len(items) - len(new) - len(changed))
