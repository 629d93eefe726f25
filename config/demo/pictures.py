"""Draws the demo's photographs: a hole, rubbish, a tree, a lamp and more, before and after."""

import io
import random
import struct
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from PIL import ExifTags, Image, ImageDraw

from dispatch.clocks import SHANGHAI

SIZE = (480, 360)
VARIANTS = 3
ROAD, KERB, GRASS, WALL = (126, 128, 130), (196, 194, 188), (132, 160, 104), (214, 206, 192)

Pen = ImageDraw.ImageDraw


@lru_cache(maxsize=64)
def picture(name: str, variant: int) -> bytes:
    """A JPEG of `thing-before` or `thing-after`; the same bytes for the same variant."""
    thing, _, moment = name.partition("-")
    draw = random.Random(f"{name} {variant}")  # noqa: S311 a picture, not a secret
    shade = draw.randint(-14, 14)
    image = Image.new("RGB", SIZE, _shaded((188, 206, 220), shade))
    pen = ImageDraw.Draw(image)
    _street(pen, shade)
    DRAWN[thing](pen, draw, moment == "before")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()


def taken(raw: bytes, at: datetime, lon: float, lat: float) -> bytes:
    """The same JPEG as a camera would have left it: with its moment and its spot in EXIF.

    Degrees WGS84, both east and north.
    """
    exif = Image.Exif()
    moment = at.astimezone(SHANGHAI).strftime("%Y:%m:%d %H:%M:%S")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = moment
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (lat, 0.0, 0.0),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (lon, 0.0, 0.0),
        }
    )
    told = exif.tobytes()
    return raw[:2] + b"\xff\xe1" + struct.pack(">H", len(told) + 2) + told + raw[2:]


def _shaded(colour: tuple[int, int, int], shade: int) -> tuple[int, ...]:
    return tuple(max(0, min(255, part + shade)) for part in colour)


def _street(pen: Pen, shade: int) -> None:
    width, height = SIZE
    pen.rectangle((0, 90, width, 190), fill=_shaded(WALL, shade))
    for x in range(20, width, 90):
        pen.rectangle((x, 110, x + 44, 160), fill=_shaded((150, 170, 186), shade))
    pen.rectangle((0, 190, width, 215), fill=_shaded(KERB, shade))
    pen.polygon(((0, 215), (width, 215), (width, height), (0, height)), fill=_shaded(ROAD, shade))
    for x in range(10, width, 110):
        pen.polygon(((x, 286), (x + 56, 286), (x + 50, 294), (x - 6, 294)), fill=(236, 236, 230))


def _hole(pen: Pen, draw: random.Random, is_open: bool) -> None:
    x, y = draw.randint(190, 260), draw.randint(230, 262)
    if not is_open:
        pen.ellipse(
            (x - 62, y - 26, x + 62, y + 26), fill=(96, 98, 100), outline=(70, 70, 72), width=4
        )
        for step in range(-40, 50, 16):
            pen.line((x + step, y - 18, x + step, y + 18), fill=(76, 78, 80), width=3)
        return
    pen.ellipse((x - 66, y - 28, x + 66, y + 28), fill=(92, 88, 82))
    pen.ellipse((x - 56, y - 20, x + 56, y + 24), fill=(28, 26, 24))
    for _ in range(14):
        left, top = x + draw.randint(-90, 90), y + draw.randint(-36, 36)
        pen.rectangle((left, top, left + 6, top + 4), fill=(104, 100, 96))


def _rubbish(pen: Pen, draw: random.Random, is_open: bool) -> None:
    for x, colour in ((70, (58, 110, 76)), (120, (64, 92, 142)), (170, (120, 120, 120))):
        pen.rectangle((x, 160, x + 40, 224), fill=colour)
        pen.rectangle((x - 3, 154, x + 43, 164), fill=(50, 52, 54))
    if not is_open:
        return
    for _ in range(22):
        x, y, r = draw.randint(60, 330), draw.randint(214, 262), draw.randint(8, 22)
        grey = draw.randint(30, 220)
        pen.ellipse((x, y, x + r * 1.6, y + r), fill=(grey, grey, max(0, grey - 20)))


def _tree(pen: Pen, draw: random.Random, is_open: bool) -> None:
    x = draw.randint(120, 200)
    pen.rectangle((x, 110, x + 18, 216), fill=(104, 82, 60))
    pen.ellipse((x - 60, 30, x + 78, 140), fill=GRASS)
    if not is_open:
        pen.line((x - 14, 216, x + 4, 160), fill=(150, 126, 90), width=5)
        pen.line((x + 32, 216, x + 14, 160), fill=(150, 126, 90), width=5)
        return
    pen.line((x + 14, 150, x + 190, 262), fill=(104, 82, 60), width=12)
    for step in range(60, 200, 18):
        top = 180 + step // 3 + draw.randint(-12, 12)
        pen.ellipse((x + step, top, x + step + 40, top + 26), fill=(112, 142, 88))


def _lamp(pen: Pen, draw: random.Random, is_open: bool) -> None:
    pen.rectangle((0, 0, *SIZE), fill=(26, 32, 48))
    pen.polygon(((0, 230), (480, 230), (480, 360), (0, 360)), fill=(40, 42, 48))
    for x in range(draw.randint(40, 80), 480, 130):
        pen.line((x, 240, x, 70), fill=(96, 100, 108), width=6)
        pen.line((x, 72, x + 34, 62), fill=(96, 100, 108), width=5)
        if not is_open:
            pen.polygon(((x + 34, 66), (x - 14, 300), (x + 92, 300)), fill=(96, 90, 62))
            pen.ellipse((x + 24, 56, x + 48, 74), fill=(255, 240, 190))


def _water(pen: Pen, draw: random.Random, is_open: bool) -> None:
    if not is_open:
        return
    pen.ellipse((40, 226, 450, 330), fill=(120, 148, 166))
    for _ in range(12):
        x, y = draw.randint(80, 400), draw.randint(240, 312)
        pen.arc((x, y, x + 40, y + 12), 0, 180, fill=(178, 200, 212), width=2)


def _paper(pen: Pen, draw: random.Random, is_open: bool) -> None:
    for x in range(30, 440, 58):
        if is_open:
            y, tone = draw.randint(94, 140), draw.randint(200, 250)
            pen.rectangle((x, y, x + 40, y + 48), fill=(tone, tone, draw.randint(90, 200)))
            for row in range(y + 8, y + 44, 9):
                pen.line((x + 5, row, x + 34, row), fill=(90, 40, 40), width=2)


DRAWN: dict[str, Callable[[Pen, random.Random, bool], None]] = {
    "hole": _hole,
    "rubbish": _rubbish,
    "tree": _tree,
    "lamp": _lamp,
    "water": _water,
    "paper": _paper,
}
