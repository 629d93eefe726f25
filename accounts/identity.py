"""Personal data: sealed at rest, found by a keyed hash, shown masked (domain.md 6.3)."""

import hashlib
import hmac
import os
import re
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

COMPOUND_SURNAMES = frozenset(
    (
        *("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐"),
        *("司徒", "长孙", "宇文", "夏侯", "轩辕", "端木", "百里", "南宫"),
    )
)
NONCE_BYTES = 12
MOBILE_DIGITS = 11
AREA_CODE = re.compile(r"0[0-9]{2,3}")


@cache
def _keys() -> tuple[AESGCM, bytes]:
    root = settings.PII_KEY.encode()
    seal_key = hashlib.sha256(b"seal:" + root).digest()
    index_key = hashlib.sha256(b"index:" + root).digest()
    return AESGCM(seal_key), index_key


def seal(text: str) -> bytes | None:
    """The text under AES-256-GCM (nonce first); None for an empty text."""
    if not text:
        return None
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _keys()[0].encrypt(nonce, text.encode(), None)


def unseal(sealed: bytes | memoryview | None) -> str:
    """The text behind seal(); empty for None."""
    if sealed is None:
        return ""
    raw = bytes(sealed)
    return _keys()[0].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()


NO_DIGITS = re.compile("[^0-9]+")


def digits_of(phone: str) -> str:
    """The digits of a number; a mobile one without the country's 86, however it was written."""
    digits = NO_DIGITS.sub("", phone)
    bare = digits.removeprefix("00").removeprefix("86")
    return bare if len(bare) == MOBILE_DIGITS and bare.startswith("1") else digits


def phone_index(phone: str) -> str:
    """A keyed hash (HMAC-SHA-256, 128 bits) of the digits, for exact look-up; empty for none."""
    digits = digits_of(phone)
    return keyed_digest(digits) if digits else ""


def keyed_digest(text: str) -> str:
    """HMAC-SHA-256 (128 bits, hex) of any text: tells same from other, gives nothing away."""
    return hmac.digest(_keys()[1], text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def mask_phone(phone: str) -> str:
    """138****5678 for a mobile number, area code and last four for a land line, else last four."""
    digits = digits_of(phone)
    if len(digits) == MOBILE_DIGITS and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    area, dash, _ = phone.partition("-")
    if dash and AREA_CODE.fullmatch(area) and len(digits) > 7:  # noqa: PLR2004
        return f"{area}-****{digits[-4:]}"
    return f"****{digits[-4:]}" if len(digits) > 4 else "****" if digits else ""  # noqa: PLR2004


def mask_name(name: str) -> str:
    """张*, 张*三, 欧阳*: the surname stays, a compound one whole; 买买提·吐尔逊 -> 买**·***."""
    name = name.strip(" ·")
    if not name:
        return ""
    if "·" in name:
        first, *rest = name.split("·")
        return "·".join([first[0] + "*" * (len(first) - 1), *("*" * len(part) for part in rest)])
    kept = 2 if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else 1  # noqa: PLR2004
    given = name[kept:]
    if len(given) <= 1:
        return name[:kept] + "*"
    return name[:kept] + "*" * (len(given) - 1) + given[-1]
