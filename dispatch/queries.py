"""Reads of the one queue. All of them go through `visible_to`, so they fail closed."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Polygon
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch import catalogue
from dispatch.actions.errors import CaseNotFoundError
from dispatch.lifecycle import OPEN, State
from dispatch.models import Case, CaseQuerySet, Event, FeedHead, Line, Supervision, Tally
from dispatch.models.cases import NEVER
from gis import locator
from gis.models import Area, Level

MOST_PER_PAGE = 200
NEAR = timedelta(hours=2)
BBOX_NUMBERS = 4


class FilterError(Exception):
    """A filter of the queue cannot be read (400)."""

    code = "BAD_FILTER"
    message = _("筛选条件无法识别。")

    def __init__(self, path: str, why: object) -> None:
        super().__init__(f"{path}: {why}")
        self.fields = {path: [str(why)]}


@dataclass(frozen=True, slots=True)
class OwnWork:
    """What makes a case a person's own: units she works in, states her roles carry on."""

    units: tuple[int, ...] = ()
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """The filters of GET /api/v1/queue; empty means all. `state` empty means open cases."""

    district: str = ""
    street: str = ""
    state: Sequence[str] = ()
    line: Sequence[str] = ()
    category: str = ""
    unit: str = ""
    priority: Sequence[int] = ()
    due_before: datetime | None = None
    due_after: datetime | None = None
    created_from: datetime | None = None
    q: str = ""
    bbox: tuple[float, float, float, float] | None = None
    ids: Sequence[str] = ()
    relation: Sequence[str] = ()
    own: OwnWork = OwnWork()
    state_after: datetime | None = None
    sort: str = "due"
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue, the key of the next, and the feed position it is true for."""

    items: list[dict[str, Any]]
    next: str | None
    as_of: dict[str, int] = field(default_factory=dict)


COLUMNS = (
    "id",
    "case_no",
    "title",
    "category_code",
    "lines",
    "line",
    "state",
    "priority",
    "district_code",
    "street_code",
    "community_code",
    "cell_code",
    "address",
    "location",
    "lead_unit__code",
    "lead_unit__name",
    "intakes_count",
    "due_stage",
    "due_at",
    "near_at",
    "created_at",
    "state_at",
    "version",
    "sensitive",
)


def queue_for(user: User, *, filters: QueueFilters, now: datetime) -> QueuePage:
    """One page of the cases that the user may see: two queries, any page as quick as the first."""
    heads = heads_for(user)
    limit = max(1, min(filters.limit, MOST_PER_PAGE))
    parts = [
        _after(filtered(Case.objects.visible_to(user), part), part).values(*COLUMNS)[: limit + 1]
        for part in _parts(filters)
    ]
    rows = list(_merged(parts, filters)[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    items = [item_of(row, now) for row in rows]
    return QueuePage(items, _cursor(rows[-1], filters.sort) if more else None, heads)


def _parts(filters: QueueFilters) -> list[QueueFilters]:
    """The filters as pages that one index each can find: open states at once, others one by one."""
    still_open = [state for state in filters.state if state in OPEN]
    ended = sorted({state for state in filters.state if state} - OPEN)
    if not ended:
        return [filters]
    each = [still_open] if still_open else []
    return [replace(filters, state=states) for states in [*each, *([state] for state in ended)]]


def _merged(parts: Sequence[QuerySet[Any, Any]], filters: QueueFilters) -> QuerySet[Any, Any]:
    """The pages of the parts as one, in the order of the filters."""
    if len(parts) == 1:
        return parts[0]
    return parts[0].union(*parts[1:], all=True).order_by(*SORTS[filters.sort])


def filtered(cases: CaseQuerySet, filters: QueueFilters) -> CaseQuerySet:
    """The cases that fit the filters."""
    if set(filters.line) - set(Line.values):
        raise FilterError("line", " | ".join(Line.values))
    cases = _in_states(cases, {state for state in filters.state if state})
    equal = {
        "district_code": filters.district,
        "street_code": filters.street,
        "lead_unit__code": filters.unit,
        "due_at__lt": filters.due_before,
        "due_at__gte": filters.due_after,
        "created_at__gte": filters.created_from,
        "state_at__gt": filters.state_after,
        "case_no__in": list(filters.ids),
        "line__in": list(filters.line),
        "priority__in": list(filters.priority),
        "category_code__in": with_children(filters.category) if filters.category else None,
    }
    cases = cases.filter(**{name: value for name, value in equal.items() if value})
    for relation in filters.relation:
        cases = cases.filter(_related(relation, filters.own))
    if filters.bbox:
        cases = cases.filter(location__bboverlaps=Polygon.from_bbox(filters.bbox))
    if filters.q:
        words = filters.q.strip()[:60]
        cases = cases.filter(
            Q(case_no__startswith=words) | Q(title__icontains=words) | Q(address__icontains=words)
        )
    return cases


def _in_states(cases: CaseQuerySet, states: set[str]) -> CaseQuerySet:
    """Cases in these states; open ones where none is named. Whether they are open is said even
    where the states imply it: the indexes of the pages hold open or ended cases."""
    if states - set(State):
        raise FilterError("state", " | ".join(State))
    if states <= OPEN:
        cases = cases.open()
    elif not states & OPEN:
        cases = cases.filter(is_open=False)
    return cases.filter(state__in=sorted(states)) if states else cases


RELATIONS = ("mine", "supporting", "returned", "supervised")


def _related(relation: str, own: OwnWork) -> Q:
    """Cases as they stand to a person: hers, supported, sent back to her, supervised."""
    if relation == "supervised":
        threads = Supervision.objects.filter(case=OuterRef("pk"), ended_at__isnull=True)
        return Q(Exists(threads))
    if relation == "supporting":
        return Q(support_units__overlap=list(own.units)) if own.units else Q(pk__in=[])
    if relation == "returned":
        again = Q(state=State.PROCESSING.value, rework_count__gt=0)
        again |= Q(state=State.PENDING_SIGN.value, return_count__gt=0)
        back = Q(state=State.RETURN_REVIEW.value)
        back |= Q(state=State.PENDING_DISPATCH.value, return_count__gt=0)
        return Q(lead_unit_id__in=own.units) & again if own.units else back
    if relation == "mine":
        carried_on = Q(state__in=own.states)
        return carried_on & Q(lead_unit_id__in=own.units) if own.units else carried_on
    raise FilterError("rel", " | ".join(RELATIONS))


def with_children(code: str) -> list[str]:
    return [leaf for leaf, chain in catalogue.current().chains.items() if code in chain] or [code]


SORTS = {
    "due": ("due_at", "id"),
    "created": ("-created_at", "-id"),
    "priority": ("priority", "due_at", "id"),
}
"""The orders of the queue: the columns of a page's key, `-` for the largest first."""


