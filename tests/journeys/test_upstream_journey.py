"""A person links an account elsewhere, signs in and out with it, and unlinks it. In a real browser, at a real provider."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import PHONE, Watch, chromium, fits
from tests.support.live import PASSWORD, USERNAME, Live, live_server
from tests.support.upstream import CLIENT_ID, SECRET, Provider, provider

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Provider]:
    with provider() as server:
        yield server


@pytest.fixture(scope="module")
def live(elsewhere: Provider) -> Iterator[Live]:
    with live_server(OUTBOUND_ALLOW="127.0.0.0/8") as server:
        members = {
            "slug": "there",
            "name": "There",
            "issuer": elsewhere.issuer,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        server.manage("create_upstream", given=json.dumps(members))
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_link_sign_out_sign_in_unlink(live: Live, browser: Browser, elsewhere: Provider, scheme: str) -> None:
    """OpenID Connect Core §3.1, RP-Initiated Logout §2, with scripts and without, at the width of a telephone."""
    watch = Watch(live.issuer)
    page = watch.page(browser, java_script_enabled=scheme == "light", color_scheme=scheme)
    page.set_viewport_size(PHONE)
    page.goto(f"{live.issuer}/account/login/")
    page.fill("#id_login", USERNAME)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")
    page.wait_for_url(f"{live.issuer}/account/")

    page.goto(f"{live.issuer}/account/connections/")
    page.click("#id_link_there")
    page.wait_for_url(f"{live.issuer}/account/connections/")
    assert "Your There account is linked." in page.inner_text("main")
    assert fits(page)

    page.goto(f"{live.issuer}/account/logout/")
    page.click("#id_logout")
    page.wait_for_url(f"{live.issuer}/account/login/**")
    page.click("#id_with_there")
    page.wait_for_url(f"{live.issuer}/account/")
    assert "alice" in page.content()

    page.goto(f"{live.issuer}/account/logout/")
    page.click("#id_logout")
    page.wait_for_url(f"{live.issuer}/account/login/")
    assert "/logout" in [path.partition("?")[0] for path, _, _ in elsewhere.asked]

    page.click("#id_with_there")
    page.wait_for_url(f"{live.issuer}/account/")
    page.goto(f"{live.issuer}/account/connections/")
    page.click("text=Unlink")
    assert "The account is unlinked." in page.inner_text("main")
    assert watch.complaints == []
