"""RFC 6749 §3.3: the person may grant less than the client asked for, where the client can live with it (``optional_scopes``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from identity.models import LoginSession
from oauth_server.clients import registry
from oauth_server.models import Client, Consent, freshness
from tests.support.front_channel import Browser, answer, claims_of, exchange, hidden, location, page
from tests.support.parties import Party
from tests.support.registration import manage, post

pytestmark = pytest.mark.django_db

ASKED = "openid profile email offline_access"


@pytest.fixture
def flexible(make_client: Callable[..., Party]) -> Party:
    return make_client(
        scope="openid profile email address offline_access", optional_scopes="email address offline_access"
    )


def agree(browser: Browser, asked: HttpResponse, *ticked: str) -> HttpResponse:
    """Press the button that allows, with these boxes ticked."""
    shown = browser.get(location(asked))
    decided = browser.post(location(asked), person=hidden(shown, "person"), decision="allow", scope=list(ticked))
    return browser.get(location(decided))


def boxes(shown: str) -> dict[str, bool]:
    """The boxes of a page, and which of them are ticked."""
    inputs = [tag.partition(">")[0] for tag in shown.split('<input type="checkbox" name="scope" value="')[1:]]
    return {tag.partition('"')[0]: tag.endswith(" checked") for tag in inputs}


def test_what_the_client_can_live_without_has_a_box_and_nothing_else(
    flexible: Party, browser: Browser, signed_in: LoginSession
) -> None:
    shown = page(browser.get(location(browser.authorize(flexible, scope=ASKED))))
    assert boxes(shown) == {"email": True, "offline_access": True}
    assert "Example works without it" in shown


def test_a_client_that_says_nothing_is_all_or_nothing(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    """Off by default; a form that names nothing takes nothing away."""
    asked = browser.authorize(app, scope="openid email")
    assert boxes(page(browser.get(location(asked)))) == {}
    assert exchange(app, answer(agree(browser, asked))["code"])["scope"] == "openid email"


def test_a_client_that_operators_vouch_for_promises_no_choice(
    make_client: Callable[..., Party], browser: Browser, signed_in: LoginSession
) -> None:
    """It is given everything without a question; a box on the page of prompt=consent would be ignored."""
    trusted = make_client(scope="openid email", optional_scopes="email", skip_authorization=True)
    asked = browser.authorize(trusted, scope="openid email", prompt="consent")
    shown = page(browser.get(location(asked)))
    assert boxes(shown) == {}
    assert "works without it" not in shown
    assert exchange(trusted, answer(agree(browser, asked))["code"])["scope"] == "openid email"
    assert Consent.objects.get().refused == ""


def test_the_granted_scope_is_told_and_is_all_that_the_tokens_are_good_for(
    flexible: Party, browser: Browser, signed_in: LoginSession
) -> None:
    """§5.1: ``scope`` is REQUIRED in the answer where it differs; no refresh token without offline_access (Core §11)."""
    told = exchange(flexible, answer(agree(browser, browser.authorize(flexible, scope=ASKED)))["code"])
    assert told["scope"] == "openid profile"
    assert "refresh_token" not in told
    assert (
        "email" not in browser.http.get("/oauth/userinfo", HTTP_AUTHORIZATION=f"Bearer {told['access_token']}").json()
    )


def test_a_claim_of_what_was_left_out_does_not_come_by_its_name(
    flexible: Party, browser: Browser, signed_in: LoginSession
) -> None:
    """OpenID Connect Core §5.5: the claims parameter is no way around the box."""
    wanted = '{"userinfo": {"email": {"essential": true}, "name": null}, "id_token": {"email": null, "name": null}}'
    asked = browser.authorize(flexible, scope="openid profile email", claims=wanted)
    told = exchange(flexible, answer(agree(browser, asked))["code"])
    said = browser.http.get("/oauth/userinfo", HTTP_AUTHORIZATION=f"Bearer {told['access_token']}").json()
    assert "email" not in said
    assert "email" not in claims_of(told)
    assert "name" in said


def test_what_was_left_out_is_remembered_and_asked_about_only_when_the_client_insists(
    flexible: Party, browser: Browser, signed_in: LoginSession
) -> None:
    """Core §3.1.2.1: prompt=consent asks; the box is not ticked then."""
    agree(browser, browser.authorize(flexible, scope=ASKED), "offline_access")
    assert Consent.objects.get().refused == "email"
    silent = browser.authorize(flexible, scope=ASKED, prompt="none")
    assert exchange(flexible, answer(silent)["code"])["scope"] == "openid profile offline_access"
    again = browser.authorize(flexible, scope=ASKED, prompt="consent")
    shown = page(browser.get(location(again)))
    assert boxes(shown) == {"email": False, "offline_access": True}
    assert "You left out" in shown
    told = exchange(flexible, answer(agree(browser, again, "email", "offline_access"))["code"])
    assert told["scope"] == ASKED
    assert Consent.objects.get().refused == ""


def test_who_unticks_what_they_allowed_takes_it_back_at_once(
    flexible: Party, browser: Browser, signed_in: LoginSession
) -> None:
    """What was issued with it is dead, and what stays allowed is remembered."""
    agree(browser, browser.authorize(flexible, scope="openid address"), "address")
    former = exchange(flexible, answer(browser.authorize(flexible, scope="openid address"))["code"])
    again = browser.authorize(flexible, scope="openid profile email", prompt="consent")
    agree(browser, again, "email")
    told = exchange(flexible, answer(browser.authorize(flexible, scope="openid email"))["code"])
    agree(browser, browser.authorize(flexible, scope="openid email", prompt="consent"))
    assert flexible.introspect(told["access_token"])["active"] is False
    assert flexible.introspect(former["access_token"])["active"] is False
    live = Consent.objects.get(revoked_at=None)
    assert (live.scope, live.refused) == ("address openid profile", "email")


def test_who_leaves_out_what_they_allowed_too_long_ago_takes_it_back_too(
    flexible: Party, browser: Browser, signed_in: LoginSession
) -> None:
    """The tokens outlive the memory of the yes; of an expired one nothing is allowed any more without being asked."""
    agree(browser, browser.authorize(flexible, scope="openid profile email"), "email")
    told = exchange(flexible, answer(browser.authorize(flexible, scope="openid email"))["code"])
    Consent.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert flexible.introspect(told["access_token"])["active"] is True
    agree(browser, browser.authorize(flexible, scope="openid email"))
    assert flexible.introspect(told["access_token"])["active"] is False
    live = Consent.objects.get(revoked_at=None)
    assert (live.scope, live.refused) == ("openid", "email")


def test_a_scope_that_the_client_cannot_do_without_any_more_is_asked_for_again(
    flexible: Party, browser: Browser, signed_in: LoginSession
) -> None:
    agree(browser, browser.authorize(flexible, scope="openid email"))
    assert "code" in answer(browser.authorize(flexible, scope="openid email", prompt="none"))
    Client.objects.update(metadata={})
    freshness.forget()
    registry.forget()
    assert answer(browser.authorize(flexible, scope="openid email", prompt="none"))["error"] == "consent_required"


def test_whoever_leaves_everything_out_denies(
    make_client: Callable[..., Party], browser: Browser, signed_in: LoginSession
) -> None:
    """§4.1.2.1: no token without a scope."""
    app = make_client(scope="profile email", optional_scopes="profile email")
    asked = browser.authorize(app, scope="profile email", nonce=None)
    shown = browser.get(location(asked))
    denied = browser.post(location(asked), person=hidden(shown, "person"), decision="allow")
    assert answer(denied)["error"] == "access_denied"
    assert not Consent.objects.exists()


def test_a_request_of_which_everything_was_left_out_is_asked_about_again(
    make_client: Callable[..., Party], browser: Browser, signed_in: LoginSession
) -> None:
    """§5.1: an answer without ``scope`` says that all was granted; Core §3.1.2.6: a silent request hears of it."""
    app = make_client(scope="profile email", optional_scopes="profile email")
    agree(browser, browser.authorize(app, scope="profile email", nonce=None), "profile")
    silent = browser.authorize(app, scope="email", nonce=None, prompt="none")
    assert answer(silent)["error"] == "consent_required"
    asked = browser.authorize(app, scope="email", nonce=None)
    assert boxes(page(browser.get(location(asked)))) == {"email": False}
    assert exchange(app, answer(agree(browser, asked, "email"))["code"])["scope"] == "email"


def test_new_and_old_are_told_apart(flexible: Party, browser: Browser, signed_in: LoginSession) -> None:
    """Core §3.1.2.4: what changes against last time is its own group, and comes first."""
    agree(browser, browser.authorize(flexible, scope="openid profile"))
    shown = page(browser.get(location(browser.authorize(flexible, scope="openid profile email"))))
    new, _, old = shown.partition("You already allowed")
    assert ">New<" in new
    assert "See your email address" in new
    assert "See your profile" in old


@pytest.mark.parametrize("given", ["openid email", 7, "a\nb"])
def test_openid_is_never_optional(registration_open: None, given: Any) -> None:
    """RFC 7591 §3.2.2: refused by its name."""
    refused = post({"redirect_uris": ["https://rp.example/cb"], "optional_scopes": given})
    assert refused.status_code == 400
    assert refused.json()["error_description"].startswith("optional_scopes")


def test_a_client_registers_what_it_can_live_without(registration_open: None) -> None:
    """RFC 7591 §3.2.1, RFC 7592 §2.1: told and kept."""
    told = post({"redirect_uris": ["https://rp.example/cb"], "optional_scopes": "email"}).json()
    assert told["optional_scopes"] == "email"
    assert manage("GET", told).json()["optional_scopes"] == "email"
