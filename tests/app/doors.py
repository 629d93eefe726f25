"""The bodies of the three doors for the tests, and a hall that signs its events."""

import functools
import inspect
import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from standardwebhooks import Webhook

from tests.city import HALL_SECRET, City
from tests.client import call

TICKETS, FINDINGS, EVENTS = "hotline/tickets", "grid/findings", "affairs/events"
CITY_LOCATION = {"lon": 119.6001, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 5}


def finding(**changes: Any) -> dict[str, Any]:
    """An inspector's report of rubbish in district A."""
    return {
        "uid": str(uuid.uuid4()),
        "device": "phone-1",
        "captured_at": "2026-03-02T09:00:00+08:00",
        "category": "E0102",
        "text": "纸箱堆放",
        "location": dict(CITY_LOCATION),
        **changes,
    }


def event(data: Any = None, **changes: Any) -> dict[str, Any]:
    """A bad review as a CloudEvent in structured mode."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/hall/3399",
        "type": "sanxian.affairs.review.submitted",
        "time": "2026-03-02T09:00:00+08:00",
        "data": {
            "satisfaction": 1,
            "text": "窗口排队太久",
            "project_no": "P-1",
            "applicant_name": "王小明",
            "phone": "13800138000",
        }
        if data is None
        else data,
        **changes,
    }


def signed(body: bytes, *, at: datetime | None = None, secret: str = HALL_SECRET) -> dict[str, str]:
    """The Standard Webhooks headers of a body."""
    at = at or datetime.now(UTC)
    message = f"msg_{uuid.uuid4().hex}"
    signature = Webhook(secret).sign(msg_id=message, timestamp=at, data=body.decode("utf-8"))
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def post_raw(client: Client, path: str, body: bytes, **headers: str) -> Any:
    """POST bytes to /api/v1/... as JSON."""
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def send_event(body: Any, **changes: Any) -> tuple[int, Any]:
    """POST a signed event; (status, body)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = post_raw(
        Client(raise_request_exception=False), EVENTS, raw, **{**signed(raw), **changes}
    )
    return answer.status_code, answer.json()


PHONE, NAME = "13800138000", "王小明"
ROWS = ("dispatch", "hotline", "grid", "affairs")
STANDING = frozenset({"Category", "FilingCondition", "StageLimit", "DuplicateRule",
                       "WorkCalendarDay"})  # fmt: skip
BODIES = {TICKETS: call, FINDINGS: finding}
PEOPLE = {TICKETS: "operator1", FINDINGS: "inspector1"}


def rows() -> dict[str, int]:
    """How many rows each table of the queue and the lines has."""
    return {
        model.__name__: model._default_manager.count()
        for app in ROWS
        for model in apps.get_app_config(app).get_models()
        if model.__name__ not in STANDING
    }


class Door:
    """One door, spoken to with raw bytes by the one who may use it."""

    def __init__(self, city: City, path: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.path = path
        person = PEOPLE.get(path)
        self.headers = {"Authorization": f"Bearer {city.token(person)}"} if person else {}

    def send(self, body: Any, **headers: str) -> Any:
        """POST a body: bytes as they are, the rest as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if self.path == EVENTS:
            headers = {**signed(raw), **headers}
        return post_raw(self.client, self.path, raw, **self.headers, **headers)


def assert_refused(answer: Any, status: int, code: str, field: str = "") -> None:
    """Assert the one shape of errors."""
    body = json.loads(answer.content)
    assert set(body) == {"error"}, body
    error = body["error"]
    assert set(error) == {"code", "message", "fields", "trace_id"}
    assert (answer.status_code, error["code"]) == (status, code), error
    assert error["message"]
    assert error["trace_id"] == answer["X-Trace-Id"]
    assert not field or field in error["fields"], error
    assert all(isinstance(why, list) for why in error["fields"].values())


def of(door: Door, **changes: Any) -> dict[str, Any]:
    """A good body of the door, changed."""
    if door.path == EVENTS:
        return event({**event()["data"], **changes})
    return BODIES[door.path](**changes)


def with_word(path: str, where: str, word: object) -> dict[str, Any]:
    """A good body with one field replaced."""
    body = event() if path == EVENTS else BODIES[path]()
    *way, last = where.split(".")
    part = body
    for name in way:
        part = part[name]
    part[last] = word
    return body


Test = Callable[..., None]


def each(names: str | tuple[str, ...], rows: Iterable[Any]) -> Callable[[Test], Test]:
    """Like `parametrize`, but as subtests of one test: the city is built once for all rows."""
    wanted = (names,) if isinstance(names, str) else names
    table = [row if len(wanted) > 1 else (row,) for row in rows]

    def decorate(test: Test) -> Test:
        parameters = inspect.signature(test).parameters
        kept = [p for name, p in parameters.items() if name not in {*wanted, "subtests"}]
        own = inspect.Parameter("subtests", inspect.Parameter.POSITIONAL_OR_KEYWORD)

        @functools.wraps(test)
        def all_rows(*, subtests: pytest.Subtests, **fixtures: Any) -> None:
            if "subtests" in parameters:
                fixtures["subtests"] = subtests
            for row in table:
                values = dict(zip(wanted, row, strict=True))
                with subtests.test(**{name: repr(value)[:60] for name, value in values.items()}):
                    test(**values, **fixtures)

        all_rows.__signature__ = inspect.Signature([*kept, own])  # type: ignore[attr-defined]
        return all_rows

    return decorate
