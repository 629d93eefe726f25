"""Photos before and after: which belong together, how far apart they were taken and when.

The EXIF of an upload is sealed (dispatch/attachments/images.py). Only what is computed from it -
metres between two spots and the time between - leaves this module; never a tag.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from PIL import ExifTags, Image

from accounts import identity
from dispatch.clocks import SHANGHAI
from dispatch.models import Attachment
from gis.coords import distance_m

TAKEN: Final = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
MOST_AHEAD: Final = timedelta(minutes=10)
DEGREE_PARTS: Final = 3
AFTER: Final = ("AFTER", "EVIDENCE")


@dataclass(frozen=True, slots=True)
class Sight:
    """A photo as the drawer shows it. `spot` is lon/lat in degrees WGS84, where it is known."""

    url: str
    width: int
    height: int
    role: str
    taken_at: datetime
    spot: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Gallery:
    """All photos of a case; the newest of before and after stand side by side."""

    sights: Sequence[Sight]
    before: Sight | None
    after: Sight | None
    metres: int | None
    apart_s: float | None


def gallery_of(case_id: int, shown: Collection[str]) -> Gallery:
    """The photos of a case with these ids, oldest first: one query."""
    rows = Attachment.objects.filter(case_id=case_id, pk__in=shown).select_related("intake")
    sights = [_sight(row) for row in rows.order_by("uploaded_at")]
    after = _first(sight for sight in reversed(sights) if sight.role == "AFTER")
    after = after or _first(sight for sight in reversed(sights) if sight.role in AFTER)
    earlier = (one for one in sights if one.role != "AFTER" and one is not after)
    before = _first(one for one in earlier if after is None or one.taken_at <= after.taken_at)
    if before is None or after is None:
        return Gallery(sights, before, after, None, None)
    apart = (after.taken_at - before.taken_at).total_seconds()
    metres = round(distance_m(*before.spot, *after.spot)) if before.spot and after.spot else None
    return Gallery(sights, before, after, metres, apart)


def _first(sights: Iterable[Sight]) -> Sight | None:
    return next(iter(sights), None)


def _sight(row: Attachment) -> Sight:
    exif = _exif(row)
    taken = _taken(exif)
    voice = row.intake.location if row.intake and row.role not in AFTER else None
    is_likely = taken is not None and taken <= row.uploaded_at + MOST_AHEAD
    return Sight(
        url=f"/api/v1/attachments/{row.pk}",
        width=row.width,
        height=row.height,
        role=row.role,
        taken_at=taken if taken and is_likely else row.uploaded_at,
        spot=_spot(exif) or ((voice.x, voice.y) if voice else None),
    )


def _exif(row: Attachment) -> Image.Exif:
    exif = Image.Exif()
    sealed = identity.unseal(row.exif)
    if sealed:
        try:
            exif.load(bytes.fromhex(sealed))
        except (ValueError, SyntaxError, OSError):
            exif = Image.Exif()
    return exif


def _taken(exif: Image.Exif) -> datetime | None:
    """When the shutter was pressed, read as the city's time: cameras keep no zone."""
    try:
        text = str(exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal, ""))
        parts = TAKEN.match(text)
        return datetime(*map(int, parts.groups()), tzinfo=SHANGHAI) if parts else None  # type: ignore[misc,arg-type]
    except (ValueError, TypeError, KeyError, SyntaxError):
        return None


def _spot(exif: Image.Exif) -> tuple[float, float] | None:
    try:
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        lon = _degrees(place[ExifTags.GPS.GPSLongitude], place.get(ExifTags.GPS.GPSLongitudeRef))
        lat = _degrees(place[ExifTags.GPS.GPSLatitude], place.get(ExifTags.GPS.GPSLatitudeRef))
    except (ValueError, TypeError, KeyError, SyntaxError, ZeroDivisionError):
        return None
    is_place = -180 <= lon <= 180 and -90 <= lat <= 90 and (lon, lat) != (0, 0)  # noqa: PLR2004
    return (lon, lat) if is_place else None


def _degrees(parts: Sequence[float], side: object) -> float:
    if len(parts) != DEGREE_PARTS:
        raise ValueError(parts)
    degrees, minutes, seconds = (float(part) for part in parts)
    found = degrees + minutes / 60 + seconds / 3600
    return -found if str(side).strip("\x00") in {"S", "W"} else found
