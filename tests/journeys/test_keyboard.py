"""With the keyboard alone, by the names that a screen reader says (WCAG 2.2 §2.1.1, §2.4.1, §2.4.7, §3.3.1, §4.1.2)."""

from __future__ import annotations

import re
from typing import Final

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.support.browser import Watch, authenticator, fits
from tests.support.examples import RELYING_PARTY, running
from tests.support.furnished import PASSWORD
from tests.support.keyboard import Keyboard
from tests.support.pages import NO_AUTOFILL, Stage, asked_for_real
from tests.support.services import free_port

pytestmark = pytest.mark.browser

DARK: Final = 0x60
BRIGHT: Final = 0xA0
NARROW = {"width": 320, "height": 640}
PASSKEYS = "Passkeys and two-step sign-in"


def test_from_sign_up_to_the_end_of_the_account_without_a_mouse(house: Stage) -> None:
    """An account's whole life at the width of a small telephone. Nothing here clicks or fills in: keys are pressed, addresses are opened from a mail or typed."""
    port = free_port()
    client = house.seeder(
        "client", client_name="Example application", redirect_uris=[f"http://127.0.0.1:{port}/callback"]
    )
    given = {"CLIENT_ID": client["client_id"], "CLIENT_SECRET": client["client_secret"]}
    watch = Watch(house.issuer)
    page = watch.page(house.browser, viewport=NARROW)
    page.add_init_script(NO_AUTOFILL)
    keys = Keyboard(page)

    def to(link: str, heading: str) -> None:
        """A page of the account, by the menu that a telephone has."""
        page.goto(f"{house.issuer}/account/")
        keys.tab_to("link Menu")
        page.keyboard.press("Enter")
        keys.press(f"link {link}", heading)
        assert fits(page)

    def sign_out() -> None:
        to("Sign out", "Sign out?")
        keys.press("button Sign out", "Sign in")

    with running(RELYING_PARTY, house.issuer, port, house.mail.parent, **given) as app:
        # Sign up, and confirm the address by mail.
        page.goto(f"{house.issuer}/account/")
        keys.press("link Create an account", "Create an account")
        keys.type("Username", "lena")
        keys.type("Email address", "lena@people.example")
        keys.type("Password", PASSWORD)
        keys.enter("Check your mail")
        page.goto(house.mailed_link("lena@people.example"))
        keys.press("button Yes, confirm", "Hello, lena")

        # Add a passkey.
        with authenticator(page) as held:
            to("Two-step sign-in", PASSKEYS)
            keys.press("link Add a passkey", "Is it you?")
            keys.type("Password", PASSWORD)
            keys.enter("Add a passkey")
            keys.press("button Add passkey", "Recovery codes")
            codes = page.locator(".codes li").all_inner_texts()
            keys.press("link I have kept them", PASSKEYS)
            assert len(held()) == 1
            sign_out()

            # Sign in to the example application with it.
            page.goto(app)
            keys.press("button Log in with Gatehouse", "Sign in")
            keys.press("button Sign in with a passkey", "Allow Example application?")
            assert fits(page)
            keys.press("button Allow", "Hello, lena")
            assert page.url.startswith(app)

        # See it and take its access back.
        to("Connected apps", "Connected apps")
        keys.press("link Example application", "Example application")
        keys.press("button Take access back", "Connected apps")
        expect(page.get_by_role("main")).to_contain_text("Example application has no access any more.")
        sign_out()

        # The device with the passkey is lost: a recovery code instead.
        page.goto(f"{house.issuer}/account/")
        keys.type("Username or email address", "lena")
        keys.type("Password", PASSWORD)
        keys.enter("One more step")
        keys.type("Code", codes[0])
        keys.enter("Hello, lena")

        # Delete the account.
        to("Export and deletion", "Export and deletion")
        keys.press("link What it means, and delete", "Is it you?")
        # The page asks for the passkey that is gone, and has another way.
        keys.press("link Use authenticator app or code", "Is it you?")
        page.wait_for_url("**/2fa/reauthenticate/*")
        keys.type("Code", codes[1])
        keys.enter("Delete the account?")
        keys.type("Type your username, lena, to confirm", "lena")
        keys.enter("Sign in")
        expect(page.get_by_role("main")).to_contain_text("Your account will be deleted on")
    assert watch.complaints == []