def _after(cases: CaseQuerySet, filters: QueueFilters) -> CaseQuerySet:
    if filters.sort not in SORTS:
        raise FilterError("sort", " | ".join(SORTS))
    order = SORTS[filters.sort]
    if filters.cursor:
        cases = cases.filter(_beyond(order, _read_cursor(filters.cursor, filters.sort)))
    return cases.order_by(*order)


def _beyond(order: Sequence[str], key: Sequence[Any]) -> Q:
    """Rows after a key: the first column decides, among equals the next."""
    names = [column.lstrip("-") for column in order]
    side = "lt" if order[0].startswith("-") else "gt"
    condition = Q(**{f"{names[0]}__{side}e": key[0]})
    beyond = Q()
    for place, name in enumerate(names):
        equal = dict(zip(names[:place], key[:place], strict=True))
        beyond |= Q(**equal, **{f"{name}__{side}": key[place]})
    return condition & beyond


def _cursor(row: dict[str, Any], sort: str) -> str:
    values = [row[column.lstrip("-")] for column in SORTS[sort]]
    texts = [v.isoformat() if isinstance(v, datetime) else str(v) for v in values]
    return base64.urlsafe_b64encode("|".join([sort, *texts]).encode()).decode()


def _read_cursor(text: str, sort: str) -> list[Any]:
    """The key of a page: (priority,) moment, id; a mark of another order is none of this one."""
    try:
        order, *first, at, pk = base64.urlsafe_b64decode(text.encode()).decode().split("|")
        moment, key = datetime.fromisoformat(at), [*map(int, first)]
        if order != sort or timezone.is_naive(moment) or len(key) + 2 != len(SORTS[sort]):
            raise ValueError(text)
        return [*key, moment, int(pk)]
    except (ValueError, binascii.Error) as error:
        raise FilterError("cursor", _("翻页标记无法识别，请从第一页重新开始。")) from error


