"""Passkeys in a real browser with a virtual authenticator (Web Authentication Level 3): made, used alone and as a second step."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import PHONE, Watch, authenticator, chromium
from tests.support.live import PASSWORD, USERNAME, Live, live_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(host="localhost") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


# The virtual authenticator answers an autofill at once, before a test can click.
NO_AUTOFILL = "PublicKeyCredential.isConditionalMediationAvailable = undefined"


def person(live: Live, name: str) -> str:
    live.manage("create_user", "--username", name, "--email", f"{name}@people.example", "--password", PASSWORD)
    return name


def by_password(page: Page, live: Live, name: str = USERNAME) -> None:
    page.goto(f"{live.issuer}/account/login/")
    page.fill("#id_login", name)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")


def add_passkey(page: Page, live: Live, name: str) -> None:
    page.goto(f"{live.issuer}/account/2fa/")
    page.click("text=Add a passkey")
    if "reauthenticate" in page.url:
        page.fill("#id_password", PASSWORD)
        page.click("#id_submit")
    page.fill("#id_name", name)
    page.click("#id_submit")
    expect(page.locator("h1")).to_have_text("Recovery codes")
    page.click("text=I have kept them")


def sign_out(page: Page, live: Live) -> None:
    page.goto(f"{live.issuer}/account/logout/")
    page.click("#id_logout")


def test_a_passkey_is_made_opens_the_account_alone_and_is_removed(live: Live, browser: Browser) -> None:
    watch = Watch(live.issuer)
    page = watch.page(browser)
    page.add_init_script(NO_AUTOFILL)
    person(live, "paula")
    with authenticator(page) as held:
        by_password(page, live, "paula")
        add_passkey(page, live, "Laptop")
        assert [one["isResidentCredential"] for one in held()] == [True]
        expect(page.locator(".list-title").first).to_contain_text("Laptop")

        sign_out(page, live)
        page.goto(f"{live.issuer}/account/login/?next=/account/profile/")
        page.click("#id_passkey")
        page.wait_for_url(f"{live.issuer}/account/profile/")

        page.goto(f"{live.issuer}/account/2fa/")
        page.click("text=Rename")
        if "reauthenticate" in page.url:
            page.fill("#id_password", PASSWORD)
            page.click("#id_submit")
        page.fill("#id_name", "My laptop")
        page.click("#id_submit")
        expect(page.locator(".list-title").first).to_contain_text("My laptop")
        page.click("text=Remove")
        page.click("#id_submit")
        expect(page.locator("main")).to_contain_text("A passkey was removed.")
    assert watch.complaints == []
    assert watch.strangers == []


def test_a_passkey_is_offered_in_the_field_for_the_username(live: Live, browser: Browser) -> None:
    """Web Authentication Level 3 §5.1.4: conditional mediation, no click."""
    page = Watch(live.issuer).page(browser)
    person(live, "carl")
    with authenticator(page):
        by_password(page, live, "carl")
        add_passkey(page, live, "Telephone")
        sign_out(page, live)
        # The virtual authenticator chooses as soon as it is asked.
        page.goto(f"{live.issuer}/account/login/")
        page.wait_for_url(f"{live.issuer}/account/")


def test_after_the_password_a_security_key_without_a_pin_is_the_second_step(live: Live, browser: Browser) -> None:
    page = Watch(live.issuer).page(browser)
    page.add_init_script(NO_AUTOFILL)
    person(live, "kay")
    with authenticator(page, verifies=False, discoverable=False):
        by_password(page, live, "kay")
        add_passkey(page, live, "Key ring")
        expect(page.locator(".list-title").first).to_contain_text("second step only")
        sign_out(page, live)
        by_password(page, live, "kay")
        expect(page.locator("h1")).to_have_text("One more step")
        page.click("#id_passkey")
        page.wait_for_url(f"{live.issuer}/account/")
        sign_out(page, live)
        page.goto(f"{live.issuer}/account/login/")
        page.click("#id_passkey")
        expect(page.locator("[data-note]")).to_contain_text("choose another way")
    page.reload()
    assert not page.locator("#id_passkey").is_disabled()


def test_two_tabs_do_not_void_each_others_challenge(live: Live, browser: Browser) -> None:
    page = Watch(live.issuer).page(browser)
    page.context.add_init_script(NO_AUTOFILL)
    person(live, "tom")
    with authenticator(page):
        by_password(page, live, "tom")
        add_passkey(page, live, "Telephone")
        sign_out(page, live)
        by_password(page, live, "tom")
        expect(page.locator("h1")).to_have_text("One more step")
        other = page.context.new_page()
        other.goto(f"{live.issuer}/account/2fa/authenticate/")
        other.evaluate("fetch('/account/2fa/authenticate/', {headers: {Accept: 'application/json'}})")
        page.click("#id_passkey")
        page.wait_for_url(f"{live.issuer}/account/")
        # The other tab finds out at its next click that all is done.
        other.reload()
        other.wait_for_url(re.compile("/account/$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_javascript_the_page_says_so_and_the_password_works(live: Live, browser: Browser, scheme: str) -> None:
    watch = Watch(live.issuer)
    page = watch.page(browser, java_script_enabled=False, color_scheme=scheme)
    page.set_viewport_size({**PHONE, "width": 320})
    page.goto(f"{live.issuer}/account/login/")
    assert not page.locator("#id_passkey").is_visible()
    expect(page.locator("noscript p")).to_contain_text("Passkeys need JavaScript")
    page.fill("#id_login", USERNAME)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")
    page.wait_for_url(f"{live.issuer}/account/")
    page.goto(f"{live.issuer}/account/2fa/")
    page.click("text=Add a passkey")
    assert watch.complaints == []
