"""A JSON client of the API for the tests, speaking with a bearer token."""

import json
from typing import Any

from django.test import Client

from tests.city import City


class Api:
    """Calls as one user; answers are (status, body)."""

    def __init__(self, city: City, username: str | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {city.token(username)}"} if username else {}

    def get(self, path: str, **params: Any) -> tuple[int, Any]:
        """GET /api/v1/..."""
        answer = self.client.get(f"/api/v1/{path}", params, headers=self.headers)
        return answer.status_code, answer.json()

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """POST JSON to /api/v1/..."""
        raw = body if isinstance(body, bytes) else json.dumps(body)
        answer = self.client.post(
            f"/api/v1/{path}",
            raw,
            content_type="application/json",
            headers={**self.headers, **headers},
        )
        return answer.status_code, answer.json()


def call(**changes: Any) -> dict[str, Any]:
    """A call about exposed rubbish in district A."""
    return {
        "kind": "COMPLAINT",
        "title": "垃圾散落一地",
        "content": "春晓社区门口垃圾散落",
        "category": "E0104",
        "caller": {"phone": "13800138000", "name": "王小明"},
        "location": {"lon": 119.6001, "lat": 29.9001, "crs": "WGS84", "accuracy_m": 8},
        **changes,
    }
