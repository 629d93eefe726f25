"""Pairing a wall screen: it shows a code, an administrator enters it, the screen gets its token.

The token is read-only, belongs to no person, and opens the wall and its data alone. Codes are
eight characters of 31, good for ten minutes and for one screen.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.display import Display, Pairing
from accounts.identity import keyed_digest
from accounts.models import LoginFailure, Role, User
from accounts.queries import token_digest

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8
CODE_LIFE = timedelta(minutes=10)
MOST_OPEN, MOST_OPEN_PER_SOURCE = 100, 20
WRONG_CODES, WRONG_CODES_WITHIN = 5, timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)


class PairingError(Exception):
    """A screen cannot be paired; the code says why."""

    MESSAGES = {
        "TOO_MANY_PAIRINGS": _("等待配对的屏幕过多，请稍后再试。"),
        "TOO_MANY_CODES": _("配对码错误次数过多，请 15 分钟后再试。"),
        "UNKNOWN_CODE": _("配对码不正确、已使用或已过期。"),
        "BAD_AREA": _("只能选择本人管辖范围内的城市或区县。"),
        "BAD_NAME": _("请填写屏幕名称（不超过 60 字）。"),
        "NOT_ALLOWED": _("只有系统管理员可以管理屏幕。"),
        "UNKNOWN_DISPLAY": _("没有这块屏幕。"),
    }
    STATUS = {"TOO_MANY_PAIRINGS": 429, "TOO_MANY_CODES": 429, "NOT_ALLOWED": 403,
              "UNKNOWN_DISPLAY": 404}  # fmt: skip

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = self.MESSAGES[code]
        self.status = self.STATUS.get(code, 422)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a new screen gets: the code for people, the claim for its own cookie."""

    code: str
    claim: str
    expires_at: datetime


def code_digest(code: str) -> str:
    """The keyed digest of a code, however it was typed."""
    return keyed_digest("pairing:" + "".join(c for c in code.upper() if c.isalnum()))


@transaction.atomic
def ask_for_pairing(*, source: str, now: datetime) -> Offer:
    """A new code for a screen; raises PairingError when too many are open."""
    Pairing.objects.filter(expires_at__lte=now - CODE_LIFE).delete()
    open_ones = Pairing.objects.filter(expires_at__gt=now, display__isnull=True)
    asked_from = keyed_digest(source)
    per_source = open_ones.filter(asked_from=asked_from).count()
    if open_ones.count() >= MOST_OPEN or per_source >= MOST_OPEN_PER_SOURCE:
        raise PairingError("TOO_MANY_PAIRINGS")
    code = "".join(secrets.choice(ALPHABET) for _n in range(CODE_LENGTH))
    claim = secrets.token_urlsafe(32)
    expires_at = now + CODE_LIFE
    Pairing.objects.create(
        code_digest=code_digest(code),
        claim_digest=token_digest(claim),
        asked_from=asked_from,
        created_at=now,
        expires_at=expires_at,
    )
    return Offer(code, claim, expires_at)


def approve_pairing(*, code: str, name: str, area_code: str, by: User, now: datetime) -> Pairing:
    """Let the screen with this code show an area, under a name. Raises PairingError.

    Five wrong codes of one administrator close the door for fifteen minutes.
    """
    _check_administrator(by, area_code)
    if not 0 < len(name.strip()) <= Display._meta.get_field("name").max_length:  # type: ignore[operator]
        raise PairingError("BAD_NAME")
    who = f"pairing:{by.pk}"
    recent = LoginFailure.objects.filter(username=who, at__gt=now - WRONG_CODES_WITHIN)
    if recent.count() >= WRONG_CODES:
        raise PairingError("TOO_MANY_CODES")
    taken = Pairing.objects.filter(
        code_digest=code_digest(code),
        approved_by__isnull=True,
        display__isnull=True,
        expires_at__gt=now,
    ).update(approved_by=by, name=name.strip(), area_code=area_code)
    if not taken:
        LoginFailure.objects.create(username=who, at=now)
        raise PairingError("UNKNOWN_CODE")
    LoginFailure.objects.filter(username=who).delete()
    return Pairing.objects.get(code_digest=code_digest(code))


def _check_administrator(by: User, area_code: str) -> None:
    posts = [post for post in by.scope().posts if post.role == Role.SYSADMIN]
    if not posts:
        raise PairingError("NOT_ALLOWED")
    is_area = area_code.isascii() and area_code.isdigit() and len(area_code) in {4, 6}
    if not is_area or not any(area_code.startswith(post.area_code) for post in posts):
        raise PairingError("BAD_AREA")


@transaction.atomic
def claim_pairing(*, claim: str, now: datetime) -> tuple[str, str]:
    """What became of a screen's pairing: ("PAIRED", token), ("WAITING", "") or ("EXPIRED", "").

    The token is given once: a second claim of the same pairing finds it used.
    """
    pairing = Pairing.objects.select_for_update().filter(claim_digest=token_digest(claim)).first()
    if pairing is None or not pairing.is_open(now):
        return "EXPIRED", ""
    if pairing.approved_by_id is None:
        return "WAITING", ""
    raw = secrets.token_urlsafe(32)
    pairing.display = Display.objects.create(
        name=pairing.name,
        area_code=pairing.area_code,
        digest=token_digest(raw),
        created_at=now,
        created_by_id=pairing.approved_by_id,
    )
    pairing.save(update_fields=["display"])
    return "PAIRED", raw


def display_by_token(raw: str) -> Display | None:
    """The display of a raw token that nobody revoked."""
    if not raw:
        return None
    return Display.objects.filter(digest=token_digest(raw), revoked_at__isnull=True).first()


def note_display(*, display: Display, now: datetime) -> None:
    """Remember that the screen was alive; written once a minute at most."""
    if display.seen_at is None or now - display.seen_at >= SEEN_EVERY:
        Display.objects.filter(pk=display.pk).update(seen_at=now)


def displays_for(user: User) -> list[Display]:
    """The displays within the areas of an administrator, the newest first."""
    areas = tuple(p.area_code for p in user.scope().posts if p.role == Role.SYSADMIN)
    found = Display.objects.select_related("created_by").order_by("-created_at", "-pk")
    return [display for display in found if areas and display.area_code.startswith(areas)]


def revoke_display(*, display_id: int, by: User, now: datetime) -> Display:
    """End a screen's token: its socket closes within seconds. Raises PairingError."""
    display = next((d for d in displays_for(by) if d.pk == display_id), None)
    if display is None:
        raise PairingError("UNKNOWN_DISPLAY")
    if display.revoked_at is None:
        display.revoked_at, display.revoked_by = now, by
        display.save(update_fields=["revoked_at", "revoked_by"])
    return display


def displays_stamp() -> tuple[object, ...]:
    """Changes whenever a display is made or revoked."""
    newest = Display.objects.order_by("-revoked_at").filter(revoked_at__isnull=False)
    return Display.objects.count(), newest.values_list("revoked_at", flat=True).first()