def item_of(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A row of the queue as contract.md 5 names it, with the names that people read."""
    category = catalogue.current().categories.get(row["category_code"])
    name_of = locator.snapshot().name_of
    location = row["location"]
    return {
        "case_no": row["case_no"],
        "title": row["title"],
        "category": {"code": row["category_code"], "name": category.name if category else ""},
        "lines": row["lines"].split(","),
        "line": row["line"],
        "state": row["state"],
        "priority": row["priority"],
        "district": row["district_code"],
        "street": row["street_code"],
        "community": row["community_code"],
        "cell": row["cell_code"],
        "district_name": name_of(row["district_code"]),
        "street_name": name_of(row["street_code"]),
        "community_name": name_of(row["community_code"]),
        "address": row["address"],
        "location": {"lon": location.x, "lat": location.y, "crs": "WGS84"} if location else None,
        "lead_unit": row["lead_unit__code"],
        "lead_unit_name": row["lead_unit__name"] or "",
        "intakes": row["intakes_count"],
        "due": due_of(row, now),
        "created_at": row["created_at"].isoformat(),
        "state_at": row["state_at"].isoformat(),
        "sensitive": row["sensitive"],
        "version": row["version"],
    }


def due_of(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The nearest deadline: OK, NEAR (its clock's first mark is passed), OVERDUE, or NONE when no
    clock runs."""
    due_at = row["due_at"]
    if due_at >= NEVER or not row["due_stage"]:
        return {"stage": None, "due_at": None, "state": "NONE"}
    state = "OVERDUE" if due_at <= now else "NEAR" if row["near_at"] <= now else "OK"
    return {"stage": row["due_stage"], "due_at": due_at.isoformat(), "state": state}


def districts_of(user: User) -> tuple[str, ...]:
    """Prefixes of the districts whose feed the user may follow (at most six digits)."""
    scope = user.scope()
    codes = {post.area_code[:6] for post in scope.posts}
    return tuple(sorted(code for code in codes if scope.covers_district(code)))


def heads_for(user: User) -> dict[str, int]:
    """The feed position of each district that the user may follow."""
    return heads_under(districts_of(user))


def heads_under(prefixes: tuple[str, ...]) -> dict[str, int]:
    """The feed position of each district under the code prefixes."""
    heads = FeedHead.objects.order_by("district").values_list("district", "seq")
    return {district: seq for district, seq in heads if prefixes and district.startswith(prefixes)}


_TALLY = """
SELECT n.district, n.line, n.state, n.count, h.seq
FROM dispatch_feedhead h JOIN (
  SELECT district, line, state, sum(count)::bigint AS count FROM dispatch_tally
  WHERE count > 0 GROUP BY district, line, state) n ON n.district = h.district
WHERE h.district ^@ ANY(%s) ORDER BY n.district, n.line, n.state
"""


def tally_under(prefixes: tuple[str, ...]) -> dict[str, Any]:
    """Counters by line and state of the districts, and the numbers they are true for: one query."""
    with connection.cursor() as cursor:
        cursor.execute(_TALLY, [list(prefixes)])
        rows = cursor.fetchall()
    names = ("district", "line", "state", "count")
    return {
        "as_of": {row[0]: row[4] for row in rows},
        "counters": [dict(zip(names, row[:4], strict=True)) for row in rows],
    }


def home_district(user: User) -> str:
    """The district that the user's screens open with; empty when she has none."""
    for post in user.scope().posts:
        if len(post.area_code) >= 6:  # noqa: PLR2004
            return post.area_code[:6]
    prefixes = districts_of(user)
    if not prefixes:
        return ""
    districts = Area.objects.current().filter(level=Level.DISTRICT, code__startswith=prefixes[0])
    return districts.order_by("code").values_list("code", flat=True).first() or ""


def events_since(user: User, *, district: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Events of a district in order, gapless, from `after` on. Raises CaseNotFoundError (404)."""
    if not user.scope().covers_district(district):
        raise CaseNotFoundError
    return events_after(district, after, max(1, min(limit, 1000)))


EVENT_COLUMNS = ("seq", "topic", "case_no", "to_state", "line", "priority", "at")


def events_after(district: str, after: int, limit: int) -> list[dict[str, Any]]:
    """The messages of a district's feed after a number; one index scan."""
    rows = (
        Event.objects.filter(district=district, seq__gt=after)
        .order_by("seq")
        .values_list(*EVENT_COLUMNS)[:limit]
    )
    return [message_of(district, row) for row in rows]


def message_of(district: str, row: Sequence[Any]) -> dict[str, Any]:
    """An event as the socket sends it (contract.md 6): no personal data."""
    seq, topic, case_no, state, line, priority, at = row
    return {
        "type": "event",
        "district": district,
        "seq": seq,
        "topic": topic,
        "case_no": case_no,
        "state": state,
        "line": line,
        "priority": priority,
        "at": at.isoformat(),
    }


def tally_for(user: User, *, district: str) -> dict[str, Any]:
    """The counters of a district and the number they are true for: one statement's snapshot."""
    if not user.scope().covers_district(district):
        raise CaseNotFoundError
    heads = FeedHead.objects.filter(district=OuterRef("district")).values("seq")
    rows = list(
        Tally.objects.filter(district=district)
        .annotate(head=Subquery(heads))
        .values_list("line", "category", "state", "count", "head")
    )
    names = ("line", "category", "state", "count")
    counters = [dict(zip(names, row[:4], strict=True)) for row in rows if row[3]]
    return {"district": district, "seq": rows[0][4] if rows else 0, "counters": counters}
