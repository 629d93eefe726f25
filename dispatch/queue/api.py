"""The queue page by JSON: batch, saved filters, what was seen, rings, exports (contract.md 5)."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status

from accounts.models import User
from accounts.moments import moment
from dispatch.models import Export, ExportState, SavedFilter
from dispatch.queue import batch, exporting, ringing, saving, seeing
from dispatch.queue.follow_ups import follow_ups_for
from dispatch.queue.tasks import wake

router = Router(tags=["queue page"])
CONTENT_TYPES = {
    "CSV": "text/csv; charset=utf-8",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "GEOJSON": "application/geo+json",
}


class PickedIn(Schema):
    """A case as it was when it was ticked."""

    case_no: str
    version: int


class BatchIn(Schema):
    """One move for many cases, with its fields beside `move` and `cases`."""

    move: str
    cases: list[PickedIn]


class NumbersIn(Schema):
    """Numbers of cases."""

    cases: list[str]


class SeenIn(Schema):
    """A view and up to when it was looked at."""

    view: str
    until: datetime


class FilterIn(Schema):
    """A filter to keep; `unit` shares it within that unit."""

    name: str
    query: str
    pinned: bool = True
    unit: str = ""


class FilterChangeIn(Schema):
    """What changes of a kept filter; null leaves it."""

    name: str | None = None
    query: str | None = None
    pinned: bool | None = None


class OrderIn(Schema):
    """Ids of one's filters in their new order."""

    order: list[int]


class SoundIn(Schema):
    """Sound on or off."""

    on: bool


class ExportIn(Schema):
    """A format and the query text of the page; `bom` marks a CSV for Excel."""

    format: str
    query: str = ""
    bom: bool = True


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


@router.post("/cases/batch")
def move_many(request: HttpRequest, payload: BatchIn) -> dict[str, Any]:
    """Make one move on up to 200 cases; each answers for itself. There is no undo."""
    picked = [batch.Picked(row.case_no, row.version) for row in payload.cases]
    data = {k: v for k, v in json.loads(request.body).items() if k not in {"cases", "move"}}
    results = batch.move_many(
        picked=picked, move=payload.move, data=data, by=_user(request), now=timezone.now()
    )
    return {"items": [asdict(row) for row in results]}


@router.post("/cases/batch/moves")
def moves_for_many(request: HttpRequest, payload: NumbersIn) -> dict[str, Any]:
    """The moves that fit every one of these cases, with the fields each needs."""
    return {"items": batch.moves_for_many(_user(request), payload.cases)}


@router.post("/queue/seen")
def seen(request: HttpRequest, payload: SeenIn) -> dict[str, str]:
    """Note that a view was looked at as it was at a time."""
    seeing.look(
        view=payload.view, until=moment(payload.until), by=_user(request), now=timezone.now()
    )
    return {"view": payload.view}


def _filter(one: SavedFilter) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": one.name,
        "query": one.query,
        "pinned": one.pinned,
        "unit": one.unit.code if one.unit else "",
    }


@router.get("/queue/filters")
def filters(request: HttpRequest) -> dict[str, Any]:
    """One's saved filters and those shared within one's units, in their order."""
    rows = saving.usable_by(_user(request)).select_related("unit")
    return {"items": [_filter(one) for one in rows]}


@router.post("/queue/filters", response={201: Any})
def save_filter(request: HttpRequest, payload: FilterIn) -> Status[dict[str, Any]]:
    """Keep a filter under a name."""
    saved = saving.save_filter(
        name=payload.name,
        query=payload.query,
        pinned=payload.pinned,
        unit_code=payload.unit,
        by=_user(request),
        now=timezone.now(),
    )
    return Status(201, _filter(saved))


@router.post("/queue/filters/order")
def order_filters(request: HttpRequest, payload: OrderIn) -> dict[str, Any]:
    """Put one's filters into an order."""
    saving.order_filters(order=payload.order, by=_user(request))
    return filters(request)


@router.patch("/queue/filters/{int:pk}")
def change_filter(request: HttpRequest, pk: int, payload: FilterChangeIn) -> dict[str, Any]:
    """Rename, point anew, pin or unpin."""
    changed = saving.change_filter(
        pk=pk,
        name=payload.name,
        query=payload.query,
        pinned=payload.pinned,
        by=_user(request),
        now=timezone.now(),
    )
    return _filter(changed)


@router.delete("/queue/filters/{int:pk}", response={204: None})
def drop_filter(request: HttpRequest, pk: int) -> Status[None]:
    """Delete a filter."""
    saving.drop_filter(pk=pk, by=_user(request))
    return Status(204, None)


@router.get("/queue/rings")
def rings(request: HttpRequest) -> dict[str, Any]:
    """New work of one's own teams that nobody there has acknowledged, and whether to sound."""
    user = _user(request)
    items = ringing.rings_for(user, now=timezone.now())
    return {"items": items, "sound": ringing.wants_sound(user)}


@router.post("/queue/rings/{case_no}")
def acknowledge(request: HttpRequest, case_no: str) -> dict[str, Any]:
    """Silence a case for the whole team; the second to press gets the first's receipt."""
    return ringing.acknowledge(case_no=case_no, by=_user(request), now=timezone.now())


@router.post("/queue/sound")
def sound(request: HttpRequest, payload: SoundIn) -> dict[str, bool]:
    """Sound on or off, on all of one's devices."""
    ringing.set_sound(on=payload.on, by=_user(request))
    return {"on": payload.on}


def _export(one: Export) -> dict[str, Any]:
    is_there = one.state in {ExportState.DIRECT, ExportState.READY}
    return {
        "id": str(one.pk),
        "format": one.format,
        "state": one.state,
        "rows": one.rows,
        "rows_done": one.rows_done,
        "size": one.size,
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
        "url": f"/api/v1/exports/{one.pk}/file" if is_there else None,
    }


@router.post("/exports", response={201: Any})
def request_export(request: HttpRequest, payload: ExportIn) -> Status[dict[str, Any]]:
    """Export a filter: DIRECT ones are ready to fetch, larger ones are written by a worker."""
    export = exporting.request_export(
        kind=payload.format,
        query=payload.query,
        with_bom=payload.bom,
        by=_user(request),
        now=timezone.now(),
    )
    if export.state == ExportState.WAITING:
        wake(export.pk)
    return Status(201, _export(export))


@router.get("/follow-ups")
def follow_ups(request: HttpRequest) -> dict[str, Any]:
    """Calls after a hand-over and by sample, looks beside a unit's work: what is the user's."""
    return {"items": follow_ups_for(_user(request), now=timezone.now())}


@router.get("/exports/{uuid:pk}")
def export(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """How far one's export is."""
    return _export(exporting.export_of(_user(request), pk, now=timezone.now()))


@router.get("/exports/{uuid:pk}/file")
def export_file(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """The content, streamed; every fetch is written to the access log."""
    found, pieces = exporting.fetch(pk=pk, by=_user(request), now=timezone.now())
    day = timezone.localtime(found.created_at).strftime("%Y%m%d-%H%M")
    name = f"queue-{day}.{exporting.SUFFIX[found.format]}"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "private, no-store",
        "X-Accel-Buffering": "no",
    }
    return StreamingHttpResponse(pieces, content_type=CONTENT_TYPES[found.format], headers=headers)
