"""A picture that somebody uploads, drawn anew: nothing of the file survives but what can be seen. Pure.

What comes in is a stranger's file: only three raster formats are tried, the size is judged before anything is unpacked, and what
goes out is our own JPEG, without the place and the time that cameras write into theirs.
"""

from __future__ import annotations

import io
import threading
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

SIDE: Final = 400
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
# What is unpacked takes four octets a pixel, more than once. A JPEG unpacks at up to an eighth of its size, by its shorter side.
_MOST_PIXELS: Final = 16_000_000
# Before that: a progressive JPEG is held whole, six octets a pixel, however small it is unpacked.
_MOST_IN_FILE: Final = {"JPEG": 50_000_000, "PNG": _MOST_PIXELS, "WEBP": _MOST_PIXELS}
_MOST_PROGRESSIVE: Final = 25_000_000
_LONGEST_SIDE: Final = 12_000
# No portrait is a ribbon, and a ribbon is what does not shrink.
_STEEPEST: Final = 10
# Seconds that an upload waits for the one before it; a form that hangs longer is sent again and makes it worse.
PATIENCE: Final = 5.0
# One at a time in a process: a few uploads at once must not take all memory.
_one_at_a_time = threading.Lock()


class PictureError(ValueError):
    """A file that is no picture that we take."""


class TooBusyError(Exception):
    """Other pictures are being drawn, and no turn came within ``PATIENCE``."""


def redraw(body: bytes) -> bytes:
    """A square JPEG of the middle of a picture, at most ``SIDE`` pixels wide.

    Args:
        body: the file as it was uploaded; its length has been judged.

    Raises:
        PictureError: it is none of the formats, broken, or too large to unpack.
        TooBusyError: others are being drawn.
    """
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        raise TooBusyError
    try:
        paper = _draw(body)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(str(error)) from None
    finally:
        _one_at_a_time.release()
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=86, optimize=True)
    return out.getvalue()


def _draw(body: bytes) -> Image.Image:
    with Image.open(io.BytesIO(body), formats=_FORMATS) as picture:
        _judge(picture)
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))
        if picture.width * picture.height > _MOST_PIXELS:
            raise PictureError("too many pixels to unpack")
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
        side = min(SIDE, *upright.size)
        square = ImageOps.fit(upright, (side, side))
        paper = Image.new("RGB", square.size, "white")
        paper.paste(square, mask=square)
        return paper


def _judge(picture: ImageFile) -> None:
    """By the header alone; nothing is unpacked yet."""
    longer, shorter = max(picture.size), min(picture.size)
    if longer > _LONGEST_SIDE or longer > _STEEPEST * shorter:
        raise PictureError("too long a side")
    most = _MOST_PROGRESSIVE if "progressive" in picture.info else _MOST_IN_FILE[str(picture.format)]
    if longer * shorter > most:
        raise PictureError("too many pixels in the file")
