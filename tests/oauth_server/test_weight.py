"""What sign-in and consent weigh on the wire, and wait for: most people see nothing else of this server, often on a telephone."""

from __future__ import annotations

import re
from typing import Any

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse

from identity.models import LoginSession
from tests.support.front_channel import Browser, location
from tests.support.parties import Party
from tests.support.people import LOGIN

MOST = 60 * 1024

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def issuer_with_a_name(settings: Any) -> None:
    """So that the sign-in page offers passkeys, which bring scripts."""
    settings.ISSUER = "https://id.example"


def octets(name: str) -> int:
    """Of a static file, as it is sent."""
    found = finders.find(name)
    assert isinstance(found, str), name
    with open(found, "rb") as file:  # noqa: PTH123
        body = file.read()
    return len(body if name.endswith(".woff2") else brotli.compress(body))


def weigh(page: HttpResponse) -> dict[str, int]:
    """A page and all that it loads into an empty cache: pages are sent as they are, files compressed beforehand."""
    loaded = set(re.findall(r'(?:href|src)="/static/([^"?]+)"', page.content.decode()))
    assert {"css/gatehouse.css", "vendor/pico/pico.min.css"} <= loaded
    return {"the page": len(page.content)} | {name: octets(name) for name in loaded}


def check(page: HttpResponse) -> None:
    weights = weigh(page)
    assert sum(weights.values()) <= MOST, weights
    # What is drawn waits for no script.
    assert [tag for tag in re.findall(r"<script\b[^>]*>", page.content.decode()) if " defer" not in tag] == []


def test_the_sign_in_page_weighs_at_most_sixty_kilobytes(browser: Browser) -> None:
    page = browser.get(LOGIN)
    assert "js/passkeys.js" in weigh(page)
    check(page)


def test_the_consent_page_weighs_at_most_sixty_kilobytes(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    asked = browser.authorize(app, scope="openid profile email phone address offline_access")
    page = browser.get(location(asked))
    assert 'id="id_allow"' in page.content.decode()
    check(page)
