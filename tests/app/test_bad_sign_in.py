"""Signing in with nonsense."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.app.doors import (
    assert_refused,
    each,
    post_raw,
)
from tests.city import City

pytest_plugins = ["tests.app.door_fixtures"]
pytestmark = pytest.mark.usefixtures("watched_log")


@each(
    ("body", "status"),
    [
        ({"username": "operator1", "password": "wrong"}, 401),
        ({"username": "", "password": ""}, 401),
        ({"username": "nobody here" * 1000, "password": "x" * 100_000}, 401),
        ({"username": "a\x00b", "password": "x"}, 422),
        ({"username": "\ud800", "password": "x"}, 422),
        ({"username": "operator1"}, 422),
        ({"username": None, "password": None}, 422),
        ({"username": {"a": 1}, "password": []}, 422),
    ],
)
def test_signing_in_with_nonsense_is_refused(city: City, body: dict[str, Any], status: int) -> None:
    client = Client(raise_request_exception=False)

    answer = post_raw(client, "auth/token", json.dumps(body).encode())

    assert_refused(answer, status, json.loads(answer.content)["error"]["code"])


def test_the_sign_in_page_survives_a_nul_byte(city: City) -> None:
    client = Client(raise_request_exception=False)

    answer = client.post("/login/", {"username": "a\x00b", "password": "x\x00"})

    assert answer.status_code == 403


@each("header", ["Bearer", "Bearer ", "Bearer x y", "Basic eDp5", "Bearer \xff"])
def test_a_token_that_is_none_is_not_signed_in(city: City, header: str) -> None:
    client = Client(raise_request_exception=False)

    assert_refused(
        client.get("/api/v1/me", headers={"Authorization": header}), 401, "NOT_SIGNED_IN"
    )
