"""A stranger at an open browser, or with a stolen cookie, gets no way in of their own (ASVS 5.0 §7.5.1, §6.4)."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client as Browser
from django.utils import timezone

from identity.models import LoginSession, User
from identity.sign_in.assurance import FIRST
from identity.sign_in.demand import Demand
from identity.sign_in.stages import ways_of
from tests.identity.test_passkeys import ADD, options
from tests.support.factors import App, give_app
from tests.support.people import PASSWORD, person, prove, sign_in
from tests.support.soft_key import ORIGIN, SoftKey
from tests.support.upstream import Provider, connect

pytestmark = pytest.mark.django_db

EMAIL, DEACTIVATE, CODES = (
    "/account/email/",
    "/account/2fa/totp/deactivate/",
    "/account/2fa/recovery-codes/generate/",
)
EVIL = "evil@example.net"
AN_HOUR = 3_600
# Every form below /account/ that changes how the account opens.
CHANGES: dict[str, tuple[str, dict[str, str]]] = {
    "add an address": (EMAIL, {"action_add": "", "email": EVIL}),
    "make an address the primary one": (EMAIL, {"action_primary": "", "email": "second@example.com"}),
    "remove an address": (EMAIL, {"action_remove": "", "email": "second@example.com"}),
    "change the username": ("/account/username/", {"username": "mallory"}),
    "add a passkey": (ADD, {"credential": "{}", "name": "x"}),
    "set up an app": ("/account/2fa/totp/activate/", {"code": "000000"}),
    "make recovery codes": (CODES, {}),
    "link a provider": ("/account/login/with/there/", {"process": "link"}),
    "unlink a provider": ("/account/connections/1/unlink/", {}),
}
OF_AN_APP = {
    "take the app away": (DEACTIVATE, {}),
    "add a passkey": CHANGES["add a passkey"],
    "make recovery codes": CHANGES["make recovery codes"],
    "make an address the primary one": CHANGES["make an address the primary one"],
    "change the username": CHANGES["change the username"],
    "unlink a provider": CHANGES["unlink a provider"],
    "change the password": (
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": "another horse battery", "password2": "another horse battery"},
    ),
}


@pytest.fixture(autouse=True)
def issuer_with_a_name(settings: Any) -> None:
    settings.ISSUER = settings.ISSUER_ORIGIN = ORIGIN


def owner(browser: Browser) -> User:
    """Ada with two addresses, signed in."""
    user = person()
    EmailAddress.objects.create(user=user, email="second@example.com", verified=True)
    sign_in(browser)
    return user


def account(user: User) -> dict[str, Any]:
    """All by which the account opens."""
    user.refresh_from_db()
    return {
        "username": user.username,
        "password": user.password,
        "addresses": sorted(EmailAddress.objects.filter(user=user).values_list("email", "primary")),
        "factors": sorted(Authenticator.objects.filter(user=user).values_list("type", flat=True)),
    }


@pytest.mark.parametrize("change", CHANGES)
def test_no_way_in_changes_without_a_new_proof(client: Browser, change: str, there: Provider) -> None:
    connect(there)
    user = owner(client)
    before = account(user)
    address, form = CHANGES[change]
    with time_machine.travel(time.time() + AN_HOUR):
        response = client.post(address, form)
    assert response.status_code in {302, 303}
    assert response.headers["Location"].startswith("/account/reauthenticate/?next=")
    assert account(user) == before


def test_the_change_goes_on_after_the_proof(client: Browser) -> None:
    user = owner(client)
    with time_machine.travel(time.time() + AN_HOUR):
        where = client.post(EMAIL, {"action_add": "", "email": "new@example.com"}).headers["Location"]
        client.post(where, {"password": PASSWORD})
    assert EmailAddress.objects.filter(user=user, email="new@example.com").exists()


def test_whoever_has_no_password_gets_none_without_a_proof(client: Browser) -> None:
    """Whoever signs in by a passkey has none; a stranger would set one and come back with it."""
    user = owner(client)
    prove(client)
    client.post(ADD, {"credential": json.dumps(SoftKey().create(options(client, ADD))), "name": "x"})
    User.objects.filter(pk=user.pk).update(password="!")
    user.refresh_from_db()
    _vouch(client, user)
    new = {"password1": "another good password", "password2": "another good password"}
    with time_machine.travel(time.time() + AN_HOUR):
        response = client.post("/account/password/set/", new)
    assert "/2fa/webauthn/reauthenticate/" in response.headers["Location"]
    user.refresh_from_db()
    assert not user.has_usable_password()


def _vouch(browser: Browser, user: User) -> None:
    """The session keeps its person although the password changed below it."""
    session = browser.session
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()


def test_whoever_has_only_a_provider_signs_in_again_before_a_password_is_set(client: Browser) -> None:
    """allauth knows no proof for them, and lets them pass."""
    user = owner(client)
    User.objects.filter(pk=user.pk).update(password="!")
    user.refresh_from_db()
    _vouch(client, user)
    new = {"password1": "another good password", "password2": "another good password"}
    with time_machine.travel(time.time() + AN_HOUR):
        response = client.post("/account/password/set/", new)
    assert response.headers["Location"] == "/account/login/?next=%2Faccount%2Fpassword%2Fset%2F&prompt=login"
    user.refresh_from_db()
    assert not user.has_usable_password()


@pytest.fixture
def app(client: Browser) -> App:
    """Ada is signed in, and has had an authenticator app since."""
    return give_app(owner(client))


@pytest.mark.parametrize("change", OF_AN_APP)
def test_where_there_is_a_second_step_a_password_alone_changes_nothing(client: Browser, app: App, change: str) -> None:
    """A password that was phished and an old session: the thief adds a key and takes the owner's app away."""
    user = User.objects.get()
    before = account(user)
    address, form = OF_AN_APP[change]
    with time_machine.travel(time.time() + AN_HOUR):
        client.post(address, form)
        prove(client)
        assert "/account/2fa/reauthenticate/" in client.post(address, form).headers["Location"]
    assert account(user) == before


def test_the_second_step_opens_the_change(client: Browser, app: App) -> None:
    with time_machine.travel(time.time() + AN_HOUR):
        where = client.post(DEACTIVATE).headers["Location"]
        assert client.post(where, {"code": app.code()}).status_code == 302
    assert not Authenticator.objects.exists()


def test_a_key_that_was_just_made_does_not_stand_for_its_owner(client: Browser) -> None:
    """OpenID Connect Core §2 auth_time: max_age and prompt=login ask for the owner, who may be gone since."""
    owner(client)
    prove(client)
    before = LoginSession.objects.get()
    with time_machine.travel(time.time() + 200):
        made = SoftKey().create(options(client, ADD))
        assert client.post(ADD, {"credential": json.dumps(made), "name": "x"}).status_code == 302
        after = LoginSession.objects.get()
        demand = Demand(since=timezone.now() - timedelta(seconds=100))
    assert (after.acr, after.auth_time) == ("phr", before.auth_time)
    assert not demand.is_met(after.proved)
    assert FIRST in demand.missing(after.proved, ways_of(after.user)).factors
