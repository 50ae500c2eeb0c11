"""A client's logo, fetched by us, so that nobody who signs in is seen by whoever serves it (RFC 7591 §2, §5).

What comes back is a stranger's file. Only raster formats that browsers decode in a sandbox pass, told by their first octets
and not by what the other side calls them: SVG is a program.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language

from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.localised import said
from oauth_server.outbound import cached_fetch
from oauth_server.outbound.fetch import Fetched, FetchError

MOST_OCTETS: Final = 131_072
# A few octets can unfold to a picture of any size in the browser's memory.
_LONGEST_SIDE: Final = 2_048
_SECONDS: Final = 3.0
_KEEP: Final = 86_400
_KEEP_FAILURE: Final = 300


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that may be served from our origin.

    Attributes:
        body: the octets as fetched.
        media_type: what they are, by our own judgement.
        etag: with its quotes.
    """

    body: bytes
    media_type: str
    etag: str


def _png(body: bytes) -> tuple[int, int]:
    return struct.unpack(">II", body[16:24]) if body[12:16] == b"IHDR" else (0, 0)


def _gif(body: bytes) -> tuple[int, int]:
    return struct.unpack("<HH", body[6:10])


def _jpeg(body: bytes) -> tuple[int, int]:
    """The frame header (ITU-T T.81 §B.2.2), past the segments before it."""
    at = 2
    while at + 9 <= len(body) and body[at] == 0xFF:
        marker, length = body[at + 1], int.from_bytes(body[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", body[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return 0, 0


# First octets → what it is, and where its size stands.
_FORMATS: Final[tuple[tuple[bytes, str, Callable[[bytes], tuple[int, int]]], ...]] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _png),
    (b"\xff\xd8\xff", "image/jpeg", _jpeg),
    (b"GIF87a", "image/gif", _gif),
    (b"GIF89a", "image/gif", _gif),
)


def judge(body: bytes) -> str:
    """The media type of a picture that we serve; empty for anything else."""
    for magic, media_type, size in _FORMATS:
        if body.startswith(magic):
            try:
                width, height = size(body)
            except struct.error:
                return ""
            return media_type if 0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE else ""
    return ""


def version(address: str) -> str:
    """Names one of the logos of a client, and changes when it registers another, so that browsers may keep the old one's address."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def src(client: RegisteredClient) -> str:
    """Where a page finds the logo of a client, for its language; empty when there is none, and a monogram stands for it."""
    address = said(client.metadata, "logo_uri", get_language() or "")
    if not settings.FEATURES.client_logos or not address:
        return ""
    return f"{reverse('logo', args=[client.client_id])}?v={version(address)}"


def _keep(found: Fetched | None) -> int:
    return _KEEP if found is not None and judge(found.body) else _KEEP_FAILURE


def read(client: RegisteredClient, wanted: str = "") -> Logo | None:
    """A logo of a client; None when it has none, or it cannot be had, or it is no picture that we serve.

    Args:
        client: whose.
        wanted: its ``version``; nothing is fetched but what a page of ours shows in one of its languages, however many the
            client registered.
    """
    said_here = (said(client.metadata, "logo_uri", language) for language, _ in settings.LANGUAGES)
    shown = [address for address in said_here if address]
    url = next((address for address in shown if version(address) == wanted), shown[0] if shown else "")
    if not url:
        return None
    try:
        body = cached_fetch.get(
            url,
            "logo",
            accept="image/png, image/jpeg, image/gif",
            most_octets=MOST_OCTETS,
            seconds=_SECONDS,
            keep=_keep,
        ).body
    except FetchError:
        return None
    media_type = judge(body)
    return Logo(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"') if media_type else None
