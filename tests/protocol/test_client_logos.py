"""Logos, policy and terms of a client on our pages (RFC 7591 §2 and §5, OpenID Connect Registration §2)."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from identity.models import LoginSession
from oauth_server.clients import logos
from oauth_server.outbound import fetch
from tests.support.front_channel import Browser, location, page
from tests.support.parties import Party

pytestmark = pytest.mark.django_db

LOGO = "https://app.example/logo.png"


def png(width: int = 48, height: int = 48) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x7f" * min(width, 64)) * min(height, 64))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\x00\x11\x08"
        + struct.pack(">HH", height, width)
        + b"\3\1\x22\0\2\x11\1\3\x11\1"
    )


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


class Away:
    """What stands at the client's address."""

    def __init__(self) -> None:
        self.body: bytes | None = png()
        self.asked = 0

    def get(self, url: str, **_: Any) -> fetch.Fetched:
        self.asked += 1
        if self.body is None:
            raise fetch.FetchError("away")
        return fetch.Fetched(self.body, "image/svg+xml")


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    away = Away()
    monkeypatch.setattr(fetch, "get", away.get)
    return away


@pytest.fixture
def shop(make_client: Callable[..., Party]) -> Party:
    return make_client(
        client_name="Shop", logo_uri=LOGO, policy_uri="https://app.example/privacy", tos_uri="https://app.example/terms"
    )


def picture_on(shown: str) -> str:
    found = re.search(r'<img class="client-logo" src="([^"]+)"', shown)
    return found[1] if found else ""


def test_the_sign_in_page_shows_logo_policy_and_terms(shop: Party, browser: Browser, away: Away) -> None:
    """OpenID Connect Registration §2 logo_uri, policy_uri, tos_uri; the picture comes from our own origin."""
    shown = page(browser.get(location(browser.authorize(shop))))
    assert picture_on(shown).startswith("/oauth/logo/")
    assert LOGO not in shown
    assert 'href="https://app.example/privacy"' in shown
    assert 'href="https://app.example/terms"' in shown
    answer = browser.get(picture_on(shown))
    assert answer.status_code == 200
    assert answer.content == away.body


def test_the_consent_page_shows_it_too(shop: Party, browser: Browser, signed_in: LoginSession, away: Away) -> None:
    assert picture_on(page(browser.get(location(browser.authorize(shop)))))


def test_without_a_logo_a_letter_stands_for_it(app: Party, browser: Browser) -> None:
    shown = page(browser.get(location(browser.authorize(app))))
    assert not picture_on(shown)
    assert 'class="monogram"' in shown
    assert browser.get(f"/oauth/logo/{app.client_id}").status_code == 404


def test_it_is_served_so_that_it_can_do_nothing(shop: Party, browser: Browser, away: Away) -> None:
    """RFC 7591 §5: a type of our own judgement, no sniffing, no script, no other site's page."""
    answer = browser.get(f"/oauth/logo/{shop.client_id}")
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer
    again = browser.http.get(f"/oauth/logo/{shop.client_id}", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304


def test_it_is_fetched_once(shop: Party, browser: Browser, away: Away) -> None:
    for _ in range(5):
        browser.get(f"/oauth/logo/{shop.client_id}")
    assert away.asked == 1


def test_an_address_that_does_not_answer_is_left_alone_for_a_while(shop: Party, browser: Browser, away: Away) -> None:
    away.body = None
    for _ in range(5):
        assert browser.get(f"/oauth/logo/{shop.client_id}").status_code == 404
    assert away.asked == 1


def test_however_many_languages_it_has_a_logo_for_only_those_of_our_pages_are_fetched(
    make_client: Callable[..., Party], browser: Browser, away: Away, settings: Any
) -> None:
    """OpenID Connect Registration §2.1: a client with hundreds of logos must not have us fetch hundreds of addresses."""
    tags = [f"{first}{second}" for first in "abcdefg" for second in "abcdefghijklmnopqrstuvwxyz"]
    many = {f"logo_uri#{tag}": f"https://app.example/{tag}.png" for tag in tags}
    party = make_client(logo_uri=LOGO, **many)
    for address in many.values():
        browser.get(f"/oauth/logo/{party.client_id}?v={logos.version(address)}")
    assert away.asked <= len(settings.LANGUAGES)
    german = f"/oauth/logo/{party.client_id}?v={logos.version(many['logo_uri#de'])}"
    assert browser.get(german).status_code == 200


HOSTILE = {
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "SVG with a declaration": b'<?xml version="1.0"?><svg/>',
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "HTML after the magic of another format": b"GIF8<script>",
    "PDF": b"%PDF-1.7",
    "nothing": b"",
    "half a PNG": b"\x89PNG\r\n\x1a\n",
    "a PNG without a header": b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    "half a GIF": b"GIF89a",
    "half a JPEG": b"\xff\xd8\xff",
    "a JPEG without a frame": b"\xff\xd8\xff\xe0\x00\x04ab" * 50,
    "a JPEG with a segment of no length": b"\xff\xd8\xff\xe0\x00\x00" + b"\xff" * 50,
    "a PNG of a gigapixel": png(30_000, 30_000),
    "a JPEG of a gigapixel": jpeg(65_000, 65_000),
    "a GIF of no size": gif(0, 10),
    "WebAssembly": b"\0asm\1\0\0\0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_small_raster_picture_is_not_served(shop: Party, browser: Browser, away: Away, name: str) -> None:
    """Whatever its Content-Type says."""
    away.body = HOSTILE[name]
    assert browser.get(f"/oauth/logo/{shop.client_id}").status_code == 404


@pytest.mark.parametrize(
    ("body", "media_type"), [(png(), "image/png"), (jpeg(64, 32), "image/jpeg"), (gif(16, 16), "image/gif")]
)
def test_the_formats_that_are(body: bytes, media_type: str) -> None:
    assert logos.judge(body) == media_type


@pytest.mark.parametrize("name", ["nobody", "../../etc/passwd", "a/b", "%00", "x" * 300])
def test_an_unknown_client_has_none(browser: Browser, name: str) -> None:
    assert browser.get(f"/oauth/logo/{name}").status_code == 404


def test_the_guard_stands_before_the_inside(make_client: Callable[..., Party], browser: Browser, settings: Any) -> None:
    """Scorecard S-09: a registered logo at an inner address is not fetched."""
    settings.OUTBOUND_ALLOW = ()
    inner = make_client(logo_uri="https://127.0.0.1/logo.png")
    assert browser.get(f"/oauth/logo/{inner.client_id}").status_code == 404
