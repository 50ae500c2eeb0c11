"""With the keyboard alone, by the names that a screen reader says (WCAG 2.2 §2.1.1, §2.4.1, §2.4.7, §3.3.1, §4.1.2)."""

from __future__ import annotations

import re
from typing import Final

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.support.browser import Watch
from tests.support.furnished import PASSWORD
from tests.support.pages import Stage, asked_for_real

pytestmark = pytest.mark.browser

DARK: Final = 0x60
BRIGHT: Final = 0xA0
FAR: Final = 40  # more presses than any way on these pages takes


def name_of_focus(page: Page) -> str:
    """What a screen reader says of the element with the focus: role and name, as the browser computes them."""
    session = page.context.new_cdp_session(page)
    node = session.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]["objectId"]
    found = session.send("Accessibility.getPartialAXTree", {"objectId": node, "fetchRelatives": False})["nodes"][0]
    session.detach()
    return f"{found['role']['value']} {found.get('name', {}).get('value', '')}".strip()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is there; it can be seen at each stop."""
    passed = []
    for _ in range(FAR):
        page.keyboard.press("Tab")
        passed.append(name_of_focus(page))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", passed
        if passed[-1] == name:
            return
    raise AssertionError((name, passed))


def test_sign_in_consent_and_account_need_no_mouse(house: Stage) -> None:
    watch = Watch(house.issuer)
    house.seeder("somebody", username="kim")
    page = watch.page(house.browser, java_script_enabled=True)
    asked_for_real("calendar")(page, house)

    # The page begins in its first field.
    assert name_of_focus(page) == "textbox Username or email address"
    page.keyboard.type("kim")
    tab_to(page, "textbox Password")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")

    # What is wrong is said first: the focus is on it, and the fields come next.
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("not right")
    tab_to(page, "textbox Password")
    page.keyboard.type(PASSWORD)
    tab_to(page, "button Sign in")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Allow Calendar?")
    tab_to(page, "button Deny")
    page.keyboard.press("Shift+Tab")
    assert name_of_focus(page) == "button Allow"
    page.keyboard.press("Enter")
    page.wait_for_url("**/callback?code=*")

    page.goto(f"{house.issuer}/account/")
    tab_to(page, "link Skip to the content")
    page.keyboard.press("Enter")
    # Past the navigation: the next stop is in the content.
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    page.goto(f"{house.issuer}/account/")
    tab_to(page, "link Profile")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
    expect(page.get_by_role("navigation", name="Account").get_by_role("link", name="Profile")).to_have_attribute(
        "aria-current", "page"
    )
    tab_to(page, "textbox Date of birth")
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
    for path in ("", "sessions/", "2fa/"):
        page.goto(f"{house.issuer}/account/{path}")
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].filter(one => {
                const style = getComputedStyle(one)
                return [style.transitionDuration, style.animationDuration].some(all => all.split(",").some(one => parseFloat(one) > 0.001))
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
