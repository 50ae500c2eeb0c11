"""The sign-in page: who gets in, who gets in again, where it leads (OpenID Connect Core §3.1.2.1, ASVS 5.0 V6 and V7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.http import HttpRequest
from django.test import Client as Browser
from django.utils import timezone

from identity.models import LoginSession
from tests.support.people import LOGIN, PASSWORD, is_signed_in, live_sids, page, person, sid_of, sign_in

pytestmark = pytest.mark.django_db

INTERACTION = "/oauth/authorize/gth_in_something"


@pytest.mark.parametrize("login", ["ada", "ADA@example.com", "ada@example.com", "  ada ", "Ada"])
def test_a_person_signs_in_by_username_or_address(client: Browser, login: str) -> None:
    person()
    response = sign_in(client, login)
    assert (response.status_code, response.headers["Location"]) == (302, "/account/")
    assert is_signed_in(client)


def test_the_page_has_the_ids_and_the_words_that_scripts_rely_on(client: Browser) -> None:
    text = page(client.get(LOGIN))
    for part in ('id="id_login"', 'id="id_password"', 'id="id_submit"', "Sign in", 'autocomplete="current-password"'):
        assert part in text


def test_the_page_is_never_kept_in_a_cache_and_never_framed(client: Browser) -> None:
    """ASVS 14.2.2, RFC 9700 §4.16."""
    headers = client.get(LOGIN).headers
    assert "no-store" in headers["Cache-Control"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]


def test_a_page_has_no_inline_style_or_script(client: Browser) -> None:
    """The content security policy would refuse it."""
    person()
    sign_in(client)
    for address in (
        "/account/",
        "/account/profile/",
        "/account/sessions/",
        "/account/email/",
        "/account/2fa/",
        "/account/logout/",
    ):
        text = page(client.get(address))
        assert " style=" not in text, address
        assert "<style" not in text, address
        assert "<script" not in text, address


def test_signing_in_with_a_password_is_worth_one_factor(client: Browser) -> None:
    """RFC 8176 §2, OpenID Connect Core §2."""
    person()
    sign_in(client)
    session = LoginSession.objects.get()
    assert (session.acr, session.amr) == ("1", ["pwd"])
    assert session.ip_address == "127.0.0.1"


def test_a_signed_in_person_is_sent_on(client: Browser) -> None:
    person()
    sign_in(client)
    response = client.get(f"{LOGIN}?next=/account/profile/")
    assert (response.status_code, response.headers["Location"]) == (302, "/account/profile/")


def test_a_signed_in_person_whose_sign_in_is_over_sees_the_form(client: Browser) -> None:
    """Else the server and this page would send the browser to each other forever."""
    person()
    sign_in(client)
    LoginSession.objects.update(ended_at=timezone.now())
    assert client.get(f"{LOGIN}?next=/account/").status_code == 200
    assert sign_in(client, query="?next=/account/").status_code == 302
    assert is_signed_in(client)


def test_prompt_login_asks_a_signed_in_person_again_and_renews_the_same_session(client: Browser) -> None:
    """OpenID Connect Core §3.1.2.1 (prompt=login), §2 (auth_time)."""
    person()
    sign_in(client)
    before = LoginSession.objects.get()
    query = "?prompt=login&next=/account/profile/"
    form = client.get(LOGIN + query)
    assert form.status_code == 200
    assert "You are signed in as ada" in page(form)
    assert 'value="ada"' in page(form)
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        response = sign_in(client, query=query)
    assert response.headers["Location"] == "/account/profile/"
    after = LoginSession.objects.get()
    assert after.sid == before.sid == sid_of(client)
    assert after.auth_time - before.auth_time > timedelta(minutes=2)


@pytest.mark.parametrize("guess", [None, "wrong"])
def test_giving_up_a_second_sign_in_changes_nothing(client: Browser, guess: str | None) -> None:
    """CVE-2023-6787: a cancelled or failed re-authentication upgrades no session and ends none."""
    user = person()
    sign_in(client)
    before = LoginSession.objects.values().get()
    client.get(f"{LOGIN}?prompt=login")
    if guess:
        sign_in(client, password=guess, query="?prompt=login")
    assert is_signed_in(client)
    assert LoginSession.objects.values().get() == before
    assert live_sids(user) == {sid_of(client)}


def test_another_person_at_prompt_login_gets_another_session(client: Browser) -> None:
    """CVE-2025-12390."""
    ada, bob = person("ada"), person("bob")
    sign_in(client)
    first = sid_of(client)
    sign_in(client, "bob", query="?prompt=login")
    assert live_sids(ada) == set()
    assert live_sids(bob) == {sid_of(client)}
    assert sid_of(client) != first


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example/",
        "/%0d%0a//evil.example\r\nX: y",
        "http://testserver@evil.example/",
        "http://testserver/account/",
        "evil/",
        "?evil",
    ],
)
@pytest.mark.parametrize("page_address", [LOGIN, "/account/logout/", "/account/signup/"])
def test_next_leads_only_to_our_own_paths(client: Browser, target: str, page_address: str) -> None:
    """RFC 9700 §4.11.2: the authorization server is no open redirector."""
    person()
    data = {"login": "ada", "password": PASSWORD, "next": target}
    if page_address == "/account/logout/":
        sign_in(client)
    if page_address == "/account/signup/":
        data = {"username": "eve", "email": "eve@example.com", "password1": PASSWORD, "next": target}
    response = client.post(page_address, data)
    assert response.status_code == 302
    assert response.headers["Location"] in {"/account/", LOGIN, "/account/confirm-email/"}
    followed = client.get(page_address, {"next": target})
    assert "evil" not in followed.headers.get("Location", "")


def hint(request: HttpRequest) -> dict[str, Any]:
    """What the authorization server says about the application that waits (settings.SIGN_IN_CONTEXT)."""
    if not (request.GET.get("next") or "").startswith("/oauth/authorize/"):
        return {}
    return {
        "client_name": "Acme <Notes>",
        "policy_uri": "https://notes.example/privacy",
        "login_hint": "ada",
        "form_action_origins": ["https://notes.example"],
    }


def test_the_page_says_which_application_waits_and_lets_the_form_lead_back_to_it(
    client: Browser, settings: Any
) -> None:
    """Chromium applies form-action to the redirects after a POST."""
    settings.SIGN_IN_CONTEXT = f"{__name__}.hint"
    response = client.get(LOGIN, {"next": INTERACTION})
    text = response.content.decode()
    assert "Acme &lt;Notes&gt;" in text
    assert 'value="ada"' in text
    assert 'href="https://notes.example/privacy"' in text
    policy = response.headers["Content-Security-Policy"]
    assert "form-action 'self' https://notes.example" in policy
    assert "notes.example" not in client.get(LOGIN).headers["Content-Security-Policy"]


def test_signing_out_asks_first_and_then_does(client: Browser) -> None:
    """A link from elsewhere must not sign anybody out (ASVS 3.5.1)."""
    user = person()
    sign_in(client)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.get("/account/logout/").status_code == 200
    assert is_signed_in(client)
    assert client.post("/account/logout/").status_code == 302
    assert not is_signed_in(client)
    assert live_sids(user) == set()
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != key
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not is_signed_in(client)


def test_a_form_without_its_token_is_refused_with_an_explanation() -> None:
    """ASVS 3.5.1."""
    browser = Browser(enforce_csrf_checks=True)
    response = browser.post(LOGIN, {"login": "ada", "password": PASSWORD})
    assert response.status_code == 403
    assert "open for too long" in page(response)
