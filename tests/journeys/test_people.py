"""What people do in more than one step, at the width of a telephone; without scripts wherever that can work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Watch, authenticator
from tests.support.factors import App
from tests.support.furnished import PASSWORD
from tests.support.pages import NO_AUTOFILL, Stage, asked_for_real, fill, invited, sign_in, type_mailed_code

pytestmark = pytest.mark.browser

NARROW = {"width": 320, "height": 640}


@pytest.fixture
def watch(house: Stage) -> Iterator[Watch]:
    """Nothing on any page is refused by its policy; that an answer says 400 or 403 is meant."""
    watching = Watch(house.issuer)
    yield watching
    assert [text for text in watching.complaints if not text.startswith("Failed to load resource")] == []


def visit(watch: Watch, house: Stage, *, scripts: bool = False, **options: Any) -> Page:
    """A browser of somebody's own."""
    page = watch.page(house.browser, java_script_enabled=scripts, **options)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    return page


def signed_in(watch: Watch, house: Stage, who: str, **options: Any) -> Page:
    """Somebody new with a password."""
    house.seeder("somebody", username=who)
    page = visit(watch, house, **options)
    sign_in(page, house, who)
    return page


def arrived(page: Page, state: str = "s") -> None:
    """The application has its code."""
    page.wait_for_url(re.compile(rf"/callback\?code=.*state={state}\b"))


def sign_out(page: Page, house: Stage) -> None:
    page.goto(f"{house.issuer}/account/logout/")
    page.click("#id_logout")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_an_application_to_a_new_account_and_back(house: Stage, watch: Watch, *, scripts: bool) -> None:
    """Sign-up, mail, passkey where there are scripts, consent, application; then the application is taken leave of."""
    name = "grace" if scripts else "hopper"
    page = visit(watch, house, scripts=scripts)
    page.add_init_script(NO_AUTOFILL)
    asked_for_real("calendar")(page, house)
    page.click("text=Create an account")
    fill({"username": name, "email": f"{name}@people.example", "password1": PASSWORD})(page, house)
    expect(page.locator("h1")).to_have_text("Check your mail")
    page.goto(house.mailed_link(f"{name}@people.example"))
    page.click("#id_submit")
    expect(page.locator("h1")).to_have_text("Allow Calendar?")
    page.click("#id_allow")
    arrived(page)

    if scripts:
        with authenticator(page) as held:
            page.goto(f"{house.issuer}/account/2fa/")
            page.click("text=Add a passkey")
            fill({"password": PASSWORD})(page, house)
            fill({"name": "Telephone"})(page, house)
            expect(page.locator("h1")).to_have_text("Recovery codes")
            page.click("text=I have kept them")
            assert len(held()) == 1
            sign_out(page, house)
            asked_for_real("calendar")(page, house)
            page.click("#id_passkey")
            arrived(page)

    page.goto(f"{house.issuer}/account/apps/")
    page.click("main .list-title >> text=Calendar")
    page.click("text=Take access back")
    expect(page.locator("main")).to_contain_text("Calendar has no access any more.")


def test_from_an_application_to_an_account_without_a_password_and_back(house: Stage, watch: Watch) -> None:
    """Web Authentication Level 3 §7.1: a code by mail, the passkey, the recovery codes, the application; and in again by the passkey."""
    page = visit(watch, house, scripts=True)
    page.add_init_script(NO_AUTOFILL)
    with authenticator(page) as held:
        asked_for_real("calendar")(page, house)
        page.click("text=Create an account")
        page.click("#id_by_passkey")
        fill({"username": "petra", "email": "petra@people.example"})(page, house)
        page.reload()
        type_mailed_code("petra@people.example")(page, house)
        expect(page.locator("h1")).to_have_text("Make your passkey")
        page.click("#id_submit")
        expect(page.locator("h1")).to_have_text("Recovery codes")
        assert [one["isResidentCredential"] for one in held()] == [True]
        page.click("text=I have kept them")
        page.click("#id_allow")
        arrived(page)
        sign_out(page, house)
        asked_for_real("calendar")(page, house)
        page.click("#id_passkey")
        arrived(page)


