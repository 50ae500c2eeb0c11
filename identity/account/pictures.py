"""A picture that somebody uploads, drawn anew: nothing of the file survives but what can be seen. Pure.

What comes in is a stranger's file: only three raster formats are tried, the size is judged before anything is unpacked, and what
goes out is our own JPEG, without the place and the time that cameras write into theirs.
"""

from __future__ import annotations

import io
import threading
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

SIDE: Final = 400
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
# A JPEG is unpacked at an eighth of its size, the others whole: four octets a pixel of memory.
_MOST_PIXELS: Final = {"JPEG": 80_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}
# One at a time in a process: a few uploads at once must not take all memory.
_one_at_a_time = threading.Lock()


class PictureError(ValueError):
    """A file that is no picture that we take."""


def redraw(body: bytes) -> bytes:
    """A square JPEG of the middle of a picture, at most ``SIDE`` pixels wide.

    Args:
        body: the file as it was uploaded; its length has been judged.

    Raises:
        PictureError: it is none of the formats, broken, or too large to unpack.
    """
    try:
        with _one_at_a_time, Image.open(io.BytesIO(body), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MOST_PIXELS[str(picture.format)]:
                raise PictureError("too many pixels")
            picture.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
            side = min(SIDE, *upright.size)
            square = ImageOps.fit(upright, (side, side))
            paper = Image.new("RGB", square.size, "white")
            paper.paste(square, mask=square)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(str(error)) from None
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=86, optimize=True)
    return out.getvalue()
