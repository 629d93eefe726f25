"""Places, words and times that cannot be are refused by the name of their field."""

import json
from typing import Any

import pytest

from dispatch.models import Intake
from tests.app.doors import (
    EVENTS,
    FINDINGS,
    TICKETS,
    Door,
    assert_refused,
    each,
    event,
    finding,
    of,
    rows,
    with_word,
)
from tests.city import City
from tests.client import call

pytest_plugins = ["tests.app.door_fixtures"]
pytestmark = pytest.mark.usefixtures("watched_log")


PLACES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("not a number", {"lon": float("nan")}, "NOT_FINITE", "location"),
    ("infinite", {"lat": float("inf")}, "NOT_FINITE", "location"),
    ("minus infinite", {"lat": float("-inf")}, "NOT_FINITE", "location"),
    ("beyond the poles", {"lat": 91}, "OUT_OF_RANGE", "location"),
    ("axes swapped", {"lon": 29.9, "lat": 119.6}, "OUT_OF_RANGE", "location"),
    ("in the sea", {"lon": 0, "lat": 0}, "OUTSIDE_CITY", "location"),
    ("in the next city", {"lon": 120.9, "lat": 29.9}, "OUTSIDE_CITY", "location"),
    ("unknown system", {"crs": "EPSG:4326"}, "UNKNOWN_CRS", "location.crs"),
    ("lower case system", {"crs": "wgs84"}, "UNKNOWN_CRS", "location.crs"),
    ("no system", {"crs": ""}, "UNKNOWN_CRS", "location.crs"),
    ("negative accuracy", {"accuracy_m": -1}, "BAD_ACCURACY", "location.accuracy_m"),
    ("huge accuracy", {"accuracy_m": 1e9}, "BAD_ACCURACY", "location.accuracy_m"),
    ("accuracy no number", {"accuracy_m": float("nan")}, "BAD_ACCURACY", "location.accuracy_m"),
)


@each(("changes", "code", "field"), [row[1:] for row in PLACES])
def test_a_place_that_cannot_be_one_is_refused(
    door: Door, changes: dict[str, Any], code: str, field: str
) -> None:
    before = rows()
    good = {"lon": 119.6001, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 5}

    answer = door.send(of(door, location={**good, **changes}))

    assert_refused(answer, 422, code, field)
    assert rows() == before


@each("wrong", [10**400, [], {}, "east", None])
def test_a_place_that_is_not_made_of_numbers_is_refused(door: Door, wrong: object) -> None:
    before = rows()

    answer = door.send(of(door, location={"lon": wrong, "lat": 29.9, "crs": "WGS84"}))

    if wrong is None and door.path == EVENTS:
        assert answer.status_code == 201
        return
    assert answer.status_code in {400, 422}
    assert_refused(answer, answer.status_code, json.loads(answer.content)["error"]["code"])
    assert rows() == before


TICKET_WORDS = ("title", "content", "address", "call_id", "category", "kind", "attach_to_case",
                "caller.name", "caller.phone", "location.crs")  # fmt: skip
FINDING_WORDS = ("device", "text", "component_id", "category", "location.crs")
EVENT_WORDS = ("data.text", "data.title", "data.project_no", "data.item_code", "data.phone",
               "data.applicant_name", "data.address", "data.area_code", "data.item_name",
               "id", "source", "type")  # fmt: skip
WORDS = (
    *((TICKETS, path) for path in TICKET_WORDS),
    *((FINDINGS, path) for path in FINDING_WORDS),
    *((EVENTS, path) for path in EVENT_WORDS),
)


@each(("path", "where"), WORDS)
@each("word", ["a\x00b", "a\ud800b"])
def test_characters_that_cannot_be_kept_are_refused_in_every_field(
    city: City, path: str, where: str, word: str
) -> None:
    before = rows()

    answer = Door(city, path).send(with_word(path, where, word))

    assert_refused(answer, 422, "BAD_CHARACTER", where)
    assert rows() == before


