"""Duty lists and absences of units by JSON: /api/v1/duty-lists, /api/v1/unit-absences."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status

from accounts.arrangements_api import EndingIn, PeriodIn, shown
from accounts.models import User
from dispatch.actions.duties import duty_lists
from dispatch.actions.duties.absences import (
    absences_for,
    arrange_absence,
    end_absence,
    units_for,
)
from dispatch.actions.duties.duty_lists import list_by_number
from dispatch.actions.errors import NotAllowedError
from dispatch.duties import presenting, replaying
from dispatch.duties.items import ItemRow, csv_of, rows_of
from dispatch.models import DutyList, UnitAbsence

router = Router(tags=["duty lists"])
absences = Router(tags=["duty lists"])
LINE = "application/x-ndjson"


class DraftIn(Schema):
    """The title of a new draft."""

    title: str


class FileIn(Schema):
    """A CSV as text; its columns are those of an item."""

    csv: str


class ItemIn(Schema):
    """One item by its codes; category `*` is every one (兜底)."""

    item_no: str
    category: str
    area_code: str
    condition: str = ""
    hours: str = "ALWAYS"
    unit: str

    def row(self) -> ItemRow:
        """As the lists keep it."""
        values = {name: str(value).strip() for name, value in self.dict().items()}
        return ItemRow(**values)


class ReplayIn(Schema):
    """How many days back the dry run goes."""

    days: int = 30


class PublicationIn(Schema):
    """From which day the list holds."""

    valid_from: date


class WithdrawalIn(Schema):
    """Why a list is taken back."""

    reason: str = ""


class AbsenceIn(PeriodIn):
    """Which unit is away, which one stands in (codes), from when to when, and why."""

    unit: str
    deputy_unit: str


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


@router.get("")
def lists(request: HttpRequest) -> dict[str, Any]:
    """Every version, the newest first."""
    if not duty_lists.may_read(_user(request)):
        raise NotAllowedError
    return {"items": presenting.versions(timezone.localdate())}


@router.post("", response={201: dict[str, Any]})
def add_draft(request: HttpRequest, payload: DraftIn) -> Status[dict[str, Any]]:
    """Start a draft from the newest published list."""
    draft = duty_lists.new_draft(title=payload.title, by=_user(request), now=timezone.now())
    return Status(201, presenting.version(draft, None))


@router.get("/{int:number}")
def one_list(request: HttpRequest, number: int) -> dict[str, Any]:
    """One list with its items."""
    found = list_by_number(number, by=_user(request))
    rows = rows_of(found)
    return {**presenting.version(found, None), "items": [presenting.item(row) for row in rows]}


@router.delete("/{int:number}", response={204: None})
def discard_draft(request: HttpRequest, number: int) -> Status[None]:
    """Throw a draft away."""
    duty_lists.discard(number=number, by=_user(request))
    return Status(204, None)


@router.get("/{int:number}/changes")
def changes(request: HttpRequest, number: int) -> dict[str, Any]:
    """How the list differs from the one that it was drawn from."""
    return presenting.changes(list_by_number(number, by=_user(request)))


@router.get("/{int:number}/export", url_name="duty_list_export")
def export(request: HttpRequest, number: int) -> HttpResponse:
    """The items as CSV, with the mark that spreadsheets need to read Chinese."""
    found = list_by_number(number, by=_user(request))
    content = "\ufeff" + csv_of(rows_of(found))
    name = f"duty-list-v{found.number}.csv"
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.put("/{int:number}/items")
def import_items(request: HttpRequest, number: int, payload: FileIn) -> dict[str, Any]:
    """Replace the items of a draft, whole or not at all."""
    found = duty_lists.import_items(number=number, text=payload.csv, by=_user(request))
    return {
        "added": len(found.added),
        "changed": len(found.changed),
        "removed": len(found.removed),
    }


@router.post("/{int:number}/items")
def put_item(request: HttpRequest, number: int, payload: ItemIn) -> dict[str, Any]:
    """Add or change one item of a draft."""
    row = payload.row()
    is_new = duty_lists.put_item(number=number, row=row, by=_user(request))
    return {**presenting.item(row), "is_new": is_new}


@router.delete("/{int:number}/items/{item_no}", response={204: None})
def remove_item(request: HttpRequest, number: int, item_no: str) -> Status[None]:
    """Take an item out of a draft."""
    duty_lists.remove_item(number=number, item_no=item_no, by=_user(request))
    return Status(204, None)


@router.post("/{int:number}/replays")
def dry_run(request: HttpRequest, number: int, payload: ReplayIn) -> StreamingHttpResponse:
    """Replay the last days: lines of JSON, {done, total} as it goes and {findings} at the end."""
    user, now = _user(request), timezone.now()
    found = list_by_number(number, by=user)
    days = min(max(payload.days, 1), replaying.MOST_DAYS)
    response = StreamingHttpResponse(_lines(found, days, user, now), content_type=LINE)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    response["Content-Encoding"] = "identity"
    return response


def _lines(found: DutyList, days: int, user: User, now: datetime) -> Iterator[str]:
    for progress in replaying.replay(found, days=days, by=user, now=now):
        yield json.dumps({"done": progress.done, "total": progress.total}) + "\n"
    shown = presenting.findings(replaying.latest(found), user)
    yield json.dumps({"findings": shown}) + "\n"


@router.get("/{int:number}/replays/latest")
def latest_run(request: HttpRequest, number: int) -> dict[str, Any]:
    """What the last dry run of the list found."""
    user = _user(request)
    found = replaying.latest(list_by_number(number, by=user))
    return {"findings": presenting.findings(found, user)}


@router.post("/{int:number}/publication")
def publish(request: HttpRequest, number: int, payload: PublicationIn) -> dict[str, Any]:
    """Publish a draft whole, from a day on."""
    found = duty_lists.publish(
        number=number, valid_from=payload.valid_from, by=_user(request), now=timezone.now()
    )
    return presenting.version(found, None)


@router.post("/{int:number}/withdrawal")
def withdraw(request: HttpRequest, number: int, payload: WithdrawalIn) -> dict[str, Any]:
    """Take back a published list before its day, with the reason."""
    row = duty_lists.withdraw(
        number=number, reason=payload.reason, by=_user(request), now=timezone.now()
    )
    return presenting.version(row.duty_list, None)


@absences.get("")
def list_absences(request: HttpRequest) -> dict[str, Any]:
    """The units that are away, or will be, of those that the user arranges for."""
    now = timezone.now()
    return {"items": [_absence(row, now) for row in absences_for(_user(request), now=now)]}


@absences.post("", response={201: dict[str, Any]})
def add_absence(request: HttpRequest, payload: AbsenceIn) -> Status[dict[str, Any]]:
    """Let another unit get what would come to one that is away."""
    now = timezone.now()
    row = arrange_absence(
        unit=payload.unit,
        deputy_unit=payload.deputy_unit,
        period=payload.period(),
        by=_user(request),
        now=now,
    )
    return Status(201, _absence(row, now))


@absences.get("/units")
def units(request: HttpRequest, q: str = "") -> dict[str, Any]:
    """The nine units nearest to what was typed that the user arranges for."""
    return {"items": [asdict(unit) for unit in units_for(_user(request), q)]}


@absences.post("/{int:absence_id}/end")
def end(request: HttpRequest, absence_id: int, payload: EndingIn) -> dict[str, Any]:
    """End an absence early, or call it off, and say why."""
    now, by = timezone.now(), _user(request)
    return _absence(end_absence(absence_id=absence_id, reason=payload.reason, by=by, now=now), now)


def _absence(row: UnitAbsence, now: datetime) -> dict[str, Any]:
    return {
        "unit": {"code": row.unit.code, "name": row.unit.name},
        "deputy_unit": {"code": row.deputy_unit.code, "name": row.deputy_unit.name},
        **shown(row, now),
    }
