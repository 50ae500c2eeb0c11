"""A person's first day: an account, out, in again, a look at their sessions, a profile. In a real browser, without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import Watch, chromium
from tests.support.live import Live, live_server

pytestmark = pytest.mark.browser

NAME, PASSWORD = "grace", "a compiler and a moth"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def sign_in(page: Page, live: Live) -> None:
    page.goto(f"{live.issuer}/account/login/")
    page.fill("#id_login", NAME)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")


def test_a_first_day(live: Live, browser: Browser) -> None:
    watch = Watch(live.issuer)
    page = watch.page(browser, java_script_enabled=True)

    page.goto(f"{live.issuer}/account/")
    page.click("text=Create an account")
    page.fill("#id_username", NAME)
    page.fill("#id_email", f"{NAME}@example.com")
    page.fill("#id_password1", PASSWORD)
    page.click("#id_submit")
    page.wait_for_url(f"{live.issuer}/account/")
    assert page.inner_text("h1") == f"Hello, {NAME}"

    page.click("text=Sign out")
    page.click("#id_logout")
    page.wait_for_url(f"{live.issuer}/account/login/")
    assert "You are signed out." in page.inner_text("main")
    page.goto(f"{live.issuer}/account/")
    assert "/account/login/" in page.url

    other = watch.page(browser)
    sign_in(other, live)
    sign_in(page, live)
    page.wait_for_url(f"{live.issuer}/account/")
    page.click("nav >> text=Sessions")
    assert page.locator(".list-row").count() == 2
    assert page.inner_text(".list-row:first-child .badge") == "this browser"
    page.click("#id_end_others")
    assert "signed out on 1 other browser" in page.inner_text("main")
    assert page.locator(".list-row").count() == 1
    other.goto(f"{live.issuer}/account/profile/")
    assert "/account/login/" in other.url

    page.click("nav >> text=Profile")
    page.fill("#id_name", "Grace Hopper")
    page.click("#id_submit")
    assert page.input_value("#id_name") == "Grace Hopper"
    assert "Your profile is saved." in page.inner_text("main")

    assert watch.complaints == []
    assert watch.strangers == []