@each(
    ("path", "where", "code"),
    [
        (TICKETS, "title", "TOO_LONG"),
        (TICKETS, "content", "TOO_LONG"),
        (TICKETS, "address", "TOO_LONG"),
        (TICKETS, "caller.name", "TOO_LONG"),
        (TICKETS, "caller.phone", "BAD_PHONE"),
        (TICKETS, "call_id", "FIELDS"),
        (TICKETS, "category", "UNKNOWN_CATEGORY"),
        (TICKETS, "kind", "UNKNOWN_KIND"),
        (TICKETS, "attach_to_case", "UNKNOWN_CASE"),
        (FINDINGS, "text", "FIELDS"),
        (FINDINGS, "device", "FIELDS"),
        (FINDINGS, "component_id", "TOO_LONG"),
        (FINDINGS, "category", "UNKNOWN_CATEGORY"),
        (EVENTS, "id", "UNKNOWN_EVENT"),
        (EVENTS, "source", "UNKNOWN_EVENT"),
        (EVENTS, "type", "UNKNOWN_EVENT"),
    ],
)
def test_ten_thousand_characters_are_too_many(city: City, path: str, where: str, code: str) -> None:
    before = rows()

    answer = Door(city, path).send(with_word(path, where, "字" * 10_000))

    assert_refused(answer, 422, code, where)
    assert rows() == before


@each(("path", "where"), [(TICKETS, "occurred_at"), (FINDINGS, "captured_at"),
                                             (EVENTS, "time")])  # fmt: skip
