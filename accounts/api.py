"""POST /api/v1/auth/token"""

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from accounts.actions import make_token, sign_in

open_router = Router(tags=["auth"])


class Credentials(Schema):
    """A name, a password, and the one-time code of those who have one."""

    username: str
    password: str
    otp: str | None = None


class IssuedToken(Schema):
    """A bearer token; it is shown once."""

    token: str
    expires_at: datetime


@open_router.post("/token", response=IssuedToken)
def issue_token(request: HttpRequest, payload: Credentials) -> dict[str, object]:
    """Sign in and get a bearer token."""
    now = timezone.now()
    user = sign_in(username=payload.username, password=payload.password, now=now)
    token, expires_at = make_token(user=user, now=now)
    return {"token": token, "expires_at": expires_at}
