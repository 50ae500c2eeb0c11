"""Sign-up, verified addresses, forgotten and changed passwords (ASVS 5.0 V6.4, V7.4)."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.test import Client as Browser

from identity.models import LoginSession, User
from identity.signals import account_changed
from oauth_server.mail.console import EmailBackend
from tests.support.people import (
    LOGIN,
    PASSWORD,
    is_signed_in,
    live_sids,
    page,
    person,
    prove_second_step,
    sid_of,
    sign_in,
)

pytestmark = pytest.mark.django_db

NEW = "another good password"


def link(pattern: str) -> str:
    """The path of the link in the last mail."""
    found = re.search(rf"https?://[^/\s]+({pattern}\S*)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


def sign_up(browser: Browser, name: str = "eve", query: str = "") -> Any:
    return browser.post(
        f"/account/signup/{query}", {"username": name, "email": f"{name}@example.com", "password1": PASSWORD}
    )


def test_sign_up_mails_a_link_and_the_account_opens_with_it(client: Browser) -> None:
    response = sign_up(client, query="?next=/account/profile/")
    assert response.headers["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)
    assert "Too many" not in page(sign_in(Browser(), "eve"))
    confirm = link("/account/confirm-email/")
    assert "Is <strong" in page(client.get(confirm))
    assert not User.objects.owns_email(User.objects.get(username="eve"))
    assert client.post(confirm).headers["Location"] == "/account/profile/"
    assert is_signed_in(client)
    assert User.objects.owns_email(User.objects.get(username="eve"))


def test_a_confirmed_address_signs_in_only_the_browser_that_signed_up_and_only_once(client: Browser) -> None:
    """Whoever else opens the link, and whoever finds it later, is nobody."""
    sign_up(client)
    confirm, other = link("/account/confirm-email/"), Browser()
    other.post(confirm)
    assert not is_signed_in(other)
    assert User.objects.owns_email(User.objects.get(username="eve"))
    client.post(confirm)
    client.post("/account/logout/")
    for browser in (client, other):
        browser.post(confirm)
        assert not is_signed_in(browser)


def test_sign_up_works_at_once_where_verification_is_optional(client: Browser, settings: Any) -> None:
    """As in development."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    assert sign_up(client, query="?next=/account/profile/").headers["Location"] == "/account/profile/"
    assert is_signed_in(client)
    assert len(mail.outbox) == 1
    assert "have not confirmed eve@example.com" in page(client.get("/account/"))


def test_every_mail_is_text_and_html_and_has_no_picture_from_elsewhere(client: Browser) -> None:
    """A picture would tell its owner when and where the mail was read."""
    sign_up(client)
    client.post("/account/password/reset/", {"email": "eve@example.com"})
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert isinstance(message, EmailMultiAlternatives)
        html = str(message.alternatives[0].content)  # type: ignore[attr-defined]
        assert "http" in message.body
        assert "<h1" in html
        assert "<img" not in html
        assert "{{" not in html + str(message.body)


@pytest.mark.parametrize("password", ["short", "password123", "eve@example.com", "1234567890"])
def test_a_weak_password_is_refused_with_a_reason(client: Browser, password: str) -> None:
    """ASVS 6.2.1, 6.2.4."""
    response = client.post("/account/signup/", {"username": "eve", "email": "eve@example.com", "password1": password})
    assert response.status_code == 200
    assert 'id="id_password1_error"' in page(response)
    assert not User.objects.exists()


def test_a_forgotten_password_is_reset_by_the_mailed_link_alone_and_ends_every_session(client: Browser) -> None:
    """ASVS 6.4.3, 7.4.3."""
    user = person()
    elsewhere = Browser()
    sign_in(elsewhere)
    client.post("/account/password/reset/", {"email": "ada@example.com"})
    address = link("/account/password/reset/key/")
    form = client.get(address).headers["Location"]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert live_sids(user) == set()
    assert not is_signed_in(elsewhere)
    sign_in(client, password=NEW)
    assert is_signed_in(client)
    again = Browser()
    assert "does not work any more" in page(again.get(address, follow=True))


def test_an_address_that_was_added_and_never_confirmed_resets_no_password(client: Browser) -> None:
    """One wrong letter, and it is a stranger's (ASVS 6.4.3)."""
    user = person()
    EmailAddress.objects.create(user=user, email="ada@exmaple.com", verified=False, primary=False)
    client.post("/account/password/reset/", {"email": "ada@exmaple.com"})
    assert [message.to for message in mail.outbox] == [["ada@exmaple.com"]]
    assert "/account/password/reset/key/" not in str(mail.outbox[0].body)


def test_an_account_without_any_confirmed_address_is_reset_by_its_own(client: Browser) -> None:
    """Else whoever never confirmed could never come back, and a stranger who signed up with it would keep it."""
    sign_up(client)
    client.post("/account/password/reset/", {"email": "eve@example.com"})
    assert link("/account/password/reset/key/")


