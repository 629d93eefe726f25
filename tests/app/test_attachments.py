"""Photos: without metadata for others, resumable, seen by those who see the case."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts import identity
from dispatch.models import Attachment
from tests.app.test_bad_images import picture
from tests.city import City

PIECE = "application/offset+octet-stream"


def head(city: City, who: str = "inspector1") -> dict[str, str]:
    """A bearer header."""
    return {"Authorization": f"Bearer {city.token(who)}"}


def with_secrets() -> bytes:
    """A JPEG with EXIF and a comment."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "secret-maker"
    Image.new("RGB", (64, 48), "red").save(out, "JPEG", exif=exif, comment=b"secret-comment")
    return out.getvalue()


def test_what_others_see_carries_no_metadata(city: City) -> None:
    file = SimpleUploadedFile("a.jpg", with_secrets())
    made = Client().post("/api/v1/attachments", {"file": file}, headers=head(city)).json()

    answer: Any = Client().get(f"/api/v1/attachments/{made['id']}", headers=head(city))
    seen = b"".join(answer.streaming_content)

    assert b"secret" not in seen
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    kept = bytes.fromhex(identity.unseal(Attachment.objects.get().exif))
    assert b"secret-maker" in kept


def test_an_upload_in_pieces_goes_on_after_a_cut(city: City) -> None:
    raw, client = picture(size=(200, 150)), Client()
    half = len(raw) // 2

    def send(start: int, end: int) -> Any:
        extra = {"Upload-Key": "my-upload-1", "Upload-Offset": str(start)}
        return client.post(
            "/api/v1/attachments", raw[start:end], content_type=PIECE,
            headers={**head(city), **extra, "Upload-Length": str(len(raw))},
        )  # fmt: skip

    assert send(half, len(raw)).status_code == 409
    assert send(0, half).json() == {"offset": half}
    where = client.get("/api/v1/attachments/uploads/my-upload-1", headers=head(city)).json()
    assert where == {"offset": half}
    assert send(half, len(raw)).status_code == 201
