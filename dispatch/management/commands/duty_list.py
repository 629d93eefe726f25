"""manage.py duty_list: import, export, dry run and publication of a duty list."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from dispatch.actions.duties import duty_lists
from dispatch.actions.duties.duty_lists import RefusedRowsError
from dispatch.actions.errors import MoveError
from dispatch.duties import presenting, replaying
from dispatch.duties.items import csv_of, refused_csv, rows_of
from dispatch.models import DutyList


class Command(BaseCommand):
    """Works on one duty list; writing is done as a person of the city, who is kept with it."""

    help = "Imports, exports, dry-runs and publishes versions of the duty list (权责清单)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One act per call."""
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("versions", help="every version, the newest first")
        taken = acts.add_parser("import", help="a CSV into a new draft, or into DRAFT")
        taken.add_argument("file", type=Path)
        taken.add_argument("--by", required=True, help="user name of who drafts")
        taken.add_argument("--draft", type=int, help="number of a draft whose items are replaced")
        taken.add_argument("--title", default="", help="title of a new draft")
        taken.add_argument("--refused", type=Path, help="where refused rows go, with the reasons")
        given = acts.add_parser("export", help="the items of a version as CSV")
        given.add_argument("number", type=int)
        given.add_argument("file", type=Path)
        run = acts.add_parser("dry-run", help="replay the last days under a draft")
        run.add_argument("number", type=int)
        run.add_argument("--days", type=int, default=30)
        run.add_argument("--by", help="user name of who asks")
        out = acts.add_parser("publish", help="publish a draft whole, from a day on")
        out.add_argument("number", type=int)
        out.add_argument("--from", dest="valid_from", type=date.fromisoformat, required=True)
        out.add_argument("--by", required=True, help="user name of the commander")
        back = acts.add_parser("withdraw", help="take a published version back before its day")
        back.add_argument("number", type=int)
        back.add_argument("--reason", required=True)
        back.add_argument("--by", required=True, help="user name of the commander")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the act; a refusal says why and changes nothing."""
        acts = {
            "versions": self._versions,
            "import": self._import,
            "export": self._export,
            "dry-run": self._dry_run,
            "publish": self._publish,
            "withdraw": self._withdraw,
        }
        try:
            acts[options["act"]](options)
        except RefusedRowsError as error:
            raise CommandError(self._refused(error, options["refused"])) from error
        except MoveError as error:
            raise CommandError(f"{error.code}: {error.message}") from error

    def _versions(self, _options: dict[str, Any]) -> None:
        for one in presenting.versions(timezone.localdate()):
            since = one["valid_from"] or "-"
            line = f"v{one['number']}  {one['standing']:9}  {since:10}  {one['items_count']:5}"
            self.stdout.write(f"{line}  {one['title']}")

    def _import(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        text = path.read_text("utf-8-sig")
        by, number, title = _person(options["by"]), options["draft"], options["title"] or path.stem
        found, changes = duty_lists.import_as_draft(
            number=number, title=title, text=text, by=by, now=timezone.now()
        )
        self.stdout.write(
            f"v{found.number}: {len(changes.added)} added, {len(changes.changed)} changed,"
            f" {len(changes.removed)} removed."
        )

    def _refused(self, error: RefusedRowsError, path: Path | None) -> str:
        lines = [f"line {one.line}, {one.column}: {one.why}" for one in error.refused[:20]]
        if path:
            path.write_text(refused_csv(error.refused), "utf-8")
            lines.append(f"Every refused row stands in {path}.")
        return "\n".join([f"{len(error.refused)} rows refused, nothing was taken in.", *lines])

    def _export(self, options: dict[str, Any]) -> None:
        rows = rows_of(_list(options["number"]))
        options["file"].write_text(csv_of(rows), "utf-8")
        self.stdout.write(f"{len(rows)} items written.")

    def _dry_run(self, options: dict[str, Any]) -> None:
        found = _list(options["number"])
        by = _person(options["by"]) if options["by"] else None
        for progress in replaying.replay(found, days=options["days"], by=by, now=timezone.now()):
            self.stderr.write(f"\r{progress.done:,} of {progress.total:,}", ending="")
        self.stderr.write("")
        run = replaying.latest(found)
        if run is not None:
            self._tell(run.findings, presenting.unit_names(run.findings))

    def _tell(self, found: dict[str, Any], names: dict[int, str]) -> None:
        deadlines = found["deadlines"]
        self.stdout.write(
            f"{found['total']:,} cases asked in {found['took_ms'] / 1000:.1f} s"
            f" ({found['left_out']:,} needed no unit).\n"
            f"unchanged {found['unchanged']:,}, changed {found['changed']:,}, of these now without"
            f" an owner {found['ownerless']:,} (had none before: {found['adopted']:,});"
            f" by precedent {found['precedent']:,}.\n"
            f"deadlines sooner {deadlines['sooner']:,}, later {deadlines['later']:,}."
        )
        for was, would, count in found["flows"][:20]:
            self.stdout.write(f"  {count:6,}  {names[was]} -> {names[would]}")

    def _publish(self, options: dict[str, Any]) -> None:
        found = duty_lists.publish(
            number=options["number"],
            valid_from=options["valid_from"],
            by=_person(options["by"]),
            now=timezone.now(),
        )
        self.stdout.write(f"v{found.number} is published from {found.valid_from} on.")

    def _withdraw(self, options: dict[str, Any]) -> None:
        duty_lists.withdraw(
            number=options["number"],
            reason=options["reason"],
            by=_person(options["by"]),
            now=timezone.now(),
        )
        self.stdout.write(f"v{options['number']} is withdrawn.")


def _person(username: str) -> User:
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no user {username}.")
    return found


def _list(number: int) -> DutyList:
    found = DutyList.objects.filter(number=number).first()
    if found is None:
        raise CommandError(f"There is no duty list v{number}.")
    return found
