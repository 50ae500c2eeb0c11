"""OpenID Connect Core 1.0 §3.1.2.4 and §11: the person's consent, and what outlasts their presence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server.models import Consent
from tests.support.front_channel import Browser, answer, exchange, location, page
from tests.support.parties import Party

pytestmark = pytest.mark.django_db


class TestOfflineAccess:
    """§11."""

    def test_with_prompt_consent_gives_a_refresh_token(self, app: Party, browser: Browser, person: User) -> None:
        done = browser.walk(browser.authorize(app, scope="openid offline_access", prompt="consent"), person)
        assert "refresh_token" in exchange(app, answer(done)["code"])

    def test_is_on_the_consent_page_without_the_prompt_too(
        self, app: Party, browser: Browser, signed_in: LoginSession
    ) -> None:
        asked = browser.authorize(app, scope="openid offline_access")
        assert "while you are away" in page(browser.get(location(asked)))

    def test_is_ignored_for_a_client_that_cannot_refresh(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        app = make_client(grant_types=["authorization_code"], scope="openid offline_access")
        done = browser.walk(browser.authorize(app, scope="openid offline_access", prompt="consent"), person)
        assert "refresh_token" not in exchange(app, answer(done)["code"])


class TestConsent:
    """§3.1.2.4."""

    def test_is_asked_once_and_remembered(self, app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
        allowed("openid profile")
        assert "code" in answer(browser.authorize(app, scope="openid profile"))
        assert "code" in answer(browser.authorize(app, scope="openid")), "a part of what was allowed"

    def test_is_asked_again_when_the_scope_grows(
        self, app: Party, browser: Browser, person: User, allowed: Callable[..., None]
    ) -> None:
        allowed("openid profile")
        grown = browser.authorize(app, scope="openid email")
        assert page(browser.get(location(grown))).count(">New<") == 1
        assert "code" in answer(browser.walk(grown, person))
        assert Consent.objects.get().scope == "email openid profile"
        assert "code" in answer(browser.authorize(app, scope="openid profile email"))

    def test_is_asked_again_once_it_was_revoked(
        self, app: Party, browser: Browser, person: User, allowed: Callable[..., None]
    ) -> None:
        allowed()
        Consent.objects.update(revoked_at=timezone.now())
        asked = browser.authorize(app)
        assert location(asked).startswith("/oauth/consent/")
        assert "code" in answer(browser.walk(asked, person))
        assert Consent.objects.count() == 2

    def test_is_asked_again_once_it_expired(
        self, app: Party, browser: Browser, person: User, allowed: Callable[..., None]
    ) -> None:
        allowed("openid profile")
        Consent.objects.update(expires=timezone.now())
        asked = browser.authorize(app)
        assert location(asked).startswith("/oauth/consent/")
        assert "code" in answer(browser.walk(asked, person))
        assert Consent.objects.get().scope == "openid", "what expired was not allowed anew"

    def test_denied_is_access_denied_and_ends_the_interaction(
        self, app: Party, browser: Browser, signed_in: LoginSession
    ) -> None:
        """§3.1.2.6, RFC 6749 §4.1.2.1."""
        asked = browser.authorize(app)
        members = answer(browser.decide(location(asked), "deny"))
        assert members["error"] == "access_denied"
        assert members["state"] == "st-4f2"
        assert Consent.objects.count() == 0
        assert "already finished" in page(browser.get(location(asked)))

    def test_page_says_who_and_what(
        self, make_client: Callable[..., Party], browser: Browser, signed_in: LoginSession
    ) -> None:
        app = make_client(
            client_name="<b>Notes</b>", client_uri="https://notes.example/", logo_uri="https://tracker.example/l.png",
            policy_uri="https://notes.example/privacy", scope="openid email notes:read",
        )  # fmt: skip
        shown = page(browser.get(location(browser.authorize(app, scope="openid email notes:read"))))
        assert "&lt;b&gt;Notes&lt;/b&gt;" in shown
        assert "<b>Notes" not in shown
        assert "app.example" in shown
        assert "notes:read" in shown
        assert "See your email address" in shown
        assert "https://notes.example/privacy" in shown
        assert "tracker.example" not in shown
        for element in ("id_allow", "id_deny"):
            assert f'id="{element}"' in shown

    def test_page_lets_its_form_end_at_the_client(self, app: Party, browser: Browser, signed_in: LoginSession) -> None:
        """Chromium applies form-action to the redirects that follow a POST."""
        shown = browser.get(location(browser.authorize(app)))
        policy = shown.headers["Content-Security-Policy"]
        form_action = next(part for part in policy.split("; ") if part.startswith("form-action"))
        assert "'self'" in form_action
        assert "https://app.example" in form_action
        assert shown.headers["Cache-Control"] == "no-store"

    def test_is_not_asked_of_a_first_party_client(
        self, make_client: Callable[..., Party], browser: Browser, signed_in: LoginSession
    ) -> None:
        app = make_client(skip_authorization=True)
        assert "code" in answer(browser.authorize(app))
        assert "refresh_token" in exchange(app, answer(browser.authorize(app, scope="openid offline_access"))["code"])

    def test_of_a_native_public_client_is_never_silent(
        self, make_client: Callable[..., Party], browser: Browser, person: User, signed_in: LoginSession
    ) -> None:
        """RFC 8252 §8.6: any program on the device can call itself this client."""
        loopback = "http://127.0.0.1:51004/callback"
        app = make_client(
            token_endpoint_auth_method="none", application_type="native", redirect_uris=["http://127.0.0.1/callback"]
        )
        done = browser.walk(browser.authorize(app, redirect_uri=loopback), person)
        assert location(done).startswith(loopback + "?")
        assert location(browser.authorize(app, redirect_uri=loopback)).startswith("/oauth/consent/")
        assert answer(browser.authorize(app, redirect_uri=loopback, prompt="none"))["error"] == "consent_required"

    def test_of_a_confidential_client_on_loopback_is_remembered(
        self, make_client: Callable[..., Party], browser: Browser, person: User, signed_in: LoginSession
    ) -> None:
        loopback = "http://127.0.0.1:51004/callback"
        app = make_client(redirect_uris=["http://127.0.0.1/callback"])
        browser.walk(browser.authorize(app, redirect_uri=loopback), person)
        assert "code" in answer(browser.authorize(app, redirect_uri=loopback, prompt="none"))
