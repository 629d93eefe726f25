"""Photos that are none are refused before they cost anything."""

import io
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from dispatch.attachments.images import MOST_PIXELS
from tests.app.doors import (
    assert_refused,
    each,
    rows,
)
from tests.city import City

pytest_plugins = ["tests.app.door_fixtures"]
pytestmark = pytest.mark.usefixtures("watched_log")


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), mode: str = "RGB") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind)
    return out.getvalue()


def upload(city: City, raw: bytes, name: str = "a.jpg") -> Any:
    """POST a file to /api/v1/attachments."""
    return Client(raise_request_exception=False).post(
        "/api/v1/attachments",
        {"file": SimpleUploadedFile(name, raw, "image/jpeg")},
        headers={"Authorization": f"Bearer {city.token('inspector1')}"},
    )


def bomb() -> bytes:
    """A PNG of a few kB that would take more than 200 MB of memory."""
    side = int(MOST_PIXELS**0.5) + 500
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG", optimize=True)
    return out.getvalue()


def huge_header() -> bytes:
    """A PNG that says it is a million pixels wide and high."""
    raw = bytearray(picture("PNG"))
    raw[16:24] = (1_000_000).to_bytes(4, "big") * 2

    raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
    return bytes(raw)


@each(
    ("raw", "status", "code"),
    [
        (b"", 415, "NOT_AN_IMAGE"),
        (b"hello", 415, "NOT_AN_IMAGE"),
        (b"%PDF-1.7 not a photo", 415, "NOT_AN_IMAGE"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", 415, "NOT_AN_IMAGE"),
        (picture("GIF"), 415, "NOT_AN_IMAGE"),
        (picture("TIFF"), 415, "NOT_AN_IMAGE"),
        (picture()[:300], 422, "BROKEN_IMAGE"),
        (picture("PNG")[:60], 422, "BROKEN_IMAGE"),
        (b"\x00" * (10 * 1024 * 1024 + 1), 413, "TOO_LARGE"),
    ],
)
def test_a_photo_that_is_none_is_refused(city: City, raw: bytes, status: int, code: str) -> None:
    before = rows()

    assert_refused(upload(city, raw), status, code)
    assert rows() == before


@each("make", [bomb, huge_header])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    city: City, make: Any
) -> None:
    raw = make()
    assert len(raw) < 100_000

    assert_refused(upload(city, raw), 422, "TOO_MANY_PIXELS")


def test_an_upload_without_its_field_is_refused(city: City) -> None:
    answer = Client(raise_request_exception=False).post(
        "/api/v1/attachments",
        {"other": SimpleUploadedFile("a.jpg", picture())},
        headers={"Authorization": f"Bearer {city.token('inspector1')}"},
    )

    assert_refused(answer, 422, "FILE_REQUIRED")


def test_a_broken_multipart_body_is_refused(city: City) -> None:
    answer = Client(raise_request_exception=False).generic(
        "POST",
        "/api/v1/attachments",
        b"--x\r\nbroken",
        content_type="multipart/form-data; boundary=",
        headers={"Authorization": f"Bearer {city.token('inspector1')}"},
    )

    assert_refused(answer, 400, "MALFORMED_BODY")


@each("cut", range(0, 600, 37))
def test_no_damage_to_a_jpeg_breaks_the_server(city: City, cut: int) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker", 6
    Image.new("RGB", (64, 48), "red").save(out, "JPEG", exif=exif, comment=b"secret")
    raw = bytearray(out.getvalue())
    for offset in range(20, 44):
        raw[(cut + offset) % len(raw)] ^= 0x5A

    assert upload(city, bytes(raw)).status_code in {201, 415, 422}
