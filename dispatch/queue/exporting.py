"""Exports of a filter, without a cap on rows: streamed at once, or written in the background.

An export belongs to its maker, holds what her posts open to her at the moment it is written, and
goes into the access log each time it is made or fetched (domain.md 6.2).
"""

import contextlib
import hashlib
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.actions import log_access
from accounts.models import User
from dispatch.actions.errors import CaseNotFoundError, RuleError
from dispatch.models import Case, Export, ExportFormat, ExportState
from dispatch.queries import COLUMNS, SORTS, filtered, item_of
from dispatch.queue.filters import canonical, filters_from, parsed
from dispatch.queue.sheets import (
    Row,
    counted,
    csv_pieces,
    geojson_pieces,
    write_xlsx,
)
from ui.templatetags.ui import STATES
from ui.words import STAGES

AT_ONCE_MOST: Final = 20_000
"""More rows than these are written by a worker, so that no web process is held for minutes."""
LIVES_FOR: Final = timedelta(hours=24)
DEAD_AFTER: Final = timedelta(seconds=60)
MOST_ATTEMPTS: Final = 5
MOST_WAITING: Final = 3
TELL_EVERY: Final = 2_000
ROWS_AT_A_TIME: Final = 2_000
SUFFIX: Final = {"CSV": "csv", "XLSX": "xlsx", "GEOJSON": "geojson"}
LINES: Final = {"HOTLINE": _("热线"), "GRID": _("网格"), "AFFAIRS": _("政务")}
PRIORITIES: Final = (_("特急"), _("紧急"), _("一般"), _("普通"))


class ExportStoppedError(Exception):
    """Another worker has taken this export over, or it was purged meanwhile."""


def request_export(*, kind: str, query: str, with_bom: bool, by: User, now: datetime) -> Export:
    """Note an export of a filter: DIRECT when it is small, else WAITING for a worker.

    Raises FilterError, and RuleError for an unknown format or too many at once.
    """
    if kind not in ExportFormat.values:
        raise RuleError(_("格式只有 CSV、XLSX、GEOJSON。"), code="UNKNOWN_FORMAT")
    text = canonical(parsed(query))
    rows = _cases(text, by, now).order_by().count()
    is_large = rows > AT_ONCE_MOST
    unfinished = Export.objects.filter(
        owner=by, state__in=[ExportState.WAITING, ExportState.RUNNING]
    )
    if is_large and unfinished.count() >= MOST_WAITING:
        raise RuleError(_("已有三个导出在生成，请等其中一个完成。"), code="TOO_MANY_EXPORTS")
    export = Export.objects.create(
        owner=by,
        format=kind,
        query=text,
        with_bom=with_bom,
        language=translation.get_language() or settings.LANGUAGE_CODE,
        scope_digest=scope_digest(by),
        state=ExportState.WAITING if is_large else ExportState.DIRECT,
        rows=rows,
        alive_at=now,
        created_at=now,
        expires_at=now + LIVES_FOR,
    )
    _log(export, by, now)
    return export


def export_of(user: User, pk: UUID, *, now: datetime) -> Export:
    """One's own export. Raises CaseNotFoundError for another's, as for one that never was."""
    export = Export.objects.filter(pk=pk, owner=user).first()
    if export is None:
        raise CaseNotFoundError
    if export.expires_at <= now:
        Export.objects.filter(pk=pk).update(state=ExportState.GONE)
        export.refresh_from_db()
    return export


def fetch(*, pk: UUID, by: User, now: datetime) -> tuple[Export, Iterator[bytes]]:
    """The content of one's own export in pieces; each fetch is logged.

    Raises CaseNotFoundError, and RuleError when it is not ready, expired, or was made under posts
    that the person no longer holds.
    """
    export = export_of(by, pk, now=now)
    if export.state == ExportState.GONE:
        raise RuleError(_("导出已过期，请重新导出。"), code="EXPORT_GONE")
    if export.scope_digest != scope_digest(by):
        raise RuleError(_("您的岗位有变动，请重新导出。"), code="POSTS_CHANGED")
    if export.state not in {ExportState.DIRECT, ExportState.READY}:
        raise RuleError(_("导出还没有完成。"), code="EXPORT_NOT_READY")
    _log(export, by, now)
    if export.state == ExportState.READY:
        return export, _pieces_of(file_of(export))
    return export, _direct(export, now)


def _direct(export: Export, now: datetime) -> Iterator[bytes]:
    """The rows as they are now, straight from a cursor of the database."""
    rows = rows_of(export, now)
    if export.format == ExportFormat.CSV:
        yield from _in_language(export, csv_pieces(rows, with_bom=export.with_bom))
    elif export.format == ExportFormat.GEOJSON:
        yield from _in_language(export, geojson_pieces(rows))
    else:
        path = _private(folder() / f"{export.pk}-{now.timestamp():.0f}.xlsx")
        try:
            with translation.override(export.language):
                write_xlsx(rows, path)
            yield from _pieces_of(path)
        finally:
            path.unlink(missing_ok=True)


