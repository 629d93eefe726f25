"""What cannot be read is refused in the one shape of errors, and nothing half is written."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from tests.app.doors import (
    EVENTS,
    FINDINGS,
    TICKETS,
    Door,
    assert_refused,
    each,
    finding,
    of,
    post_raw,
    rows,
    signed,
)
from tests.city import City
from tests.client import call

pytest_plugins = ["tests.app.door_fixtures"]
pytestmark = pytest.mark.usefixtures("watched_log")


@each(
    ("body", "code"),
    [
        (b'{"title": ', "MALFORMED_JSON"),
        (b"not json", "MALFORMED_JSON"),
        (b'{"a": 1} trailing', "MALFORMED_JSON"),
        (b"[" * 100_000, "MALFORMED_JSON"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "MALFORMED_JSON"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "MALFORMED_JSON"),
        (b'{"n": ' + b"9" * 5000 + b"}", "MALFORMED_JSON"),
        (b'{"title": "a", "title": "b"}', "DUPLICATE_KEY"),
        (b'{"x": {"title": "a", "title": "b"}}', "DUPLICATE_KEY"),
    ],
)
def test_a_body_that_is_not_good_json_is_malformed(door: Door, body: bytes, code: str) -> None:
    before = rows()

    answer = door.send(body)

    assert_refused(answer, 400, code)
    assert rows() == before


@each("path", [TICKETS, FINDINGS])
def test_bytes_that_are_not_utf8_are_malformed(city: City, path: str) -> None:
    before = rows()

    answer = Door(city, path).send(b'{"title": "\xff\xfe\xb5"}')

    assert_refused(answer, 400, "INVALID_UTF8")
    assert rows() == before


def test_an_event_that_is_not_utf8_has_no_valid_signature(city: City) -> None:
    client = Client(raise_request_exception=False)

    answer = post_raw(client, EVENTS, b'{"x": "\xff"}', **signed(b"{}"))

    assert_refused(answer, 401, "BAD_SIGNATURE")


@each("body", [b"[]", b"1", b"null", b'"text"', b"true", b"", b"{}"])
def test_json_that_is_not_the_object_asked_for_is_refused(door: Door, body: bytes) -> None:
    before = rows()

    answer = door.send(body)

    assert answer.status_code in {400, 422}
    assert_refused(answer, answer.status_code, json.loads(answer.content)["error"]["code"])
    assert rows() == before


@each("path", [TICKETS, FINDINGS])
def test_another_content_type_is_not_supported(city: City, path: str) -> None:
    door = Door(city, path)

    answer = door.client.post(
        f"/api/v1/{path}",
        json.dumps(of(door)).encode(),
        content_type="text/plain",
        headers=door.headers,
    )

    assert_refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_of_200_mb_is_refused_by_its_length_alone(door: Door) -> None:
    answer = door.client.generic(
        "POST",
        f"/api/v1/{door.path}",
        b"{}",
        content_type="application/json",
        headers=door.headers,
        CONTENT_LENGTH=str(200 * 1024 * 1024),
    )

    assert_refused(answer, 413, "BODY_TOO_LARGE")


@each(
    "language",
    [("en", "The body may not be larger than 10 MB."), ("zh-CN", "内容不得超过 10 MB。")],
)
def test_too_large_is_said_in_the_language_of_the_reader(
    tickets: Door, language: tuple[str, str], settings: Any
) -> None:
    settings.MAX_BODY_MB = 10
    answer = tickets.client.generic(
        "POST",
        f"/api/v1/{TICKETS}",
        b"{}",
        content_type="application/json",
        headers={**tickets.headers, "Accept-Language": language[0]},
        CONTENT_LENGTH=str(200 * 1024 * 1024),
    )

    assert answer.json()["error"]["message"] == language[1]


@each("length", ["-1", "²", "1e3", "12,12"])
def test_a_length_that_is_no_number_is_refused(tickets: Door, length: str) -> None:
    answer = tickets.client.generic(
        "POST",
        f"/api/v1/{TICKETS}",
        b"{}",
        content_type="application/json",
        headers=tickets.headers,
        CONTENT_LENGTH=length,
    )

    assert_refused(answer, 413, "BODY_TOO_LARGE")


def test_a_body_in_chunks_without_a_length_is_refused(door: Door) -> None:
    answer = door.client.generic(
        "POST",
        f"/api/v1/{door.path}",
        b"",
        content_type="application/json",
        headers={**door.headers, "Transfer-Encoding": "chunked"},
    )

    assert_refused(answer, 411, "LENGTH_REQUIRED")


@each("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(door: Door, method: str) -> None:
    answer = door.client.generic(method, f"/api/v1/{door.path}", headers=door.headers)

    assert_refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in answer["Allow"]


def test_an_address_that_does_not_exist_answers_in_the_same_shape(tickets: Door) -> None:
    answer = tickets.client.get("/api/v1/no/such/address", headers=tickets.headers)

    assert_refused(answer, 404, "NOT_FOUND")


@each(
    "path",
    ["cases/%00", "queue?district=%00", "queue?unit=a%00b", "events?district=%00",
     "tally?district=%00", "places?q=%00", "intakes/%00/reveal", "queue?cursor=%00",
     "radar?lon=119.6&lat=29.9&category=%00"],
)  # fmt: skip
def test_a_nul_byte_in_an_address_is_refused(city: City, path: str) -> None:
    client = Client(raise_request_exception=False)

    answer = client.get(
        f"/api/v1/{path}", headers={"Authorization": f"Bearer {city.token('leader1')}"}
    )

    assert_refused(answer, 400, "BAD_CHARACTER")


@each(
    ("body", "status", "code"),
    [
        ({"move": "fly", "version": 1}, 422, "UNKNOWN_MOVE"),
        ({"move": "", "version": 1}, 422, "UNKNOWN_MOVE"),
        ({"move": "accept"}, 422, "FIELDS"),
        ({"version": 1}, 422, "FIELDS"),
        ({"move": "accept", "version": "one"}, 422, "FIELDS"),
        ({"move": "accept", "version": 1.5}, 422, "FIELDS"),
        ({"move": "accept", "version": None}, 422, "FIELDS"),
        ({"move": "accept", "version": 10**30}, 409, "STALE_VERSION"),
        ({"move": "accept", "version": 99}, 409, "STALE_VERSION"),
        ({"move": "sign", "version": 1}, 403, "NOT_ALLOWED"),
        ({"move": "reject", "version": 1}, 422, "FIELDS"),
        ({"move": "reject", "version": 1, "reject_reason": "SECRET"}, 422, "FIELDS"),
        ({"move": "reject", "version": 1, "reject_reason": "NO", "reason": "x"}, 422, "FIELDS"),
        ({"move": "reject", "version": 1, "reject_reason": {}, "reason": "x"}, 422, "FIELDS"),
        ({"move": "reject", "version": 1, "reject_reason": "SECRET", "reason": []}, 422, "FIELDS"),
        ({"move": "reject", "version": 1, "reject_reason": "SECRET", "reason": "字" * 9999},
         422, "FIELDS"),
        ({"move": "reject", "version": 1, "reject_reason": "SECRET", "reason": "a\x00"},
         422, "BAD_CHARACTER"),
        ({"move": "reject", "version": 1, "reject_reason": "SECRET", "reason": "\ud800"},
         422, "BAD_CHARACTER"),
        ({"move": "accept", "version": 1, "reason": {"deep": [1]}}, 422, "FIELDS"),
        ({"move": "accept", "version": 1, "reason": "字" * 9999}, 422, "FIELDS"),
    ],
)  # fmt: skip
def test_a_move_that_cannot_be_made_changes_nothing(
    city: City, body: dict[str, Any], status: int, code: str
) -> None:
    made = Door(city, TICKETS).send(call(category="L0000"))
    case_no = json.loads(made.content)["case_no"]
    before = rows()
    client = Client(raise_request_exception=False)

    answer = post_raw(
        client,
        f"cases/{case_no}/moves",
        json.dumps(body).encode(),
        Authorization=f"Bearer {city.token('receiver1')}",
    )

    assert_refused(answer, status, code)
    assert rows() == before


@each("photos", ["x", ["x"], [1], [None], [{}], {"a": 1}])
def test_photos_of_a_move_are_a_list_of_attachments(city: City, photos: object) -> None:
    made = Door(city, FINDINGS).send(finding())
    case_no = json.loads(made.content)["case_no"]
    client = Client(raise_request_exception=False)

    answer = post_raw(
        client,
        f"cases/{case_no}/moves",
        json.dumps({"move": "self_handle", "version": 1, "text": "ok", "photos": photos}).encode(),
        Authorization=f"Bearer {city.token('inspector1')}",
    )

    assert_refused(answer, 422, "FIELDS", "photos")


QUERIES = (
    ("queue?limit=many", 400),
    ("queue?limit=-5", 200),
    ("queue?limit=99999999999999999999", 200),
    ("queue?cursor=x", 400),
    ("queue?cursor=%FF", 400),
    ("queue?state=FLYING", 400),
    ("queue?line=SEA", 400),
    ("queue?priority=a", 400),
    ("queue?priority=99999999999999999999", 200),
    ("queue?sort=random", 400),
    ("queue?bbox=1,2,3", 400),
    ("queue?bbox=a,b,c,d", 400),
    ("queue?bbox=nan,nan,nan,nan", 400),
    ("queue?bbox=inf,0,0,0", 400),
    ("queue?due_before=x", 400),
    ("queue?due_before=2026-03-02T09:00:00", 200),
    ("queue?due_before=0001-01-01T00:00:00Z", 200),
    ("queue?due_before=9999-12-31T23:59:59-12:00", 200),
    ("queue?category=none", 200),
    ("queue?q=%25%5F%5C", 200),
    ("queue?q=" + "x" * 5000, 200),
    ("queue/counters?state=FLYING", 400),
    ("events?district=339901&after=-1", 200),
    ("events?district=339901&after=99999999999999999999", 200),
    ("events?district=339901&limit=-9", 200),
    ("events", 400),
    ("events?district=339999&after=x", 400),
    ("tally", 400),
    ("radar?lon=nan&lat=1&category=E0104", 422),
    ("radar?lon=119.6&lat=29.9&category=none", 422),
    ("radar?lon=119.6&lat=29.9", 200),
    ("radar?lon=119.6&lat=29.9&category=E0104&crs=MARS", 422),
    ("cases/nothing", 404),
    ("attachments/6f1b1f0e-1111-4c3a-9a5e-000000000009", 404),
    ("attachments/not-a-uuid", 404),
    ("attachments/uploads/..", 422),
    ("attachments/uploads/short", 422),
    ("locate?lon=0&lat=0&crs=WGS84", 422),
    ("places?q=x&limit=0", 400),
)
CURSORS = (
    "2026-03-02T09:00:00|1",
    "2026-03-02T09:00:00+08:00|x",
    "x|1",
    "|",
    "1|2|3",
    "2026-03-02T09:00:00+08:00|99999999999999999999",
    "0001-01-01T00:00:00+14:00|1",
)


@each(("path", "status"), QUERIES)
def test_filters_that_cannot_be_read_are_named(city: City, path: str, status: int) -> None:
    client = Client(raise_request_exception=False)

    answer = client.get(
        f"/api/v1/{path}", headers={"Authorization": f"Bearer {city.token('leader1')}"}
    )

    assert answer.status_code == status, answer.content[:300]
    if status != 200:
        assert_refused(answer, status, json.loads(answer.content)["error"]["code"])


@each("inside", CURSORS)
def test_a_page_mark_that_somebody_made_up_is_refused_or_harmless(city: City, inside: str) -> None:

    mark = base64.urlsafe_b64encode(f"due|{inside}".encode()).decode()
    client = Client(raise_request_exception=False)

    answer = client.get(
        "/api/v1/queue",
        {"cursor": mark},
        headers={"Authorization": f"Bearer {city.token('leader1')}"},
    )

    assert answer.status_code in {200, 400}


@each("path", ["queue/?district=%00", "queue/?cursor=x", "cases/%00/",
                                  "queue/rows?ids=%00", "queue/?street=%00"])  # fmt: skip
def test_pages_with_broken_filters_do_not_break(city: City, path: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(city["leader1"])

    assert client.get(f"/{path}").status_code in {400, 404}
