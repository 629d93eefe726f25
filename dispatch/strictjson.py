"""Reads JSON that others sent: UTF-8 only, no key twice, not too deep, only storable characters."""

import json
from typing import Any

from django.utils.translation import gettext as _

from dispatch.voices import is_storable

MOST_DEPTH = 40
"""Levels of lists and objects; the deepest body of ours has four."""


class BodyError(Exception):
    """The body is not the JSON that is asked for (400, 415, or 422 where a character is bad)."""

    def __init__(self, code: str, status: int, message: str, path: str = "") -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message
        self.fields = {path: [message]} if path else {}


def read(body: bytes) -> Any:
    """The parsed body; raises BodyError."""
    try:
        parsed = json.loads(body.decode("utf-8"), object_pairs_hook=_no_key_twice)
    except UnicodeDecodeError as error:
        raise BodyError("INVALID_UTF8", 400, _("内容不是有效的 UTF-8。")) from error
    except (ValueError, RecursionError) as error:
        raise BodyError("MALFORMED_JSON", 400, _("内容不是有效的 JSON。")) from error
    if b"\\u" in body or body.count(b"[") + body.count(b"{") > MOST_DEPTH:
        _walk(parsed)
    return parsed


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyError("DUPLICATE_KEY", 400, _("同一个键出现了两次。"))
    return found


def _walk(parsed: Any) -> None:
    """Look at every part without recursion; bad characters can only come from escapes (\\u)."""
    left: list[tuple[str, int, Any]] = [("", 0, parsed)]
    while left:
        path, depth, part = left.pop()
        if depth > MOST_DEPTH:
            raise BodyError("MALFORMED_JSON", 400, _("JSON 嵌套过深。"))
        if isinstance(part, str) and not is_storable(part):
            why = _("文字中含有不可用的字符。")
            raise BodyError("BAD_CHARACTER", 422, why, path or "body")
        if isinstance(part, dict):
            left.extend((path or "body", depth, key) for key in part)
            left.extend((f"{path}.{key}".lstrip("."), depth + 1, part[key]) for key in part)
        elif isinstance(part, list):
            left.extend((f"{path}.{n}".lstrip("."), depth + 1, item) for n, item in enumerate(part))
