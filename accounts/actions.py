"""Writes about who: signing in, tokens, posts, reveals."""

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    POWER_OF_ROLE,
    AccessLog,
    LoginFailure,
    Post,
    Role,
    Token,
    Unit,
    User,
)
from accounts.queries import token_digest

FAILURES_BEFORE_LOCK = 5
LOCK = timedelta(minutes=15)
TOKEN_LIFE = timedelta(days=30)
KEPT_APART = ("accounts_post_powers_are_kept_apart", "accounts_deputy_powers_are_kept_apart")
"""The names by which the database refuses to join powers: over own posts, and over lent ones."""
_NOBODY = make_password("nobody has this password", hasher="pbkdf2_sha256")


class SignInError(Exception):
    """Wrong name or password, or a locked account; the code says which."""

    def __init__(self, code: str, retry_after_s: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s
        self.message = (
            _("登录失败次数过多，请稍后再试。") if code == "LOCKED" else _("用户名或密码不正确。")
        )


class PowersError(Exception):
    """A post would join two powers that must stay apart (domain.md 7.3.1)."""

    code = "POWERS_APART"
    message = _("同一人不得同时拥有监督、指挥、处置、评价等相互分离的职权。")


def sign_in(*, username: str, password: str, now: datetime) -> User:
    """The user, when the password fits; five failures lock the name for 15 minutes."""
    if "\x00" in username:
        raise SignInError("WRONG_CREDENTIALS")
    recent = LoginFailure.objects.filter(username=username[:60], at__gt=now - LOCK)
    if recent.count() >= FAILURES_BEFORE_LOCK:
        raise SignInError("LOCKED", int(LOCK.total_seconds()))
    user = User.objects.filter(username=username, is_active=True).first()
    fits = check_password(password, user.password if user else _NOBODY)
    if user is None or not fits:
        LoginFailure.objects.create(username=username[:60], at=now)
        raise SignInError("WRONG_CREDENTIALS")
    LoginFailure.objects.filter(username=username).delete()
    return user


def forget_old_failures(*, now: datetime) -> int:
    """Delete failed sign-ins that lock nobody any more; how many."""
    deleted, _of = LoginFailure.objects.filter(at__lte=now - LOCK).delete()
    return deleted


def make_token(*, user: User, now: datetime, read_only: bool = False) -> tuple[str, datetime]:
    """A new bearer token and its expiry; the raw token is never stored."""
    raw = secrets.token_urlsafe(32)
    expires_at = now + TOKEN_LIFE
    Token.objects.create(
        user=user,
        digest=token_digest(raw),
        created_at=now,
        expires_at=expires_at,
        read_only=read_only,
    )
    return raw, expires_at


@transaction.atomic
def give_post(
    *, user: User, role: Role, area_code: str, unit: Unit | None = None, now: datetime
) -> Post:
    """Give a post; the database refuses one that joins separated powers (PowersError)."""
    post = Post(
        user=user,
        role=role,
        power=POWER_OF_ROLE[role],
        area_code=area_code,
        unit=unit,
        granted_at=now,
    )
    try:
        with transaction.atomic():
            post.save()
    except IntegrityError as error:
        if any(name in str(error) for name in KEPT_APART):
            raise PowersError from error
        raise
    user._scope = None
    return post


@transaction.atomic
def end_post(*, post: Post, now: datetime) -> None:
    """End a post; the history keeps it."""
    post.ended_at = now
    post.save(update_fields=["ended_at"])
    post.user._scope = None


def log_access(
    *,
    by: User,
    subject: str,
    field: str,
    purpose: str,
    now: datetime,
    on_behalf_of: int | None = None,
) -> AccessLog:
    """Write one line of the access log (查阅记录), with whose lent post allowed the look."""
    return AccessLog.objects.create(
        user=by,
        at=now,
        subject=subject,
        field=field,
        purpose=purpose,
        on_behalf_of_id=on_behalf_of,
    )
