"""The API as a program outside sees it: JSON over HTTP with bearer tokens, one connection."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 20.0
OFFSET_STREAM = "application/offset+octet-stream"


class ServerAwayError(Exception):
    """Nobody answers, or the answer is that the server cannot now; try again later."""

    def __init__(self, why: object, retry_after_s: float = 0.0) -> None:
        super().__init__(str(why))
        self.retry_after_s = retry_after_s


class SignInRefusedError(Exception):
    """The password does not fit; trying again would lock the account."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any

    @property
    def is_taken(self) -> bool:
        """True when the server did what was asked."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def code(self) -> str:
        """The stable code of a refusal; empty where there is none."""
        error = self.body.get("error", {}) if isinstance(self.body, dict) else {}
        return str(error.get("code", ""))


class Doors:
    """One connection to one server, with the tokens of all who use it."""

    def __init__(self, base_url: str, password: str) -> None:
        """Take the address of the server and the password of the demo's accounts."""
        url = urlsplit(base_url)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(url.hostname or "127.0.0.1", url.port, timeout=TIMEOUT_S)
        self._prefix = f"{url.path.rstrip('/')}/api/v1/"
        self._password = password
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def get(self, path: str, *, user: str) -> Answer:
        """GET as a user. Raises ServerAwayError."""
        return self._as(user, "GET", path, b"", {})

    def post(self, path: str, body: Mapping[str, Any], *, user: str) -> Answer:
        """POST JSON as a user. Raises ServerAwayError."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        return self._as(user, "POST", path, raw, {"Content-Type": "application/json"})

    def post_signed(self, path: str, raw: bytes, headers: Mapping[str, str]) -> Answer:
        """POST as a system that signs what it sends. Raises ServerAwayError."""
        return self._send("POST", path, raw, headers)

    def upload(self, raw: bytes, *, key: str, user: str) -> str:
        """Send a picture in one piece; its id, or "" where it was refused."""
        headers = {
            "Content-Type": OFFSET_STREAM,
            "Upload-Key": key,
            "Upload-Offset": "0",
            "Upload-Length": str(len(raw)),
        }
        answer = self._as(user, "POST", "attachments", raw, headers)
        return str(answer.body.get("id", "")) if answer.is_taken else ""

    def _as(
        self, user: str, method: str, path: str, raw: bytes, headers: Mapping[str, str]
    ) -> Answer:
        answer = self._send(method, path, raw, {**headers, **self._bearer(user)})
        if answer.status == HTTPStatus.UNAUTHORIZED:
            del self._tokens[user]
            answer = self._send(method, path, raw, {**headers, **self._bearer(user)})
        return answer

    def _bearer(self, user: str) -> dict[str, str]:
        if user not in self._tokens:
            body = json.dumps({"username": user, "password": self._password}).encode()
            answer = self._send("POST", "auth/token", body, {"Content-Type": "application/json"})
            if not answer.is_taken:
                raise SignInRefusedError(f"{user}: {answer.code or answer.status}")
            self._tokens[user] = answer.body["token"]
        return {"Authorization": f"Bearer {self._tokens[user]}"}

    def _send(self, method: str, path: str, raw: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            self._connection.request(method, self._prefix + path, raw or None, dict(headers))
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ServerAwayError(error or type(error).__name__) from error
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerAwayError(f"HTTP {response.status}")
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = response.headers.get("Retry-After", "")
            raise ServerAwayError("HTTP 429", float(wait) if wait.isdigit() else 0.0)
        return Answer(response.status, _json(text))


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {}
