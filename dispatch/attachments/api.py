"""POST and GET /api/v1/attachments: whole (multipart) or resumable in pieces."""

import uuid
from typing import Any, cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from ninja import Router, Status
from ninja.errors import HttpError

from accounts.models import User
from dispatch.actions.errors import CaseNotFoundError
from dispatch.attachments.images import (
    AttachmentError,
    add_chunk,
    store_image,
    upload_offset,
    visible_attachment,
)
from dispatch.models import Attachment

router = Router(tags=["attachments"])
PIECE = "application/offset+octet-stream"


def _as_dict(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": str(attachment.pk),
        "sha256": attachment.sha256,
        "width": attachment.width,
        "height": attachment.height,
    }


@router.post("", response={201: dict[str, Any], 202: dict[str, Any]})
def upload(request: HttpRequest) -> Status[dict[str, Any]]:
    """Take an image: field `file`, or pieces with Upload-Key, Upload-Offset, Upload-Length."""
    user, now = cast(User, request.user), timezone.now()
    if request.content_type == PIECE:
        have, whole = add_chunk(
            request.body,
            key=request.headers.get("Upload-Key", ""),
            offset=_number(request, "Upload-Offset"),
            length=_number(request, "Upload-Length"),
            by=user,
            now=now,
        )
        return Status(201, _as_dict(whole)) if whole else Status(202, {"offset": have})
    file = request.FILES.get("file")
    if file is None:
        raise AttachmentError("FILE_REQUIRED", _("请以 file 字段上传一张图片。"), 422)
    return Status(201, _as_dict(store_image(file.read(), by=user, now=now)))


def _number(request: HttpRequest, header: str) -> int:
    try:
        return int(request.headers.get(header, ""))
    except ValueError as error:
        raise AttachmentError("BAD_UPLOAD", _("分段上传的参数不正确。"), 422) from error


@router.get("/uploads/{key}")
def progress(request: HttpRequest, key: str) -> dict[str, int]:
    """How far a resumable upload has come."""
    return {"offset": upload_offset(key=key, by=cast(User, request.user))}


@router.get("/{uuid:pk}")
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The image without metadata, for those who see its case."""
    attachment = visible_attachment(pk, user=cast(User, request.user))
    if attachment is None:
        raise CaseNotFoundError
    try:
        response = FileResponse(attachment.file.open("rb"), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise HttpError(503, str(_("图片暂时无法读取。"))) from error
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return cast(HttpResponse, response)
