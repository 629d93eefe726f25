"""The queue by JSON (contract.md 5)."""

import json
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from accounts.models import User
from accounts.moments import moment
from dispatch import casefile, catalogue, queries
from dispatch.actions.checking import record_callback
from dispatch.actions.moving import make_move
from dispatch.board.counters import counters_for
from dispatch.categories import suggestions
from dispatch.duplicates import candidates
from dispatch.duplicates.candidates import Typed
from dispatch.matching import UNCLASSIFIED
from dispatch.queries import FilterError, QueueFilters
from dispatch.timekeeping import segments
from dispatch.voices import Position

router = Router(tags=["queue"])


class MoveIn(Schema):
    """A move of the lifecycle table, the version it was decided on, and its fields."""

    move: str
    version: int


class RevealIn(Schema):
    """Why the identity is looked at."""

    purpose: str


class CallbackIn(Schema):
    """What one call back brought."""

    solved: str
    satisfaction: str = ""
    text: str = Field("", max_length=5000)


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _words(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _bbox(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise FilterError("bbox", "west,south,east,north") from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004
        raise FilterError("bbox", "west,south,east,north")
    return west, south, east, north


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in _words(text)]
    except ValueError as error:
        raise FilterError("priority", "0,1,2,3") from error


class QueueQuery(Schema):
    """The filters of the queue; several values are divided by commas."""

    district: str = ""
    street: str = ""
    state: str = ""
    line: str = ""
    category: str = ""
    unit: str = ""
    priority: str = ""
    due_before: datetime | None = None
    q: str = ""
    bbox: str = ""
    sort: str = "due"
    cursor: str = ""
    limit: int = 50

    def filters(self) -> QueueFilters:
        """As the queries take them."""
        return QueueFilters(
            district=self.district,
            street=self.street,
            state=_words(self.state),
            line=_words(self.line),
            category=self.category,
            unit=self.unit,
            priority=_numbers(self.priority),
            due_before=moment(self.due_before) if self.due_before else None,
            q=self.q,
            bbox=_bbox(self.bbox),
            sort=self.sort,
            cursor=self.cursor,
            limit=self.limit,
        )


@router.get("/queue")
def queue(request: HttpRequest, query: Query[QueueQuery]) -> dict[str, Any]:
    """A page of the queue."""
    page = queries.queue_for(_user(request), filters=query.filters(), now=timezone.now())
    return {"items": page.items, "next": page.next, "as_of": page.as_of}


@router.get("/queue/counters")
def counters(request: HttpRequest, query: Query[QueueQuery]) -> dict[str, int]:
    """Open cases by what a handler asks first."""
    return counters_for(_user(request), filters=query.filters(), now=timezone.now())


@router.get("/cases/{case_no}")
def case(request: HttpRequest, case_no: str) -> dict[str, Any]:
    """One case file."""
    return casefile.case_for(_user(request), case_no, now=timezone.now())


@router.get("/cases/{case_no}/clock")
def clock(request: HttpRequest, case_no: str) -> dict[str, Any]:
    """Who held the case, minute by minute, and its timers."""
    return segments.clock_of(_user(request), case_no, now=timezone.now())


@router.post("/cases/{case_no}/moves")
def move(request: HttpRequest, case_no: str, payload: MoveIn) -> dict[str, Any]:
    """Make one move."""
    now = timezone.now()
    moved = make_move(
        case_no=case_no,
        move=payload.move,
        version=payload.version,
        data=json.loads(request.body),
        by=_user(request),
        now=now,
    )
    return casefile.case_after(_user(request), moved, now=now)


@router.post("/intakes/{intake_no}/reveal")
def reveal(request: HttpRequest, intake_no: str, payload: RevealIn) -> dict[str, str]:
    """Show an identity, for a stated purpose; logged."""
    return casefile.reveal(
        intake_no=intake_no, purpose=payload.purpose, by=_user(request), now=timezone.now()
    )


@router.post("/intakes/{intake_no}/callbacks")
def callback(request: HttpRequest, intake_no: str, payload: CallbackIn) -> dict[str, Any]:
    """Record one attempt to call a citizen back."""
    attempt = record_callback(
        intake_no=intake_no, by=_user(request), now=timezone.now(), **payload.dict()
    )
    return {"intake_no": intake_no, "solved": attempt.solved, "at": attempt.at}


class RadarQuery(Schema):
    """What is known of a voice: a point, or an address, or a component."""

    lon: float | None = None
    lat: float | None = None
    crs: str = "WGS84"
    accuracy_m: float = 0.0
    category: str = UNCLASSIFIED
    text: str = ""
    address: str = Field("", max_length=200)
    component_id: str = Field("", max_length=16)

    def typed(self, *, phone: str = "", application: str = "") -> Typed:
        """As the radar takes it."""
        here = None
        if (self.lon is None) != (self.lat is None):
            raise FilterError("lat" if self.lat is None else "lon", "lon, lat")
        if self.lon is not None and self.lat is not None:
            here = Position(self.lon, self.lat, self.crs, self.accuracy_m)
        return Typed(
            category=self.category,
            position=here,
            text=self.text,
            address=self.address,
            component_id=self.component_id,
            phone=phone,
            application=application,
        )


class RadarIn(RadarQuery):
    """The same with who speaks: in the body, for addresses of requests end up in logs.

    A phone or an application only counts for who speaks with citizens.
    """

    phone: str = Field("", max_length=20)
    application: str = Field("", max_length=64)


@router.get("/radar")
def look_around(request: HttpRequest, query: Query[RadarQuery]) -> dict[str, Any]:
    """Duplicate candidates of all three lines that the user may see, with reasons in words."""
    return {"items": candidates.around(_user(request), query.typed(), now=timezone.now())}


@router.post("/radar")
def look_around_for(request: HttpRequest, payload: RadarIn) -> dict[str, Any]:
    """The same for a caller or an applicant."""
    typed = payload.typed(phone=payload.phone, application=payload.application)
    return {"items": candidates.around(_user(request), typed, now=timezone.now())}


@router.get("/cases/{case_no}/duplicates")
def duplicates_of(request: HttpRequest, case_no: str) -> dict[str, Any]:
    """What may be the same as this case, why, and whether it may be merged into each."""
    found = candidates.duplicates_of(_user(request), case_no, now=timezone.now())
    return {"items": found}


@router.get("/events")
def events(request: HttpRequest, district: str, after: int = 0, limit: int = 500) -> dict[str, Any]:
    """Events of a district in order, gapless."""
    found = queries.events_since(_user(request), district=district, after=after, limit=limit)
    return {"items": found, "next": found[-1]["seq"] if found else after}


@router.get("/tally")
def tally(request: HttpRequest, district: str) -> dict[str, Any]:
    """Counters of a district and the number they are true for."""
    return queries.tally_for(_user(request), district=district)


@router.get("/categories")
def categories(request: HttpRequest) -> dict[str, Any]:
    """The catalogue for forms: code, name, pinyin initials, parent, kind, flags."""
    book = catalogue.current()
    return {
        "items": [
            {
                "code": c.code,
                "name": c.name,
                "name_en": c.name_en,
                "kind": c.kind,
                "parent": c.parent.code if c.parent else None,
                "parent_name": c.parent.name if c.parent else "",
                "initials": c.initials,
                "priority": c.priority,
                "needs_location": c.needs_location,
                "conditions": [
                    {"code": f.code, "name": f.name} for f in book.conditions_of.get(c.code, ())
                ],
            }
            for c in book.categories.values()
            if c.selectable
        ]
    }


@router.get("/categories/suggest")
def suggest_categories(request: HttpRequest, text: str) -> dict[str, Any]:
    """The three categories that a text most likely means, with the words that say so."""
    return suggestions.suggest(text)


@router.get("/me")
def me(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in, with her posts."""
    user = _user(request)
    return {
        "username": user.username,
        "name": user.name,
        "posts": [
            {"role": post.role, "area": post.area_code, "unit": post.unit_id}
            for post in user.scope().posts
        ],
        "home_district": queries.home_district(user),
        "districts": queries.heads_for(user),
    }
