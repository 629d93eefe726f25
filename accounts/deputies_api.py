"""GET and POST /api/v1/deputies, and the ending of one."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status
from pydantic import field_validator

from accounts.arrangements_api import EndingIn, PeriodIn, shown
from accounts.deputies import (
    arrange_deputy,
    deputies_for,
    end_deputy,
    lent_in_words,
    people_for,
)
from accounts.models import Deputy, User

router = Router(tags=["deputies"])


class DeputyIn(PeriodIn):
    """Who is away, who stands in (user names), from when to when, and why; for one post of hers
    (its id), or for all that may be lent."""

    @field_validator("post", mode="before")
    @classmethod
    def nothing_is_all(cls, value: object) -> object:
        """An empty choice of a form means all posts."""
        return None if value == "" else value

    absent: str
    deputy: str
    post: int | None = None


@router.get("")
def list_deputies(request: HttpRequest) -> dict[str, Any]:
    """The periods that the user may know of, latest first."""
    now = timezone.now()
    found = deputies_for(cast(User, request.user), now=now)
    words = lent_in_words(found)
    return {"items": [_shown(row, words[row.pk], now) for row in found]}


@router.post("", response={201: dict[str, Any]})
def add_deputy(request: HttpRequest, payload: DeputyIn) -> Status[dict[str, Any]]:
    """Arrange a deputy."""
    now = timezone.now()
    row = arrange_deputy(
        absent=payload.absent,
        deputy=payload.deputy,
        post=payload.post,
        period=payload.period(),
        by=cast(User, request.user),
        now=now,
    )
    return Status(201, _shown(row, lent_in_words([row])[row.pk], now))


@router.get("/people")
def people(request: HttpRequest, q: str = "") -> dict[str, Any]:
    """The nine people nearest to what was typed whom the user arranges for, with their posts."""
    found = people_for(cast(User, request.user), q)
    return {"items": [asdict(person) for person in found]}


@router.post("/{int:deputy_id}/end")
def end(request: HttpRequest, deputy_id: int, payload: EndingIn) -> dict[str, Any]:
    """End a period early, or call it off, and say why."""
    now, by = timezone.now(), cast(User, request.user)
    row = end_deputy(deputy_id=deputy_id, reason=payload.reason, by=by, now=now)
    return _shown(row, lent_in_words([row])[row.pk], now)


def _shown(row: Deputy, lent: tuple[str, ...], now: datetime) -> dict[str, Any]:
    """A period as programs read it; `post` is the id of the one that is lent, `posts` in words."""
    return {
        "post": row.post_id,
        "posts": lent,
        "absent": {"username": row.absent.username, "name": row.absent.name},
        "deputy": {"username": row.deputy.username, "name": row.deputy.name},
        **shown(row, now),
    }