@each(
    "at",
    ["1900-01-01T00:00:00+08:00", "2999-01-01T00:00:00+08:00", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00", "1999-12-31"],
)  # fmt: skip
@each("kept_only", [False, True])
def test_a_time_in_the_future_or_long_ago_is_refused(
    city: City, path: str, where: str, at: str, kept_only: bool
) -> None:
    before = rows()
    body = with_word(path, where, at)
    if kept_only and path == EVENTS:
        body["type"] = "sanxian.affairs.application.status_changed"

    answer = Door(city, path).send(body)

    assert answer.status_code == 422, answer.content
    assert_refused(answer, 422, json.loads(answer.content)["error"]["code"], where)
    assert rows() == before


@each(("path", "where"), [(TICKETS, "occurred_at"), (FINDINGS, "captured_at"),
                                             (EVENTS, "time")])  # fmt: skip
@each("at", ["yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "{}"])
def test_a_time_that_is_none_is_refused(city: City, path: str, where: str, at: str) -> None:
    answer = Door(city, path).send(with_word(path, where, at))

    assert answer.status_code == 422
    assert_refused(answer, 422, json.loads(answer.content)["error"]["code"], where)


@each(("path", "where"), [(TICKETS, "occurred_at"), (FINDINGS, "captured_at"),
                                             (EVENTS, "time")])  # fmt: skip
def test_a_time_without_a_zone_is_the_citys(city: City, path: str, where: str) -> None:

    answer = Door(city, path).send(with_word(path, where, "2026-03-02T09:30:00"))

    assert answer.status_code == 201, answer.content
    assert Intake.objects.latest("pk").occurred_at.isoformat() == "2026-03-02T01:30:00+00:00"


@each(
    ("where", "word", "code"),
    [
        ("title", "", "REQUIRED"),
        ("title", " \n\t ", "REQUIRED"),
        ("kind", "", "UNKNOWN_KIND"),
        ("kind", "FINDING", "UNKNOWN_KIND"),
        ("kind", "EVENT", "UNKNOWN_KIND"),
        ("category", "", "UNKNOWN_CATEGORY"),
        ("category", "E9999", "UNKNOWN_CATEGORY"),
        ("priority", 4, "UNKNOWN_PRIORITY"),
        ("priority", -1, "UNKNOWN_PRIORITY"),
        ("priority", 10**30, "UNKNOWN_PRIORITY"),
        ("priority", "high", "FIELDS"),
        ("caller.phone", "not a phone", "BAD_PHONE"),
        ("caller.phone", "12", "BAD_PHONE"),
        ("attach_to_case", "339901x", "UNKNOWN_CASE"),
        ("caller", 7, "FIELDS"),
        ("title", None, "FIELDS"),
        ("title", 7, "FIELDS"),
        ("wants_reply", "maybe", "FIELDS"),
    ],
)
def test_a_ticket_that_breaks_a_rule_names_the_field(
    tickets: Door, where: str, word: object, code: str
) -> None:
    before = rows()

    answer = tickets.send(with_word(TICKETS, where, word))

    assert_refused(answer, 422, code, where)
    assert rows() == before


@each(
    ("where", "word"),
    [("uid", "not-a-uuid"), ("uid", None), ("uid", 7), ("device", None), ("photos", "x"),
     ("photos", ["x"]), ("photos", [None]), ("location", None), ("captured_at", None)],
)  # fmt: skip
def test_a_finding_of_the_wrong_types_names_the_field(
    findings: Door, where: str, word: object
) -> None:
    before = rows()

    answer = findings.send(with_word(FINDINGS, where, word))

    assert answer.status_code == 422
    assert_refused(answer, 422, "FIELDS")
    assert rows() == before


def test_a_photo_that_was_never_uploaded_is_named(findings: Door) -> None:
    answer = findings.send(finding(photos=["6f1b1f0e-1111-4c3a-9a5e-000000000009"]))

    assert_refused(answer, 422, "UNKNOWN_ATTACHMENT", "photos")


def test_unknown_fields_are_passed_over(door: Door) -> None:
    body = of(door)
    body["no_such_field"] = {"deep": [1, 2, 3]}

    answer = door.send(body)

    assert answer.status_code == 201


@each(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"source": None}, "source"),
        ({"type": "sanxian.affairs.no.such.type"}, "type"),
        ({"type": "another.prefix.review.submitted"}, "type"),
        ({"data": [1]}, "data"),
        ({"data": "text"}, "data"),
        ({"data": {"satisfaction": 9}}, "data.satisfaction"),
        ({"data": {"satisfaction": {"a": 1}}}, "data.satisfaction"),
        ({"data": {"satisfaction": 1, "text": ["a"]}}, "data.text"),
        ({"data": {"satisfaction": 1, "area_code": {}}}, "data.area_code"),
    ],
)
def test_an_event_that_breaks_a_rule_names_the_field(
    events: Door, changes: dict[str, Any], field: str
) -> None:
    before = rows()

    answer = events.send(event(**changes))

    assert_refused(answer, 422, "UNKNOWN_EVENT", field)
    assert rows() == before


@each(
    "headers",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "nonsense"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,不"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "inf"},
        {"webhook-timestamp": "1e400"},
        {"webhook-timestamp": "1000000000"},
        {"webhook-timestamp": "99999999999"},
        {"webhook-timestamp": ""},
        {"webhook-id": "another"},
        {"webhook-id": ""},
    ],
)
def test_a_wrong_or_old_signature_is_not_let_in(events: Door, headers: dict[str, str]) -> None:
    before = rows()

    answer = events.send(event(), **headers)

    assert_refused(answer, 401, "BAD_SIGNATURE")
    assert rows() == before


def test_a_refusal_is_one_line_of_the_log_with_its_trace_id(
    tickets: Door, caplog: pytest.LogCaptureFixture
) -> None:
    answer = tickets.send(call(category="E9999"))

    lines = [record.getMessage() for record in caplog.records if record.name == "sanxian.request"]
    assert len(lines) == 1
    assert answer["X-Trace-Id"] in lines[0]
    assert "status=422" in lines[0]
    assert "code=UNKNOWN_CATEGORY" in lines[0]
