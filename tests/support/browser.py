"""Debian's Chromium, driven by Playwright, and what a page must never do in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# As patient as its clicks are: a page of a busy machine may take a while.
expect.set_options(timeout=30_000)

CHROMIUM: Final = Path("/usr/bin/chromium")
PHONE: Final = {"width": 360, "height": 740}
DESKTOP: Final = {"width": 1280, "height": 800}


@dataclass
class Watch:
    """What pages did that they should not: scripts or styles refused, errors, requests to somebody else."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def page(self, browser: Browser, **options: Any) -> Page:
        """A page in a browser profile of its own, watched."""
        page = browser.new_context(**{"viewport": DESKTOP, **options}).new_page()
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        return page

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" != self.origin and not url.startswith("data:"):
            self.strangers.append(url)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; the test is skipped where none is installed."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            browser.close()


def fits(page: Page) -> bool:
    """Does the page need no sideways scrolling (WCAG 2.2 §1.4.10)?"""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@contextmanager
def authenticator(page: Page, *, verifies: bool = True, discoverable: bool = True) -> Iterator[Any]:
    """A virtual authenticator in the browser of a page (Web Authentication Level 3 §11).

    Args:
        page: of the browser.
        verifies: whether it can verify the person (PIN, fingerprint); else it is a plain security key.
        discoverable: whether its credentials can be found without a username.

    Yields:
        A function that lists what it holds, as the Chrome DevTools Protocol has it.
    """
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal" if verifies else "usb",
                "hasResidentKey": discoverable,
                "hasUserVerification": verifies,
                "isUserVerified": verifies,
                "automaticPresenceSimulation": True,
            }
        },
    )
    name = {"authenticatorId": made["authenticatorId"]}
    yield lambda: session.send("WebAuthn.getCredentials", name)["credentials"]
    session.send("WebAuthn.removeVirtualAuthenticator", name)