def _in_language(export: Export, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Each piece made in the maker's language: a stream outlives the request's own."""
    while True:
        with translation.override(export.language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(65536):
            yield piece


def rows_of(export: Export, now: datetime) -> Generator[Row, None, None]:
    """The rows by a cursor of the server, as the maker may see them now."""
    owner = User.objects.get(pk=export.owner_id)
    filters = filters_from(parsed(export.query), owner, now)
    cases = _cases(export.query, owner, now).order_by(*SORTS[filters.sort])
    for row in cases.values(*COLUMNS).iterator(chunk_size=ROWS_AT_A_TIME):
        yield _row(row, now)


def _cases(query: str, user: User, now: datetime) -> Any:
    return filtered(Case.objects.visible_to(user), filters_from(parsed(query), user, now))


def _row(case: dict[str, Any], now: datetime) -> Row:
    item = item_of(case, now)
    place, due = item["location"], item["due"]
    return {
        "case_no": item["case_no"],
        "title": item["title"],
        "line": "/".join(str(LINES[line]) for line in item["lines"]),
        "state": str(STATES[item["state"]]),
        "priority": str(PRIORITIES[item["priority"]]),
        "category": item["category"]["code"],
        "category_name": item["category"]["name"],
        "district": item["district_name"],
        "street": item["street_name"],
        "community": item["community_name"],
        "cell": item["cell"],
        "address": item["address"],
        "lon": round(place["lon"], 7) if place else None,
        "lat": round(place["lat"], 7) if place else None,
        "lead_unit": item["lead_unit_name"],
        "intakes": item["intakes"],
        "stage": str(STAGES[due["stage"]]) if due["stage"] else "",
        "due_at": case["due_at"] if due["stage"] else None,
        "overdue": str(_("超时")) if due["state"] == "OVERDUE" else "",
        "created_at": case["created_at"],
        "state_at": case["state_at"],
    }


def scope_digest(user: User) -> str:
    """Changes with what the user's posts open to her."""
    scope = user.scope()
    parts = (scope.areas, scope.patrol_areas, sorted(scope.unit_ids), user.is_active)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def folder() -> Path:
    """Where the files of exports lie: readable by this system alone, behind no address."""
    path = Path(settings.DATA_DIR) / "exports"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def file_of(export: Export) -> Path:
    """The finished file of an export."""
    return folder() / f"{export.pk}.{SUFFIX[export.format]}"


def _private(path: Path) -> Path:
    path.touch(mode=0o600)
    return path


def _log(export: Export, by: User, now: datetime) -> None:
    purpose = f"{export.format} {export.rows} rows: {export.query or 'all'}"[:200]
    log_access(by=by, subject=f"export {export.pk}", field="queue", purpose=purpose, now=now)


def claim(*, pk: UUID, now: datetime) -> Export | None:
    """Take a waiting export, or one whose worker has died; one is written at a time in the city.

    None when there is nothing to do for this one now: the sweep asks again.
    """
    with transaction.atomic():
        unfinished = Export.objects.select_for_update().filter(
            state__in=[ExportState.WAITING, ExportState.RUNNING]
        )
        rows = {row.pk: row for row in unfinished.order_by("pk")}
        export = rows.get(pk)
        alive = [
            row.pk
            for row in rows.values()
            if row.state == ExportState.RUNNING and row.alive_at > now - DEAD_AFTER
        ]
        if export is None or alive:
            return None
        if export.attempt >= MOST_ATTEMPTS or export.expires_at <= now:
            Export.objects.filter(pk=pk).update(state=ExportState.FAILED)
            return None
        Export.objects.filter(pk=pk).update(
            state=ExportState.RUNNING, attempt=F("attempt") + 1, alive_at=now, rows_done=0
        )
    export.refresh_from_db()
    return export


def write_export(*, export: Export, clock: Callable[[], datetime]) -> None:
    """Write a claimed export into its file; `clock()` says what time it is.

    May be killed at any row: the next attempt starts again, and a late writer finds its attempt
    outdated and stops. Raises ExportStoppedError then.
    """
    part = _private(folder() / f"{export.pk}-{export.attempt}.part")
    mine = Export.objects.filter(pk=export.pk, attempt=export.attempt, state=ExportState.RUNNING)

    def tell(done: int) -> None:
        if not mine.update(rows_done=done, alive_at=clock()):
            raise ExportStoppedError

    try:
        with (
            contextlib.closing(rows_of(export, clock())) as rows,
            translation.override(export.language),
        ):
            total = _write_file(export, counted(rows, tell, TELL_EVERY), part)
        size = part.stat().st_size
        with transaction.atomic():
            if not mine.update(state=ExportState.READY, rows=total, rows_done=total, size=size):
                raise ExportStoppedError
            part.replace(file_of(export))
    finally:
        part.unlink(missing_ok=True)


def _write_file(export: Export, rows: Iterator[Row], path: Path) -> int:
    total = 0

    def each() -> Iterator[Row]:
        nonlocal total
        for row in rows:
            total += 1
            yield row

    if export.format == ExportFormat.XLSX:
        write_xlsx(each(), path)
        return total
    is_csv = export.format == ExportFormat.CSV
    pieces = csv_pieces(each(), with_bom=export.with_bom) if is_csv else geojson_pieces(each())
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
    return total


def unfinished(*, now: datetime) -> list[UUID]:
    """The exports that wait for a worker, or whose worker has died; oldest first."""
    dead = Q(state=ExportState.RUNNING, alive_at__lte=now - DEAD_AFTER)
    waiting = Export.objects.filter(Q(state=ExportState.WAITING) | dead)
    return list(waiting.order_by("created_at").values_list("pk", flat=True)[:MOST_WAITING])


def purge(*, now: datetime) -> int:
    """Delete the files of expired exports and forget rows a month old; how many went."""
    gone = list(Export.objects.filter(expires_at__lte=now).exclude(state=ExportState.GONE))
    for export in gone:
        file_of(export).unlink(missing_ok=True)
    Export.objects.filter(pk__in=[e.pk for e in gone]).update(state=ExportState.GONE)
    Export.objects.filter(expires_at__lte=now - timedelta(days=30)).delete()
    oldest = (now - LIVES_FOR).timestamp()
    for path in folder().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
    return len(gone)