def test_sign_in_consent_and_account_need_no_mouse(house: Stage) -> None:
    watch = Watch(house.issuer)
    house.seeder("somebody", username="kim")
    page = watch.page(house.browser, java_script_enabled=True)
    keys = Keyboard(page)
    asked_for_real("calendar")(page, house)

    # The page begins in its first field.
    assert keys.name_of_focus() == "textbox Username or email address"
    page.keyboard.type("kim")
    keys.tab_to("textbox Password")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")

    # What is wrong is said first: the focus is on it, and the fields come next.
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("not right")
    keys.tab_to("textbox Password")
    page.keyboard.type(PASSWORD)
    keys.tab_to("button Sign in")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Allow Calendar?")
    keys.tab_to("button Deny")
    page.keyboard.press("Shift+Tab")
    assert keys.name_of_focus() == "button Allow"
    page.keyboard.press("Enter")
    page.wait_for_url("**/callback?code=*")

    page.goto(f"{house.issuer}/account/")
    keys.tab_to("link Skip to the content")
    page.keyboard.press("Enter")
    # Past the navigation: the next stop is in the content.
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    page.goto(f"{house.issuer}/account/")
    keys.tab_to("link Profile")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
    expect(page.get_by_role("navigation", name="Account").get_by_role("link", name="Profile")).to_have_attribute(
        "aria-current", "page"
    )
    keys.tab_to("textbox Date of birth")
    page.keyboard.type("yesterday")
    page.keyboard.press("Enter")
    # A field that has a fault has the focus, and its words belong to it.
    field = page.get_by_role("textbox", name="Date of birth")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    assert page.inner_text(f"#{(field.get_attribute('aria-describedby') or '').split()[-1]}")
    assert [text for text in watch.complaints if not text.startswith("Failed to load resource")] == []


@pytest.mark.parametrize("path", ["login/", "signup/", "password/reset/", "login/code/"])
def test_every_control_has_a_name_and_every_page_its_landmarks(house: Stage, path: str) -> None:
    """§1.3.1, §2.4.2: main, one first heading, a title that says where one is."""
    page = house.page("")
    page.goto(f"{house.issuer}/account/{path}")
    heading = page.get_by_role("heading", level=1).inner_text()
    assert page.title() == f"{heading} · Gatehouse"
    expect(page.get_by_role("main")).to_have_count(1)
    for control in page.get_by_role("textbox").all():
        assert control.evaluate("field => field.labels.length") == 1


def test_nothing_moves_for_whoever_asked_for_stillness(house: Stage) -> None:
    """§2.3.3. The browser of these pages prefers reduced motion."""
    page = house.page("ada")
    for path in ("", "profile/", "2fa/"):
        page.goto(f"{house.issuer}/account/{path}")
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].filter(one => {
                const styles = [null, "::before", "::file-selector-button"].map(part => getComputedStyle(one, part))
                return styles.flatMap(style => [style.transitionDuration, style.animationDuration]).some(all => all.split(",").some(one => parseFloat(one) > 0.001))
            }).map(one => one.outerHTML)"""
        )
        assert moving == []


@pytest.mark.parametrize("dark", ["on this device", "chosen"])
def test_what_is_printed_is_ink_on_paper(house: Stage, dark: str) -> None:
    """Recovery codes are for the drawer: dark letters in the dark theme too, since backgrounds are not printed."""
    page = house.page("ada" if dark == "on this device" else "")
    page.context.add_cookies([{"name": settings.THEME_COOKIE_NAME, "value": "dark", "url": house.issuer}])
    page.emulate_media(color_scheme="dark")
    page.goto(f"{house.issuer}/account/")
    assert brightness(page) > BRIGHT
    page.emulate_media(media="print", color_scheme="dark")
    assert brightness(page) < DARK
    expect(page.get_by_role("button")).to_have_count(0)
    page.emulate_media(media="screen", color_scheme="light")


def brightness(page: Page) -> int:
    """Of the letters of the first heading, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    return max(int(part) for part in re.findall(r"\d+", colour)[:3])