def test_without_scripts_a_password_is_offered_instead_of_a_passkey(house: Stage, watch: Watch) -> None:
    page = visit(watch, house)
    page.goto(f"{house.issuer}/account/signup/?next=/account/apps/")
    expect(page.locator("#id_by_passkey")).to_be_hidden()
    # Whoever comes to the other page all the same is told, before anything is typed.
    page.goto(f"{house.issuer}/account/signup/by-passkey/?next=/account/apps/")
    expect(page.locator("noscript p")).to_contain_text("Passkeys need JavaScript")
    page.click("#id_password_instead")
    expect(page.locator("#id_password1")).to_be_visible()
    assert "next=" in page.url


def test_an_invitation_is_put_aside_in_a_shared_browser(house: Stage, watch: Watch) -> None:
    page = visit(watch, house)
    invited(page, house)
    expect(page.locator("#id_email")).to_have_value("guest@people.example")
    page.click("#id_not_mine")
    expect(page.locator("main")).to_contain_text("This browser has forgotten the invitation.")
    expect(page.locator("#id_email")).to_have_value("")


def test_an_authenticator_app_is_set_up_lost_and_recovered_from(house: Stage, watch: Watch) -> None:
    """RFC 6238; the codes that were written down open the account, once each."""
    page = signed_in(watch, house, "ruth")
    page.goto(f"{house.issuer}/account/2fa/totp/activate/")
    fill({"password": PASSWORD})(page, house)
    app = App(page.inner_text(".secret"))
    fill({"code": app.code()})(page, house)
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    sign_out(page, house)

    sign_in(page, house, "ruth")
    expect(page.locator("h1")).to_have_text("One more step")
    fill({"code": codes[3]})(page, house)
    expect(page.locator("h1")).to_have_text("Hello, ruth")
    page.goto(f"{house.issuer}/account/2fa/")
    expect(page.locator("main")).to_contain_text("9 left")
    page.click("text=Turn off")
    fill({"password": PASSWORD})(page, house)
    page.get_by_role("button", name="Turn off").click()
    expect(page.locator("main")).to_contain_text("Turn on")
    sign_out(page, house)
    sign_in(page, house, "ruth")
    expect(page.locator("h1")).to_have_text("Hello, ruth")


def test_a_forgotten_password_is_reset_by_mail(house: Stage, watch: Watch) -> None:
    house.seeder("somebody", username="fran")
    page = visit(watch, house)
    page.goto(f"{house.issuer}/account/login/")
    page.click("text=Forgot it?")
    fill({"email": "fran@people.example"})(page, house)
    expect(page.locator("h1")).to_have_text("Check your mail")
    link = house.mailed_link("fran@people.example")
    page.goto(link)
    fill({"password1": "a new engine altogether", "password2": "a new engine altogether"})(page, house)
    expect(page.locator("h1")).to_have_text("Your password is changed")
    page.get_by_role("link", name="Sign in", exact=True).click()
    fill({"login": "fran", "password": "a new engine altogether"})(page, house)
    expect(page.locator("h1")).to_have_text("Hello, fran")
    page.goto(link)
    expect(page.locator("h1")).to_have_text("This link does not work any more")


def test_what_an_application_wants_more_is_set_up_on_the_way(house: Stage, watch: Watch) -> None:
    """RFC 9470 §4: the second step that somebody has just set up is not asked for again."""
    page = signed_in(watch, house, "stella")
    asked_for_real("bank")(page, house)
    expect(page.locator("main")).to_contain_text("Bank wants more than a password.")
    page.click("#id_add_app")
    fill({"password": PASSWORD})(page, house)
    fill({"code": App(page.inner_text(".secret")).code()})(page, house)
    page.click("text=I have kept them")
    page.click("#id_allow")
    arrived(page)


