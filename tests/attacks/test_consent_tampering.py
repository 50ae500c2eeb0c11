"""A yes counts for what was shown, to whom it was shown, once (RFC 9700 §4.7, §4.16)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Http

from identity.models import LoginSession, User
from oauth_server.models import AuthorizationCode, Consent, Interaction
from tests.support.front_channel import Browser, hidden, location, page
from tests.support.parties import Party

pytestmark = pytest.mark.django_db


def test_a_yes_needs_our_page(person: User, app: Party) -> None:
    """CSRF: a form of another site cannot know the token, nor the seal.

    RFC 6749 §10.12, OpenID Connect Core §3.1.2.3.
    """
    strict = Browser(Http(enforce_csrf_checks=True))
    strict.sign_in(person)
    at = location(strict.authorize(app))
    shown = strict.get(at)
    assert strict.post(at, person=hidden(shown, "person"), decision="allow").status_code == 403
    assert Consent.objects.count() == 0
    token = hidden(shown, "csrfmiddlewaretoken")
    assert strict.post(at, person="0" * 64, decision="allow", csrfmiddlewaretoken=token).status_code == 303
    assert Consent.objects.count() == 0
    strict.post(at, person=hidden(shown, "person"), decision="allow", csrfmiddlewaretoken=token)
    assert Consent.objects.count() == 1


def test_more_scope_in_the_form_is_not_read(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    at = location(browser.authorize(app, scope="openid"))
    browser.post(at, person=hidden(browser.get(at), "person"), decision="allow", scope="openid email offline_access")
    assert Consent.objects.get().scope == "openid"


def test_the_seal_of_one_interaction_does_not_open_another(
    app: Party, browser: Browser, signed_in: LoginSession
) -> None:
    small, large = location(browser.authorize(app)), location(browser.authorize(app, scope="openid email"))
    seal = hidden(browser.get(small), "person")
    assert location(browser.post(large, person=seal, decision="allow")) == large
    assert Consent.objects.count() == 0


def test_the_seal_of_another_step_does_not_either(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    select = location(browser.authorize(app, prompt="select_account consent"))
    seal = hidden(browser.get(select), "person")
    browser.post(select, person=seal, account="this")
    consent = select.replace("select-account", "consent")
    browser.post(consent, person=seal, decision="allow")
    assert Consent.objects.count() == 0


def test_a_step_cannot_be_skipped(
    app: Party, browser: Browser, allowed: Callable[..., None], signed_in: LoginSession
) -> None:
    """The consent page is not there while the sign-in is still owed, nor can its form be sent."""
    allowed()
    asked = location(browser.authorize(app, prompt="login consent"))
    key = asked.split("%2F")[-1].split("&")[0]
    shown = browser.get(f"/oauth/consent/{key}")
    assert location(shown) == f"/oauth/authorize/{key}"
    browser.post(f"/oauth/consent/{key}", person="x", decision="allow")
    assert Interaction.objects.latest("created").consented_by is None
    assert "/account/login/" in location(browser.get(f"/oauth/authorize/{key}"))


@pytest.mark.parametrize("decision", ["", "ALLOW", "yes", "allow ", "\x00"])
def test_only_the_two_words_decide(app: Party, browser: Browser, signed_in: LoginSession, decision: str) -> None:
    at = location(browser.authorize(app))
    assert location(browser.post(at, person=hidden(browser.get(at), "person"), decision=decision)) == at
    assert AuthorizationCode.objects.count() == 0


def test_the_page_cannot_be_framed(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    """RFC 9700 §4.16."""
    shown = browser.get(location(browser.authorize(app)))
    assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]
    assert shown.headers["X-Frame-Options"] == "DENY"


def test_a_name_that_is_markup_or_an_address_is_only_text(
    make_client: Callable[..., Party], browser: Browser, signed_in: LoginSession
) -> None:
    app = make_client(client_name="<img src=https://evil.example/x>", client_uri="https://app.example/")
    shown = page(browser.get(location(browser.authorize(app))))
    assert "<img" not in shown
    assert "&lt;img" in shown
