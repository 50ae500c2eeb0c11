"""Passkeys (Web Authentication Level 3 §7): what is accepted, what it is worth, what is never taken away."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.http import HttpResponse
from django.test import Client as Browser

from identity.models import LoginSession, User
from identity.sign_in import passkeys
from tests.support.people import LOGIN, PASSWORD, is_signed_in, page, person, sign_in
from tests.support.soft_key import ORIGIN, UP, UV, SoftKey

pytestmark = pytest.mark.django_db

ADD, ALONE, SECOND = "/account/2fa/webauthn/add/", "/account/2fa/webauthn/login/", "/account/2fa/authenticate/"


@pytest.fixture(autouse=True)
def issuer_with_a_name(settings: Any) -> None:
    settings.ISSUER = settings.ISSUER_ORIGIN = ORIGIN


def options(browser: Browser, address: str) -> Any:
    response = browser.get(address, headers={"accept": "application/json"})
    assert response.headers["Content-Type"] == "application/json", response.headers
    return response.json()


def send(browser: Browser, address: str, credential: Any, **more: str) -> HttpResponse:
    return browser.post(address, {"credential": json.dumps(credential), **more})


def confirm(browser: Browser) -> None:
    browser.post("/account/reauthenticate/", {"password": PASSWORD})


def give(browser: Browser, key: SoftKey, name: str = "Key") -> HttpResponse:
    """Ada's browser registers a passkey."""
    confirm(browser)
    return send(browser, ADD, key.create(options(browser, ADD)), name=name)


def owner(name: str = "ada", **about: Any) -> tuple[User, SoftKey]:
    """Somebody with a passkey, signed in nowhere."""
    user, key, browser = person(name), SoftKey(**about), Browser()
    sign_in(browser, name)
    assert give(browser, key).status_code == 302
    browser.post("/account/logout/")
    mail.outbox.clear()
    return user, key


def alone(browser: Browser, key: SoftKey, query: str = "") -> HttpResponse:
    return send(browser, ALONE + query, key.get(options(browser, ALONE)))


def test_a_new_passkey_is_listed_mailed_and_brings_recovery_codes(client: Browser) -> None:
    """ASVS 6.3.7."""
    person()
    sign_in(client)
    response = give(client, SoftKey(), "My <telephone>")
    assert response.headers["Location"] == "/account/2fa/recovery-codes/"
    assert "My &lt;telephone&gt;" in client.get("/account/2fa/").content.decode()
    assert [message.subject for message in mail.outbox] == ["A passkey was added"]


def test_a_passkey_without_a_name_gets_one(client: Browser) -> None:
    person()
    sign_in(client)
    give(client, SoftKey(), "")
    assert Authenticator.objects.get(type="webauthn").wrap().name.startswith("Passkey of ")


def test_a_passkey_opens_the_account_alone_and_is_worth_two_factors(client: Browser) -> None:
    """RFC 8176 §2: hwk, user, mfa."""
    owner()
    response = alone(client, SoftKey())
    assert response.status_code == 303
    assert not is_signed_in(client)
    user, key = owner("bob")
    response = alone(client, key, "?next=/account/profile/")
    assert response.headers["Location"] == "/account/profile/"
    session = LoginSession.objects.get(user=user, ended_at=None)
    assert (session.acr, session.amr) == ("phr", ["hwk", "user", "mfa"])


def test_where_a_passkey_leads_is_only_our_own_path(client: Browser) -> None:
    """RFC 9700 §4.11.2."""
    _, key = owner()
    assert alone(client, key, "?next=https://evil.example/").headers["Location"] == "/account/"


def test_with_prompt_login_a_signed_in_person_proves_it_again_by_passkey(client: Browser) -> None:
    """OpenID Connect Core §3.1.2.1."""
    _, key = owner()
    alone(client, key)
    before = LoginSession.objects.get(ended_at=None)
    send(client, f"{ALONE}?prompt=login", key.get(options(client, f"{ALONE}?prompt=login")))
    after = LoginSession.objects.get(ended_at=None)
    assert after.sid == before.sid
    assert after.auth_time > before.auth_time


def test_a_passkey_of_last_week_makes_no_second_step_of_today_superfluous(client: Browser) -> None:
    """Its note stays in the session; whoever knows the password signs in anew beside it."""
    _, key = owner()
    alone(client, key)
    response = sign_in(client, query="?prompt=login")
    assert response.headers["Location"] == SECOND


def test_beside_the_password_a_passkey_is_the_second_step(client: Browser) -> None:
    _, key = owner(flags=UP)
    assert sign_in(client).headers["Location"] == SECOND
    assert not is_signed_in(client)
    send(client, SECOND, key.get(options(client, SECOND)))
    assert is_signed_in(client)
    session = LoginSession.objects.get(ended_at=None)
    assert (session.acr, session.amr) == ("phr", ["pwd", "hwk", "user", "mfa"])


def test_the_passkey_of_somebody_else_is_no_second_step(client: Browser) -> None:
    owner("ada")
    _, other = owner("bob")
    sign_in(client, "ada")
    response = send(client, SECOND, other.get(options(client, SECOND)))
    assert "does not open this account" in page(response)
    assert not is_signed_in(client)


def test_the_passkey_of_a_disabled_person_opens_nothing(client: Browser) -> None:
    """Design rule 4."""
    user, key = owner()
    user.is_active = False
    user.save()
    alone(client, key)
    assert not is_signed_in(client)