def test_whoever_has_a_second_step_is_asked_for_it_alone_and_may_say_no(house: Stage, watch: Watch) -> None:
    """RFC 9470 §4: a browser that is trusted spares the code, until an application asks for it."""
    page = signed_in(watch, house, "tess")
    page.goto(f"{house.issuer}/account/2fa/totp/activate/")
    fill({"password": PASSWORD})(page, house)
    app = App(page.inner_text(".secret"))
    fill({"code": app.code()})(page, house)
    sign_out(page, house)
    sign_in(page, house, "tess")
    page.check("#id_trust")
    fill({"code": app.code()})(page, house)
    sign_out(page, house)
    sign_in(page, house, "tess")
    expect(page.locator("h1")).to_have_text("Hello, tess")

    asked_for_real("bank", state="no")(page, house)
    expect(page.locator("main")).to_contain_text("Bank wants to be surer that it is you.")
    expect(page.locator("#id_password")).to_have_count(0)
    page.click("#id_cancel")
    page.wait_for_url(re.compile(r"/callback\?.*error=unmet_authentication_requirements.*state=no\b"))
    asked_for_real("bank")(page, house)
    page.reload()
    fill({"code": app.code()})(page, house)
    page.click("#id_allow")
    arrived(page)


def test_two_tabs_of_one_sign_in_both_come_through(house: Stage, watch: Watch) -> None:
    """Each tab knows its own application; what is done in one is not asked for in the other."""
    house.seeder("somebody", username="tina")
    one = visit(watch, house)
    two = one.context.new_page()
    asked_for_real("calendar", state="one")(one, house)
    asked_for_real("bank", state="two")(two, house)
    asked_for_real("calendar", state="three")(two, house)
    fill({"login": "tina", "password": PASSWORD})(one, house)
    one.click("#id_allow")
    arrived(one, "one")
    # The other one still shows the sign-in page: its form is older than the sign-in, and leads on all the same.
    fill({"login": "tina", "password": PASSWORD})(two, house)
    if two.locator("#id_again").count():
        two.click("#id_again")
    arrived(two, "three")


def test_the_back_button_leads_to_no_dead_end(house: Stage, watch: Watch) -> None:
    page = signed_in(watch, house, "betty")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Hello, betty")
    asked_for_real("calendar")(page, house)
    page.click("#id_allow")
    arrived(page)
    page.go_back()
    expect(page.locator("h1")).to_have_text("This sign-in is already finished")


def test_a_form_that_stood_open_for_too_long_says_what_to_do(house: Stage, watch: Watch) -> None:
    """The cookies are gone, as when a browser was shut in between."""
    house.seeder("somebody", username="olga")
    page = visit(watch, house)
    asked_for_real("calendar")(page, house)
    page.context.clear_cookies()
    with page.expect_response(lambda answer: answer.status == 403):
        fill({"login": "olga", "password": PASSWORD})(page, house)
    page.click("#id_again")
    fill({"login": "olga", "password": PASSWORD})(page, house)
    expect(page.locator("h1")).to_have_text("Begun in another browser")


def test_an_account_that_is_to_be_deleted_is_kept_by_signing_in(house: Stage, watch: Watch) -> None:
    page = signed_in(watch, house, "dora")
    page.goto(f"{house.issuer}/account/privacy/")
    page.click("text=What it means, and delete")
    fill({"password": PASSWORD})(page, house)
    fill({"username": "somebody"})(page, house)
    expect(page.locator("#id_username")).to_be_focused()
    fill({"username": "dora"})(page, house)
    expect(page.locator("main")).to_contain_text("Sign in before then to keep it.")
    page.goto(f"{house.issuer}/account/")
    assert "/account/login/" in page.url
    sign_in(page, house, "dora")
    expect(page.locator("h1")).to_have_text("Hello, dora")
    page.goto(f"{house.issuer}/account/privacy/")
    expect(page.locator("main")).to_contain_text("You have 14 days to change your mind.")
