"""Who is asking? Reads of users and tokens."""

import hashlib
from datetime import datetime
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.prepared import execute_prepared
from accounts.scope import LENDABLE, HeldPost, Scope


def token_digest(raw: str) -> str:
    """SHA-256 of a raw token: all that is stored of it."""
    return hashlib.sha256(raw.encode()).hexdigest()


_USER_WITH_POSTS = """
SELECT u.id, u.password, u.last_login, u.username, u.name, u.is_active, u.language, t.read_only,
       p.role, p.area_code, p.unit_id, p.lent_by,
       CASE WHEN n.path IS NULL THEN NULL ELSE
         ARRAY(SELECT b.id FROM accounts_unit b WHERE starts_with(b.path, n.path)) END
FROM accounts_token t
JOIN accounts_user u ON u.id = t.user_id AND u.is_active
LEFT JOIN LATERAL (
  SELECT role, area_code, unit_id, NULL::bigint AS lent_by
  FROM accounts_post WHERE user_id = u.id AND ended_at IS NULL
  UNION ALL
  SELECT lent.role, lent.area_code, lent.unit_id, d.absent_id
  FROM accounts_deputy d
  JOIN accounts_user a ON a.id = d.absent_id AND a.is_active
  JOIN accounts_post lent ON lent.user_id = a.id AND lent.ended_at IS NULL
    AND lent.role = ANY(%s::text[])
  WHERE d.deputy_id = u.id AND d.cancelled_at IS NULL AND d.starts_at <= %s AND d.ends_at > %s
) p ON true
LEFT JOIN accounts_unit n ON n.id = p.unit_id
WHERE t.digest = %s AND t.revoked_at IS NULL AND t.expires_at > %s
"""


def _posts_of_token(digest: str, now: datetime) -> list[tuple[Any, ...]]:
    """The rows of the user, one for each post.

    It is the first query of a request, so it is also the proof that the connection lives: a
    dead one is replaced once, and no SELECT 1 is sent before.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return _read_posts(digest, now)
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return _read_posts(digest, now)


def _read_posts(digest: str, now: datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        execute_prepared(
            cursor,
            _USER_WITH_POSTS,
            [sorted(LENDABLE), now, now, digest, now],
            name="accounts_user_by_token",
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def user_by_token(raw: str, *, now: datetime) -> tuple[User, bool] | None:
    """The user of a valid token with her scope, and whether it only reads; one query."""
    rows = _posts_of_token(token_digest(raw), now)
    if not rows:
        return None
    pk, password, last_login, username, name, is_active, language, read_only = rows[0][:8]
    user = User(
        id=pk,
        password=password,
        last_login=last_login,
        username=username,
        name=name,
        is_active=is_active,
        language=language,
    )
    user._state.adding = False
    user._state.db = "default"
    user._scope = Scope(
        tuple(
            HeldPost(role, area_code, unit_id, frozenset(unit_ids or ()), lent_by)
            for *_, role, area_code, unit_id, lent_by, unit_ids in rows
            if role
        )
    )
    return user, read_only


def user_by_cookie(header: str) -> User | None:
    """The signed-in user of a Cookie header, checked like Django's session middleware does."""
    cookie = SimpleCookie(header).get(settings.SESSION_COOKIE_NAME)
    if cookie is None:
        return None
    session = SessionStore(cookie.value)
    pk = session.get(SESSION_KEY)
    user = User.objects.filter(pk=pk, is_active=True).first() if pk else None
    if user is None:
        return None
    stored = session.get(HASH_SESSION_KEY, "")
    return user if constant_time_compare(stored, user.get_session_auth_hash()) else None


_AUTHORITY = """
SELECT (SELECT count(*) FROM accounts_post), (SELECT max(ended_at) FROM accounts_post),
       (SELECT max(revoked_at) FROM accounts_token),
       (SELECT count(*) FROM accounts_user WHERE is_active),
       (SELECT array_agg(id ORDER BY id) FROM accounts_deputy
        WHERE cancelled_at IS NULL AND starts_at <= now() AND ends_at > now())
"""


def authority_stamp() -> tuple[object, ...]:
    """Changes whenever a post is given or ended, a token revoked, a user locked out, or the time
    of a deputy begins or ends."""
    with connection.cursor() as cursor:
        cursor.execute(_AUTHORITY)
        stamp: tuple[object, ...] = cursor.fetchone()
        return stamp


def user_of(request: HttpRequest) -> User | None:
    """The user of a request outside the API: by bearer token, else by session; None for nobody."""
    scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = user_by_token(raw.strip(), now=timezone.now())
        return found[0] if found else None
    return session_user(request)


def session_user(request: HttpRequest) -> User | None:
    """The user whom the session signed in, or None."""
    user = request.user
    return user if user.is_authenticated else None
