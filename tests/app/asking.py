"""One call of the JSON API as one of the people of the small city."""

import json
from typing import Any

from django.test import Client

from tests.city import City


def ask(city: City, who: str, method: str, path: str, body: Any = None) -> Any:
    """The answer to a call of /api/v1/{path}; nobody's errors are raised here."""
    return Client(raise_request_exception=False).generic(
        method,
        f"/api/v1/{path}",
        b"" if body is None else json.dumps(body).encode(),
        "application/json",
        headers={"Authorization": f"Bearer {city.token(who)}"},
    )
