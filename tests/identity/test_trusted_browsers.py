"""Trust in a browser spares the second step there, and nothing else (ASVS 5.0 §6.3, §7.4, §7.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.test import Client as Browser
from django.utils import timezone

from identity.account.create import create_or_update
from identity.models import LoginSession, TrustedBrowser, User
from identity.sessions.store import digest
from tests.identity.test_devices import FIREFOX, SAFARI
from tests.support.factors import App, give_app
from tests.support.people import PASSWORD, is_signed_in, page, person, sid_of, sign_in

pytestmark = pytest.mark.django_db
SECOND = "/account/2fa/authenticate/"
TRUST = "gatehouse_trust"


@pytest.fixture
def ada() -> User:
    return person("ada")


@pytest.fixture
def app(ada: User) -> App:
    return give_app(ada)


def trust(browser: Browser, app: App) -> None:
    """Sign in with both steps and tick the box; sign out again."""
    sign_in(browser)
    browser.post(SECOND, {"code": app.code(), "trust": "on"})
    assert is_signed_in(browser)
    browser.post("/account/logout/")


def is_asked(browser: Browser, **how: Any) -> bool:
    """Is the second step asked for after the password?"""
    return bool(sign_in(browser, **how).headers["Location"].startswith(SECOND))


def test_a_browser_that_is_trusted_is_not_asked_again_and_the_sign_in_is_worth_one_factor(
    client: Browser, app: App
) -> None:
    """RFC 8176: what was not done now is not said to be done."""
    sign_in(client)
    assert "Ask for no code in this browser for 30 days" in page(client.get(SECOND))
    trust(client, app)
    assert not is_asked(client)
    assert is_signed_in(client)
    session = LoginSession.objects.get(ended_at=None)
    assert (session.acr, session.amr) == ("1", ["pwd"])
    assert TrustedBrowser.objects.get().sid == session.sid


def test_whoever_does_not_tick_it_is_asked_every_time(client: Browser, app: App) -> None:
    sign_in(client)
    client.post(SECOND, {"code": app.code()})
    client.post("/account/logout/")
    assert is_asked(client)
    assert TRUST not in client.cookies


def test_trust_in_one_browser_is_no_trust_in_another_and_a_wrong_code_earns_none(client: Browser, app: App) -> None:
    trust(client, app)
    other = Browser()
    assert is_asked(other)
    other.post(SECOND, {"code": "000000", "trust": "on"})
    assert TRUST not in other.cookies
    assert TrustedBrowser.objects.count() == 1


@pytest.mark.parametrize(("days", "asked"), [(29, False), (31, True)])
def test_it_ends_after_thirty_days_however_often_it_was_used(
    client: Browser, app: App, days: int, *, asked: bool
) -> None:
    trust(client, app)
    for day in (10, 20, days):
        with time_machine.travel(timezone.now() + timedelta(days=day)):
            assert is_asked(client) is (asked and day == days)
            client.post("/account/logout/")


@pytest.mark.parametrize("seconds", [0, 60])
def test_an_operator_shortens_it_or_turns_it_off_for_what_was_trusted_before_too(
    client: Browser, app: App, settings: Any, seconds: int
) -> None:
    trust(client, app)
    settings.LIFETIMES = replace(settings.LIFETIMES, trusted_browser=seconds)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert is_asked(client)
        assert ("Ask for no code" in page(client.get(SECOND))) is bool(seconds)


def test_only_a_digest_of_the_cookie_is_kept(client: Browser, app: App) -> None:
    """Scorecard L-02: a stolen table trusts nobody, and the cookie alone names nobody."""
    trust(client, app)
    cookie = client.cookies[TRUST]
    stored = TrustedBrowser.objects.values().get()
    assert cookie.value not in str(stored)
    assert stored["digest"] != digest(cookie.value)  # bound to the password too
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_a_cookie_that_was_planted_is_not_the_one_that_is_trusted(client: Browser, app: App) -> None:
    """Fixation: whoever set it before would be trusted with the owner."""
    client.cookies[TRUST] = planted = "planted-by-somebody"
    trust(client, app)
    thief = Browser()
    thief.cookies[TRUST] = planted
    assert is_asked(thief)


def test_two_people_share_a_browser_and_neither_is_trusted_for_the_other(client: Browser, app: App) -> None:
    eve = person("eve")
    hers = give_app(eve)
    trust(client, app)
    assert is_asked(client, login="eve")
    client.post(SECOND, {"code": hers.code(), "trust": "on"})
    client.post("/account/logout/")
    assert not is_asked(client, login="ada")
    client.post("/account/logout/")
    assert not is_asked(client, login="eve")


def test_a_change_that_matters_still_asks_for_the_second_step(client: Browser, app: App) -> None:
    """ASVS 7.5.1: trust is no proof."""
    trust(client, app)
    sign_in(client)
    response = client.get("/account/2fa/totp/deactivate/")
    assert response.status_code == 302
    assert "reauthenticate" in response.headers["Location"]


def elsewhere(app: App) -> Browser:
    """Another browser, signed in with both steps."""
    other = Browser()
    sign_in(other)
    other.post(SECOND, {"code": app.code()})
    assert is_signed_in(other)
    return other


def _password_changed(_: Browser, ada: User, app: App) -> None:
    form = {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"}
    elsewhere(app).post("/account/password/change/", form)


def _password_set_by_command(_: Browser, ada: User, app: App) -> None:
    create_or_update("ada", "ada@example.com", "another long one", {})


def _signed_out_everywhere(_: Browser, ada: User, app: App) -> None:
    elsewhere(app).post("/account/sessions/end-others/")


def _signed_out_elsewhere(browser: Browser, ada: User, app: App) -> None:
    sign_in(browser)
    elsewhere(app).post(f"/account/sessions/{sid_of(browser)}/end/")


def _factor_changed(_: Browser, ada: User, app: App) -> None:
    authenticator_added.send(sender=Authenticator, request=None, user=ada, authenticator=Authenticator.objects.get())


def _disabled(_: Browser, ada: User, app: App) -> None:
    for active in (False, True):
        ada.is_active = active
        ada.save()


@pytest.mark.parametrize(
    "what",
    [_password_changed, _password_set_by_command, _signed_out_everywhere, _signed_out_elsewhere, _factor_changed, _disabled],
)  # fmt: skip
def test_trust_ends_with(what: Any, client: Browser, ada: User, app: App) -> None:
    """A new password, a sign-out by somebody else's hand, another factor, an account that was closed meanwhile."""
    trust(client, app)
    what(client, ada, app)
    ada.refresh_from_db()
    password = PASSWORD if ada.check_password(PASSWORD) else "another long one"
    assert is_asked(Browser(), password=password)
    assert is_asked(client, password=password)


def test_signing_out_here_keeps_it(client: Browser, app: App) -> None:
    trust(client, app)
    assert TrustedBrowser.objects.count() == 1


def test_the_owner_sees_what_is_trusted_and_takes_it_back(app: App) -> None:
    """ASVS 7.5.2."""
    here, there = Browser(headers={"user-agent": FIREFOX}), Browser(headers={"user-agent": SAFARI})
    trust(there, app)
    sign_in(here)
    here.post(SECOND, {"code": app.code(), "trust": "on"})
    text = page(here.get("/account/sessions/")).partition("Browsers that you trust")[2]
    assert text.index("Firefox on Linux") < text.index("this browser") < text.index("Safari on iPhone")
    far = TrustedBrowser.objects.exclude(sid=sid_of(here)).get()
    stranger = Browser()
    person("eve")
    sign_in(stranger, "eve")
    assert stranger.post(f"/account/sessions/trusted/{far.pk}/forget/").status_code == 303
    assert TrustedBrowser.objects.count() == 2
    here.post(f"/account/sessions/trusted/{far.pk}/forget/")
    assert is_asked(there)
    told = page(here.get("/account/activity/"))
    assert "You trusted a browser" in told
    assert "You trust a browser no more" in told