def test_a_reset_page_without_the_link_changes_nothing(client: Browser) -> None:
    """CVE-2026-18963: the state machine out of order."""
    user = person()
    client.post("/account/password/reset/", {"email": "ada@example.com"})
    uid = link("/account/password/reset/key/").split("/")[-2].split("-")[0]
    client.post(f"/account/password/reset/key/{uid}-set-password/", {"password1": NEW, "password2": NEW})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_changed_password_ends_every_other_session_and_tells_the_person(client: Browser) -> None:
    """ASVS 7.4.3, 6.3.7."""
    user = person()
    elsewhere = Browser()
    sign_in(client)
    sign_in(elsewhere)
    mail.outbox.clear()
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post("/account/password/change/", form)
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert live_sids(user) == {sid_of(client)}
    assert [message.subject for message in mail.outbox] == ["Your password was changed"]


def test_a_changed_password_gives_the_browser_another_key_and_the_sign_in_goes_along(client: Browser) -> None:
    person()
    sign_in(client)
    before = LoginSession.objects.get()
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    after = LoginSession.objects.get()
    assert after.sid == before.sid
    assert after.browser != before.browser


def test_what_happens_to_an_account_is_told_to_who_listens(client: Browser) -> None:
    facts: list[tuple[str, str]] = []

    def note(sender: Any, user: User, fact: str, **_: Any) -> None:
        facts.append((user.username, fact))

    account_changed.connect(note)
    try:
        sign_up(client)
        client.post(link("/account/confirm-email/"))
        sign_in(client, "eve")
        client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
        client.post("/account/profile/", {"name": "Eve"})
    finally:
        account_changed.disconnect(note)
    assert facts == [
        ("eve", "account:created"),
        ("eve", "account:email:verified"),
        ("eve", "account:password:changed"),
        ("eve", "account:profile:changed"),
    ]


def test_language_and_time_zone_are_chosen_and_what_an_operator_set_is_kept(client: Browser) -> None:
    user = person(locale="de-CH", phone_number="+41 1")
    sign_in(client)
    assert 'value="de-CH" selected' in page(client.get("/account/appearance/"))
    form = {"theme": "", "locale": "de-CH", "zoneinfo": "Europe/London"}
    assert client.post("/account/appearance/", form).status_code == 303
    user.refresh_from_db()
    assert (user.locale, user.zoneinfo, user.phone_number) == ("de-CH", "Europe/London", "+41 1")
    response = client.post("/account/appearance/", {"zoneinfo": "Mars/Olympus"})
    assert response.status_code == 400
    assert 'aria-describedby="id_zoneinfo_error"' in page(response)


@pytest.mark.parametrize(
    "address", ["/account/", "/account/profile/", "/account/sessions/", "/account/email/", "/account/2fa/"]
)
def test_nobody_sees_an_account_page_without_signing_in(client: Browser, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert response.headers["Location"] == f"{LOGIN}?next={address}"


@pytest.mark.parametrize("name", ["400", "403", "404", "429", "500", "403_csrf"])
def test_an_error_page_says_what_to_do_without_a_request(name: str) -> None:
    """Django renders some of them with no context at all."""
    text = render_to_string(f"{name}.html")
    assert "<h1>" in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("name", "says"), [("a@b", "cannot contain @"), ("a b", "Use only letters, digits and . - + _")]
)
def test_the_hint_and_the_errors_of_a_username_agree(client: Browser, name: str, says: str) -> None:
    """Django's own sentence offers the @ that ours refuses."""
    shown = page(sign_up(client, name))
    assert says in shown
    assert "@/./+" not in shown


def test_a_form_about_a_password_tells_password_managers_whose_it_is(client: Browser) -> None:
    """WHATWG HTML §4.10.18.7: autocomplete=username, for nobody to see and nothing to send."""
    person()
    named = '<input type="text" value="ada" autocomplete="username" readonly hidden>'
    client.post("/account/password/reset/", {"email": "ada@example.com"})
    assert named in page(client.get(link("/account/password/reset/key/"), follow=True))
    sign_in(client)
    for address in ("/account/password/change/", "/account/reauthenticate/"):
        assert named in page(client.get(address)), address


def test_whoever_has_a_second_step_proves_it_before_the_password_changes(client: Browser) -> None:
    """ASVS 7.5.1: a password that was phished and a browser that stood open are not enough to lock the owner out."""
    ada = person()
    sign_in(client)
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    for asked in (client.get("/account/password/change/"), client.post("/account/password/change/", form)):
        assert asked.headers["Location"] == "/account/2fa/reauthenticate/?next=%2Faccount%2Fpassword%2Fchange%2F"
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    prove_second_step(client)
    client.post("/account/password/change/", form)
    ada.refresh_from_db()
    assert ada.check_password(NEW)


def test_a_mail_on_a_developers_terminal_is_what_it_says_and_its_link(client: Browser) -> None:
    person()
    client.post("/account/password/reset/", {"email": "ada@example.com"})
    EmailBackend(stream=(terminal := StringIO())).send_messages(mail.outbox)
    assert "Mail to ada@example.com: " in terminal.getvalue()
    assert link("/account/password/reset/key/") in terminal.getvalue()
    for noise in ("<html", "Content-Type", "Message-ID"):
        assert noise not in terminal.getvalue()
