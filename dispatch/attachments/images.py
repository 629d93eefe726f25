"""Images: checked by content before they are decoded, re-encoded without metadata.

The original's EXIF is sealed and kept apart; what others see carries none (quality.md 3).
"""

import contextlib
import hashlib
import io
import re
import uuid
import warnings
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts import identity
from accounts.models import User
from dispatch.casefile import shows, voices_for
from dispatch.models import Attachment, Case

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_EDGE = 4096
FORMATS = ("JPEG", "PNG", "WEBP")
EXIF_LIMIT = 65536
PART_LIFE = timedelta(days=7)
"""A phone may stay without a network for a week (ui.md 5); its upload goes on afterwards."""
WHOLE = ".whole"
"""What is kept of an upload that has become an image: its length and the image's id."""
UPLOAD_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")


class AttachmentError(Exception):
    """The upload is no usable image; status 413, 415 or 422."""

    def __init__(self, code: str, message: object, status: int) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def store_image(raw: bytes, *, by: User, now: datetime) -> Attachment:
    """Check, re-encode and keep an image. Raises AttachmentError."""
    if len(raw) > MOST_BYTES:
        raise AttachmentError("TOO_LARGE", _("图片不得超过 10 MB。"), 413)
    image, exif = _decode(raw)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    body = out.getvalue()
    attachment = Attachment(
        id=uuid.uuid4(),
        sha256=hashlib.sha256(body).hexdigest(),
        width=image.width,
        height=image.height,
        size=len(body),
        exif=identity.seal(exif.hex()) if exif else None,
        uploaded_by=by,
        uploaded_at=now,
    )
    attachment.file.save(f"{attachment.id}.jpg", ContentFile(body), save=False)
    attachment.save(force_insert=True)
    return attachment


def _decode(raw: bytes) -> tuple[Image.Image, bytes]:
    """The picture, upright, in RGB and without metadata; its EXIF apart."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(raw), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise AttachmentError("TOO_MANY_PIXELS", _("图片像素过多（上限四千万）。"), 422)
        exif = image.info.get("exif", b"")[:EXIF_LIMIT]
        image.load()
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
        upright.info = {}
        return upright, exif
    except AttachmentError:
        raise
    except Image.DecompressionBombError as error:
        raise AttachmentError("TOO_MANY_PIXELS", _("图片像素过多（上限四千万）。"), 422) from error
    except UnidentifiedImageError as error:
        raise AttachmentError("NOT_AN_IMAGE", _("只接受 JPEG、PNG 或 WebP 图片。"), 415) from error
    except Exception as error:  # what damaged bytes make a decoder raise is open-ended
        raise AttachmentError("BROKEN_IMAGE", _("图片已损坏，无法读取。"), 422) from error


def visible_attachment(pk: uuid.UUID, *, user: User) -> Attachment | None:
    """The attachment, for its uploader and for those who see its case and its voice."""
    attachment = Attachment.objects.filter(pk=pk).first()
    if attachment is None:
        return None
    if attachment.uploaded_by_id == user.pk:
        return attachment
    case = Case.objects.visible_to(user).filter(attachments=attachment).first()
    if case is None:
        return None
    _voices, hidden = voices_for(user, case.pk, case.area_code)
    return attachment if shows(attachment, hidden) else None


def add_chunk(
    chunk: bytes, *, key: str, offset: int, length: int, by: User, now: datetime
) -> tuple[int, Attachment | None]:
    """Append a piece of a resumable upload: how much is there now, and the image once whole.

    `key` is the client's own name for the upload. A piece that was already there is passed over;
    a gap is refused with 409 and the offset to go on from. A piece of an upload that is whole is
    answered with its image: the first answer was lost.
    """
    if not UPLOAD_KEY.fullmatch(key) or not 0 < length <= MOST_BYTES or offset < 0:
        raise AttachmentError("BAD_UPLOAD", _("分段上传的参数不正确。"), 422)
    part = _part(by, key)
    if whole := _whole(part, length):
        return length, whole
    part.parent.mkdir(parents=True, exist_ok=True)
    have = part.stat().st_size if part.exists() else 0
    if offset > have:
        raise AttachmentError("UPLOAD_GAP", _("缺少前面的分段，请从 %d 继续。") % have, 409)
    if offset + len(chunk) > length:
        raise AttachmentError("TOO_LARGE", _("分段超出了声明的长度。"), 413)
    with part.open("r+b" if part.exists() else "wb") as file:
        file.seek(offset)
        file.write(chunk)
    have = max(have, offset + len(chunk))
    if have < length:
        return have, None
    try:
        whole = store_image(part.read_bytes(), by=by, now=now)
        part.with_suffix(WHOLE).write_text(f"{length} {whole.pk}")
        return have, whole
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def upload_offset(*, key: str, by: User) -> int:
    """How many bytes of a resumable upload have arrived."""
    if not UPLOAD_KEY.fullmatch(key):
        raise AttachmentError("BAD_UPLOAD", _("分段上传的参数不正确。"), 422)
    part = _part(by, key)
    if part.exists():
        return part.stat().st_size
    kept = part.with_suffix(WHOLE)
    return int(kept.read_text().split()[0]) if kept.exists() else 0


def _whole(part: Path, length: int) -> Attachment | None:
    """The image that an upload of this length has become; None while it is not whole."""
    kept = part.with_suffix(WHOLE)
    if part.exists() or not kept.exists():
        return None
    size, pk = kept.read_text().split()
    return Attachment.objects.filter(pk=pk).first() if int(size) == length else None


def _part(by: User, key: str) -> Path:
    return Path(settings.DATA_DIR) / "uploads" / f"{by.pk}-{key}.part"


def discard_stale_parts(*, now: datetime) -> int:
    """Delete the parts of uploads that nobody went on with for PART_LIFE; how many."""
    oldest = (now - PART_LIFE).timestamp()
    stale = [
        part
        for part in (Path(settings.DATA_DIR) / "uploads").glob("*.*")
        if part.stat().st_mtime < oldest
    ]
    for part in stale:
        part.unlink(missing_ok=True)
    return len(stale)