def test_the_options_are_the_same_for_whoever_asks(client: Browser) -> None:
    """Scorecard T-02: nothing tells who has an account."""
    owner()
    for _ in range(2):
        asked = options(client, ALONE)["publicKey"]
        assert set(asked) == {"challenge", "rpId", "allowCredentials", "userVerification"}
        assert asked["allowCredentials"] == []
        assert (asked["rpId"], asked["userVerification"]) == ("id.example", "required")


def test_the_relying_party_is_the_issuer_whatever_host_a_request_names(client: Browser) -> None:
    response = client.get(ALONE, headers={"accept": "application/json", "host": "127.0.0.1"})
    assert response.json()["publicKey"]["rpId"] == "id.example"


def test_a_device_shows_what_the_operator_calls_this_server(client: Browser, settings: Any) -> None:
    settings.BRAND_NAME = "Acme ID"
    person()
    sign_in(client)
    confirm(client)
    asked = options(client, ADD)["publicKey"]
    assert asked["rp"] == {"id": "id.example", "name": "Acme ID"}
    assert (asked["user"]["name"], asked["user"]["displayName"]) == ("ada", "ada")
    assert "Acme%20ID" in client.get("/account/2fa/totp/activate/").context["totp_url"]


def test_a_look_at_a_page_makes_no_session(client: Browser) -> None:
    client.get(LOGIN)
    assert "gatehouse_session" not in client.cookies


def test_the_last_way_in_is_never_removed(client: Browser) -> None:
    user, key = owner()
    user.set_unusable_password()
    user.save()
    alone(client, key)
    stored = Authenticator.objects.get(type="webauthn")
    address = f"/account/2fa/webauthn/keys/{stored.pk}/remove/"
    again = "/account/2fa/webauthn/reauthenticate/"
    send(client, again, key.get(options(client, again)))
    assert "only way into your account" in page(client.post(address, follow=True))
    assert Authenticator.objects.filter(pk=stored.pk).exists()
    user.set_password(PASSWORD)
    user.save()
    sign_in(client)
    send(client, SECOND, key.get(options(client, SECOND)))
    confirm(client)
    client.post(address)
    assert not Authenticator.objects.filter(user=user).exists()


def test_adding_and_removing_needs_the_password_again(client: Browser) -> None:
    """ASVS 7.5.1."""
    person()
    sign_in(client)
    assert "reauthenticate" in client.get(ADD).headers["Location"]
    assert "reauthenticate" in send(client, ADD, {}).headers["Location"]


def test_a_passkey_is_proof_enough_before_a_change(client: Browser) -> None:
    _, key = owner()
    alone(client, key)
    again = "/account/2fa/webauthn/reauthenticate/?next=/account/2fa/webauthn/add/"
    assert send(client, again, SoftKey().get(options(client, again))).status_code == 200
    assert send(client, again, key.get(options(client, again))).headers["Location"] == ADD
    assert client.get(ADD).status_code == 200


def test_an_account_has_so_many_passkeys_and_no_more(client: Browser, settings: Any) -> None:
    settings.LIMITS = type(settings.LIMITS)(passkeys_per_person=2)
    person()
    sign_in(client)
    for _ in range(3):
        response = give(client, SoftKey())
    assert "as many passkeys" in page(response)
    assert Authenticator.objects.filter(type="webauthn").count() == 2


def test_a_key_that_cannot_verify_a_person_is_said_to_be_a_second_step(client: Browser) -> None:
    person()
    sign_in(client)
    give(client, SoftKey(flags=UP, discoverable=False))
    assert "second step only" in page(client.get("/account/2fa/"))


@pytest.mark.parametrize(
    ("issuer", "possible"),
    [
        ("https://id.example", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("https://[2001:db8::1]", False),
        ("http://id.example", False),
    ],
)
def test_passkeys_need_a_name_and_a_secure_page(settings: Any, client: Browser, issuer: str, possible: bool) -> None:
    """§5.1.3: the effective domain is a domain; §13.1: a secure context."""
    settings.ISSUER = issuer
    assert passkeys.are_possible() is possible
    assert ("id_passkey" in page(client.get(LOGIN))) is possible


@pytest.mark.parametrize(
    ("issuer", "hint"),
    [("http://127.0.0.1:8000", True), ("http://id.example", True), ("http://localhost:8000", False), (ORIGIN, False)],
)
def test_a_server_without_a_name_says_why_it_has_no_passkeys(
    settings: Any, client: Browser, issuer: str, *, hint: bool
) -> None:
    """No button that fails: the page says what whoever runs the server has to set."""
    settings.ISSUER = settings.ISSUER_ORIGIN = issuer
    person()
    sign_in(client)
    confirm(client)
    text = page(client.get(ADD, follow=True))
    assert ("id_submit" in text) is not hint
    assert (f"There are no passkeys at {issuer}" in text) is hint
    assert ("sets ISSUER" in page(client.get("/account/2fa/"))) is hint


def test_without_the_feature_nothing_is_said_of_passkeys(settings: Any, client: Browser) -> None:
    settings.ISSUER = "http://127.0.0.1:8000"
    settings.FEATURES = dataclasses.replace(settings.FEATURES, passkeys=False)
    person()
    sign_in(client)
    assert "There are no passkeys" not in page(client.get("/account/2fa/"))


def test_verification_is_what_makes_a_passkey_enough(client: Browser) -> None:
    """§7.2 step 17."""
    _, key = owner(flags=UP | UV)
    key.flags = UP
    alone(client, key)
    assert not is_signed_in(client)
