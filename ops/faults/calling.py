"""A client of the JSON API that knows both web processes and changes over when one fails."""

import http.client
import json
import random
from typing import Any

from ops.faults.diary import Diary

TIMEOUT_S = 5.0
BUSY = 429
BROKEN = 500


class NoAnswerError(Exception):
    """No answer, or one that asks to try again: whether it was done is not known."""


class Caller:
    """One client with one connection at a time; not for several threads."""

    def __init__(self, ports: list[int], diary: Diary, rng: random.Random) -> None:
        self._ports = rng.sample(ports, len(ports))
        self._diary = diary
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: Any, token: str, **headers: str) -> tuple[int, Any]:
        """POST JSON to /api/v1/...: (status, body). Raises NoAnswerError."""
        return self._ask("POST", path, json.dumps(body).encode(), token, headers)

    def get(self, path: str, token: str) -> tuple[int, Any]:
        """GET /api/v1/...: (status, body). Raises NoAnswerError."""
        return self._ask("GET", path, None, token, {})

    def _ask(
        self, method: str, path: str, raw: bytes | None, token: str, headers: dict[str, str]
    ) -> tuple[int, Any]:
        connection = self._connection or http.client.HTTPConnection(
            "127.0.0.1", self._ports[0], timeout=TIMEOUT_S
        )
        self._connection = connection
        sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
        try:
            connection.request(method, f"/api/v1/{path}", raw, sent)
            response = connection.getresponse()
            status, answer = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._change_over()
            raise NoAnswerError from error
        if status == BROKEN:
            self._diary.broke()
        if status == BUSY or status >= BROKEN:
            self._change_over()
            raise NoAnswerError
        self._diary.request(is_answered=True)
        return status, json.loads(answer)

    def _change_over(self) -> None:
        self._diary.request(is_answered=False)
        if self._connection:
            self._connection.close()
        self._connection = None
        self._ports.append(self._ports.pop(0))
